//! The flags of the log, and the log itself.

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

use crate::args::whole_number::from_zero;

pub const PROGRESS_AND_LOG: &str = "Progress and log";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = PROGRESS_AND_LOG)]
pub struct LogArgs {
    /// Append a log of all exchanges, without secrets
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,

    /// Log to standard error; -vv also logs what is sent and received
    #[arg(short, long, hide_short_help = true, action = ArgAction::Count)]
    #[arg(value_parser = from_zero::<u8>)]
    verbose: u8,

    /// `text`, or `json`: an object for each event
    #[arg(long, value_name = "FORMAT", hide_short_help = true)]
    #[arg(value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl LogArgs {
    /// Whether the log goes where progress is shown.
    pub fn is_on_screen(&self) -> bool {
        self.verbose > 0 && self.log_file.is_none()
    }

    /// Starts the log, if a flag asks for one.
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
        // Libraries may log headers, and so a token.
        let ours = Targets::new().with_target("seatload", level);
        let layer = fmt::layer().with_writer(writer).with_target(false);
        let layer = match self.log_format {
            LogFormat::Text => layer.with_ansi(false).boxed(),
            LogFormat::Json => layer.json().flatten_event(true).boxed(),
        };
        // Fails only where a log has started already.
        let _ = tracing_subscriber::registry()
            .with(layer.with_filter(ours))
            .try_init();
    }
}
