//! The arguments that say what is logged, and the log itself.

use std::fs::OpenOptions;
use std::io::stderr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{ArgAction, Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const LOG: &str = "Log";

#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// A file to log every exchange to, for support
    ///
    /// Lines are added to it.
    #[arg(long, value_name = "FILE", env = "SEATLOAD_LOG_FILE", help_heading = LOG, hide_env_values = true)]
    log_file: Option<PathBuf>,

    /// Log every exchange, to standard error if there is no --log-file; -vv also what was asked and answered. Never a
    /// secret
    #[arg(short, long, env = "SEATLOAD_VERBOSE", help_heading = LOG, hide_env_values = true, action = ArgAction::Count)]
    verbose: u8,

    /// How the log is written
    #[arg(long, value_name = "FORMAT", env = "SEATLOAD_LOG_FORMAT", help_heading = LOG, hide_env_values = true)]
    #[arg(value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// A line for each event, for people
    Text,
    /// A JSON object for each event
    Json,
}

impl LogArgs {
    /// Whether the log goes where progress is shown.
    pub fn is_on_screen(&self) -> bool {
        self.verbose > 0 && self.log_file.is_none()
    }

    /// Begins to log, if that was asked for.
    pub fn init(&self) -> anyhow::Result<()> {
        let level = match (self.verbose, &self.log_file) {
            (0, None) => return Ok(()),
            (0 | 1, _) => LevelFilter::INFO,
            (2.., _) => LevelFilter::DEBUG,
        };
        match &self.log_file {
            None => self.write_to(stderr, level),
            Some(path) => {
                let file = OpenOptions::new().append(true).create(true).open(path);
                let file = file.with_context(|| format!("cannot log to {}", path.display()))?;
                self.write_to(file, level);
            }
        }
        Ok(())
    }

    fn write_to<W>(&self, writer: W, level: LevelFilter)
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        // What the libraries log may hold headers, and so a token.
        let ours = Targets::new().with_target("seatload", level);
        let layer = fmt::layer().with_writer(writer).with_target(false);
        let layer = match self.log_format {
            LogFormat::Text => layer.with_ansi(false).boxed(),
            LogFormat::Json => layer.json().flatten_event(true).boxed(),
        };
        // Fails only where something logs already.
        let _ = tracing_subscriber::registry()
            .with(layer.with_filter(ours))
            .try_init();
    }
}
