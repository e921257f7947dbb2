//! `seatload watch`: imports what is dropped in a folder.

mod attempt;
mod on_done;
mod poller;
mod run_state;
mod watcher;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use crate::args::examples::{Example, HelpExamples};
use crate::args::settings::SettingsArgs;
use crate::exit_code::ExitCode;
use crate::hint::Failure;
use crate::humanize::duration;
use crate::input::Input;
use crate::settings::{ImportSettings, Interactivity, ProgressMode, ResumeInput};
use watcher::Watcher;

/// Import files that are dropped into a folder
///
/// Imports each CSV or Excel workbook as `seatload import` does, one at a time, in order of arrival. A file moves to
/// FOLDER/working, and in the end with its reports to FOLDER/done; to FOLDER/attention with a note if anything failed;
/// or to FOLDER/duplicates if its content was imported before. After a stop, a crash or a reboot, the file in
/// FOLDER/working is resumed first.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
#[command(mut_arg("report_dir", |arg| arg.hide(true)))]
pub struct WatchArgs {
    /// The folder
    folder: PathBuf,

    /// Import the files that are there, and exit: for cron
    #[arg(long)]
    once: bool,

    /// Wait until a file is unchanged for TIME
    #[arg(long, value_name = "TIME")]
    #[arg(value_parser = duration::parse_allow_zero, default_value = "5s")]
    settle: Duration,

    /// Program to run after each file, given its folder
    #[arg(long, value_name = "PROGRAM")]
    on_done: Option<PathBuf>,

    #[command(flatten)]
    settings: SettingsArgs,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Try it without the service, then drop a file there",
            lines: &["mkdir drop", "seatload watch drop --sandbox"],
        },
        Example {
            title: "With the settings of a profile, as a service or from cron",
            lines: &[
                "seatload watch /srv/licences --profile prod --log-file /var/log/seatload.log",
                "seatload watch /srv/licences --profile prod --once",
            ],
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
            "with --once: stopped early; the next start resumes it",
        ),
        (
            ExitCode::Interrupted,
            "interrupted; the next start resumes it",
        ),
    ],
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WatchMode {
    /// Until a signal.
    Continuous,
    /// Until no file is left.
    Once,
}

/// Watches a folder. An error means that nothing was sent.
pub fn watch(args: WatchArgs) -> anyhow::Result<ExitCode> {
    args.settings.init_logging()?;
    let folder = std::path::absolute(&args.folder)
        .with_context(|| format!("cannot use {}", args.folder.display()))?;
    // An error in the flags is reported at the start, not with the first file.
    let settings = file_settings(&args.settings, folder.clone())?;
    if settings.report_dir.is_some() {
        bail!(
            Failure::new(
                "--report-dir is for a single import: a watch puts the reports beside each file"
            )
            .hint("remove --report-dir")
        );
    }
    Watcher::open(args, &folder, &settings)?.run()
}

/// The settings for one file. Reads the file of seats again, since it may have changed.
fn file_settings(args: &SettingsArgs, input: PathBuf) -> anyhow::Result<ImportSettings> {
    let settings = args.clone().into_import_settings(Input::Path(input))?;
    let mut run = settings.run;
    if run.progress == ProgressMode::Auto {
        // Bars of one file after another with lines in between are hard to read.
        run.progress = ProgressMode::Plain;
    }
    Ok(ImportSettings {
        interactivity: Interactivity::Nobody,
        resume_input: ResumeInput::BesideRun,
        run,
        ..settings
    })
}
