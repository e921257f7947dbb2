//! `seatload watch`: imports what is dropped in a folder.

mod attempt;
mod on_done;
mod poller;
mod run_state;
mod watcher;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use crate::args::examples::{Example, HelpExamples};
use crate::args::import::SettingsArgs;
use crate::exit_code::ExitCode;
use crate::humanize::duration;
use crate::settings::{ImportSettings, Interactivity, ProgressMode, ResumeInput};
use watcher::Watcher;

const WATCH: &str = "Watch";

/// Import what is dropped in a folder
///
/// Takes each CSV or Excel workbook, plain or compressed, in the order in which they arrive and one at a time, and imports
/// it as `seatload import` does with the same flags. A file is moved to FOLDER/working, and when it is done with, in a
/// folder of its own with its reports, to FOLDER/done, to FOLDER/attention with a note if anything failed, or to
/// FOLDER/duplicates if its content was imported before. Started again after a stop, a crash or a reboot, it first goes on
/// with what stands in FOLDER/working.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
#[command(mut_arg("report_dir", |arg| arg.hide(true)))]
pub struct WatchArgs {
    /// The folder
    folder: PathBuf,

    /// Take a file unchanged for so long
    ///
    /// One that is renamed when it is complete is taken sooner.
    #[arg(long, value_name = "TIME", env = "SEATLOAD_SETTLE", help_heading = WATCH, hide_env_values = true)]
    #[arg(value_parser = duration::parse_allow_zero, default_value = "5s")]
    settle: Duration,

    /// Import what is there, and end: for cron
    #[arg(long, env = "SEATLOAD_ONCE", help_heading = WATCH, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    once: bool,

    /// A program to run when a file is done with
    ///
    /// It runs without a shell; its argument is the run folder, or the file's folder where no run has begun.
    #[arg(long, value_name = "PROGRAM", env = "SEATLOAD_ON_DONE", help_heading = WATCH, hide_env_values = true)]
    on_done: Option<PathBuf>,

    #[command(flatten)]
    settings: SettingsArgs,
}

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Try it, without the service, and then drop a file there",
            lines: &["mkdir drop && seatload watch drop --sandbox"],
        },
        Example {
            title: "For real, with the settings of a profile",
            lines: &[
                "seatload watch /srv/licences --profile prod \\",
                "  --log-file /var/log/seatload.log",
            ],
        },
        Example {
            title: "From cron",
            lines: &["seatload watch /srv/licences --profile prod --once"],
        },
    ],
    exit_codes: &[
        (
            ExitCode::AllSucceeded,
            "ended by a signal while idle; with --once: every user succeeded",
        ),
        (ExitCode::SomeFailed, "with --once: a file needs attention"),
        (
            ExitCode::NothingSent,
            "bad usage or configuration, or an unusable folder: nothing was sent",
        ),
        (
            ExitCode::Stopped,
            "with --once: trouble; what is in FOLDER/working goes on next time",
        ),
        (
            ExitCode::Interrupted,
            "interrupted: what is in FOLDER/working goes on next time",
        ),
    ],
};

/// When a watch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WatchMode {
    /// When a signal comes.
    Continuous,
    /// When nothing is left.
    Once,
}

/// Watches a folder. An error means that nothing was sent.
pub fn watch(args: WatchArgs) -> anyhow::Result<ExitCode> {
    args.settings.init_logging()?;
    let folder = std::path::absolute(&args.folder)
        .with_context(|| format!("cannot use {}", args.folder.display()))?;
    // What is wrong with the flags is told before anything else; no file matters for that.
    let found_sound = settings(&args.settings, folder.clone())?;
    if found_sound.report_dir.is_some() {
        bail!(
            "--report-dir is for a single import: a watch puts the reports beside each file\n  hint: take it away"
        );
    }
    Watcher::open(args, &folder, &found_sound)?.run()
}

/// The settings for one file. Files that they name are read anew.
fn settings(args: &SettingsArgs, input: PathBuf) -> anyhow::Result<ImportSettings> {
    let settings = args.clone().into_import_settings(input)?;
    let mut run = settings.run;
    if run.progress == ProgressMode::Auto {
        // Bars of one file after another, and lines between them, are hard to read.
        run.progress = ProgressMode::Plain;
    }
    Ok(ImportSettings {
        asking: Interactivity::Nobody,
        later: ResumeInput::BesideRun,
        run,
        ..settings
    })
}
