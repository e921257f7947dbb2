//! `seatload resume`: goes on with a run.

use std::fs;
use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::args::examples::{Example, HelpExamples};
use crate::args::run::{REQUESTS, RunArgs};
use crate::args::summary::{SummaryArgs, SummaryFormat};
use crate::dispatch;
use crate::exit_code::ExitCode;
use crate::import::connection::Connection;
use crate::import::execute::{self, Session, StartTime};
use crate::import::resume::{ResumeScope, reload_input, resume_run};
use crate::import::send_times::SendTimes;
use crate::import::sign_in;
use crate::report::Progress;
use crate::run::{RunFolder, RunManifest};
use crate::run::{SUMMARY, SavedSummary};
use crate::settings::{ProgressMode, RunSettings};

/// Go on with a run that stopped early or was killed
///
/// Sends the users that are not decided yet, and nobody else; the reports end as those of a run without a break.
/// The input must be the same as when the run began. Settings that are not given are those that the run began
/// with. A run that has finished is left as it is.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct ResumeArgs {
    /// The run's folder
    run_folder: PathBuf,

    /// Send failed users again too, except those with bad rows
    #[arg(long, env = "SEATLOAD_RETRY_FAILED", help_heading = REQUESTS, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    retry_failed: bool,

    #[command(flatten)]
    run: RunArgs,

    #[command(flatten)]
    summary: SummaryArgs,
}

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Go on where a run stopped",
            lines: &["seatload resume seatload-onboarding-20261124-101500"],
        },
        Example {
            title: "Send those again who failed, now that there are seats",
            lines: &["seatload resume seatload-onboarding-20261124-101500 --retry-failed"],
        },
    ],
    exit_codes: &ExitCode::MEANINGS,
};

/// Goes on with a run. An error means that nothing was sent.
pub fn resume(args: ResumeArgs) -> anyhow::Result<ExitCode> {
    let begin = StartTime::now();
    RunManifest::require(&args.run_folder)?;
    let folder = RunFolder::open(&args.run_folder)?;
    let record = RunManifest::read(&folder)?;
    let saved = SavedSummary::read(folder.path());
    if saved.is_finished && !args.retry_failed {
        return report_already_finished(&folder, &saved, args.summary.summary_format());
    }
    if let Some(until) = saved.not_before
        && until > Timestamp::now() + dispatch::MAX_RETRY_AFTER
    {
        bail!(
            "the service asked not to be called before {until:.0}\n  hint: go on after that, or import pending.csv if you know better"
        );
    }
    let printed = args.summary.summary_format();
    let settings = settings(args.run, &record)?;
    let mut progress = Progress::new(settings.progress);
    let connection = Connection::new(&settings)?;
    connection.sign_in(
        settings.requests.max_retries,
        &CancellationToken::new(),
        &progress,
    )?;
    let proposal = reload_input(&record, folder.path(), &mut progress)?;
    let whom = match args.retry_failed {
        true => ResumeScope::AllUnsuccessful,
        false => ResumeScope::Pending,
    };
    let interrupt = execute::listen(&folder)?;
    let way = Session {
        connection: &connection,
        departures: &SendTimes::default(),
        interrupt: &interrupt,
    };
    let path = folder.path().to_owned();
    let begun = (begin, folder, &record);
    let ended = resume_run(begun, &proposal, whom, settings, way, &mut progress)?;
    Ok(ended.print_result(&path, &record.reading, printed, &progress))
}

/// The settings that are given now, and else those that the run began with.
fn settings(args: RunArgs, record: &RunManifest) -> anyhow::Result<RunSettings> {
    args.init_logging()?;
    let given = args.into_settings(record.target.clone(), &record.requests)?;
    let settings = RunSettings {
        sign_in: sign_in::merge_with_recorded(given.sign_in, &record.sign_in)?,
        network: given.network.with_fallback(&record.network),
        ..given
    };
    if settings.network.had_proxy_password {
        bail!(
            "the run went through a proxy with a password, which is not written down\n  hint: give the proxy by the variable SEATLOAD_PROXY"
        );
    }
    Ok(settings)
}

fn report_already_finished(
    folder: &RunFolder,
    saved: &SavedSummary,
    printed: SummaryFormat,
) -> anyhow::Result<ExitCode> {
    let progress = Progress::new(ProgressMode::None);
    progress.message(&format!(
        "the run in {} has finished: there is nothing to go on with (--retry-failed sends failed users again)",
        folder.path().display()
    ));
    if printed == SummaryFormat::Json {
        let path = folder.path().join(SUMMARY);
        let summary = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // Whoever closed standard output does not want to see it.
        let _ = stdout().write_all(&summary);
    }
    Ok(
        match saved
            .counts
            .as_ref()
            .is_some_and(|counts| !counts.failures.is_empty())
        {
            true => ExitCode::SomeFailed,
            false => ExitCode::AllSucceeded,
        },
    )
}
