//! `seatload resume`: resumes a run.

use std::ffi::OsString;
use std::fs;
use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::args::examples::{Example, HelpExamples};
use crate::args::run::RunArgs;
use crate::args::sign_in::SignInArgs;
use crate::args::summary::SummaryArgs;
use crate::exit_code::ExitCode;
use crate::hint::Failure;
use crate::import::connection::Connection;
use crate::import::context::{Session, StartTime, exit_on_signal, interrupt_on_signal};
use crate::import::resume::{ResumeScope, StoppedRun, reload_input, resume_run};
use crate::import::sandbox_state::SANDBOX_STATE;
use crate::import::send_times::SendTimes;
use crate::import::sign_in::merge_with_recorded;
use crate::pacing::MAX_RETRY_AFTER;
use crate::report::Progress;
use crate::run::{RunFolder, RunManifest, UnstartedRun};
use crate::run::{SUMMARY, SavedSummary};
use crate::settings::{ProgressMode, RunSettings, SummaryFormat};

/// Resume a run that stopped early or was killed
///
/// Sends only users whose outcome is open; the reports are then those of an uninterrupted run. The input must be
/// unchanged. Settings that are not given are those that the run started with. A finished run stays as it is.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct ResumeArgs {
    /// Folder of the run
    run_folder: PathBuf,

    /// Send failed users again too, except those with bad rows
    #[arg(long)]
    retry_failed: bool,

    #[command(flatten)]
    summary: SummaryArgs,

    #[command(flatten)]
    sign_in: SignInArgs,

    #[command(flatten)]
    run: RunArgs,
}

const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Resume a run where it stopped",
            lines: &["seatload resume seatload-onboarding-20261124-101500"],
        },
        Example {
            title: "Send failed users again, now that there are seats",
            lines: &["seatload resume seatload-onboarding-20261124-101500 --retry-failed"],
        },
    ],
    exit_codes: &ExitCode::MEANINGS,
};

/// Resumes a run. An error means that nothing was sent.
pub fn resume(args: ResumeArgs) -> anyhow::Result<ExitCode> {
    let start = StartTime::now();
    let format = args.summary.summary_format();
    RunManifest::require(&args.run_folder)?;
    let folder = RunFolder::open(&args.run_folder)?;
    let manifest = &RunManifest::read(&folder)?;
    let saved = SavedSummary::read(folder.path());
    if saved.is_finished && !args.retry_failed {
        return report_already_finished(&folder, &saved, format);
    }
    reject_long_wait(&saved)?;

    let settings = settings(args.run, args.sign_in, manifest)?;
    let mut progress = Progress::new(settings.progress);
    let connection = Connection::new(&settings, Some(&folder.path().join(SANDBOX_STATE)))?;
    let before_start = exit_on_signal()?;
    let retries = settings.requests.max_retries;
    let located = connection.sign_in(retries, &CancellationToken::new(), &progress)?;
    let changes = &reload_input(manifest, folder.path(), &mut progress)?;
    let session = Session {
        connection: &connection,
        located,
        send_times: &SendTimes::default(),
        interrupt: &interrupt_on_signal(folder.path())?,
    };
    let scope = if args.retry_failed {
        ResumeScope::AllUnsuccessful
    } else {
        ResumeScope::Pending
    };
    drop(before_start);
    let stopped = StoppedRun {
        start,
        folder,
        manifest,
        changes,
    };
    let result = resume_run(stopped, scope, settings, session, &mut progress)?;
    Ok(result.print(format, &progress))
}

/// The command line that starts a run again which was killed before it had begun. Then nothing was sent.
pub fn unstarted(args: &ResumeArgs) -> anyhow::Result<Option<Vec<OsString>>> {
    let Some(start) = UnstartedRun::read(&args.run_folder) else {
        return Ok(None);
    };
    let folder = std::path::absolute(&args.run_folder)?;
    // The folder may be one that others write to: it does not choose the configuration file of another folder.
    if std::env::current_dir()? != start.current_folder {
        let there = start.current_folder.display();
        bail!(
            Failure::new("the run was killed before it had begun; nothing was sent").hint(format!(
                "import again, or resume in the folder of the import: {there}"
            ))
        );
    }
    let mut arguments: Vec<OsString> = start.arguments.into_iter().map(Into::into).collect();
    arguments.extend(["--report-dir".into(), folder.into()]);
    Ok(Some(arguments))
}

/// A wait that dispatch would not wait for is an error.
fn reject_long_wait(saved: &SavedSummary) -> anyhow::Result<()> {
    let longest = Timestamp::now() + MAX_RETRY_AFTER;
    if let Some(until) = saved.not_before.filter(|until| *until > longest) {
        bail!(
            Failure::new(format!("the service accepts no requests before {until:.0}"))
                .hint("resume after that; to override it, import pending.csv")
        );
    }
    Ok(())
}

/// The settings that are given now, and else those that the run started with.
fn settings(
    args: RunArgs,
    sign_in: SignInArgs,
    manifest: &RunManifest,
) -> anyhow::Result<RunSettings> {
    args.log.init()?;
    let sign_in = merge_with_recorded(sign_in.into_settings(), &manifest.sign_in)?;
    let settings = args.into_settings(manifest.target.clone(), sign_in, &manifest.requests)?;
    let settings = RunSettings {
        network: settings.network.with_fallback(&manifest.network),
        ..settings
    };
    if settings.network.had_proxy_password {
        bail!(
            Failure::new("the run used a proxy with a password, which is not recorded")
                .hint("set the proxy in the variable SEATLOAD_PROXY")
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
        "the run in {} has finished: nothing to resume (--retry-failed sends failed users again)",
        folder.path().display()
    ));
    if printed == SummaryFormat::Json {
        let path = folder.path().join(SUMMARY);
        let summary = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // A closed standard output is ignored.
        let _ = stdout().write_all(&summary);
    }
    let counts = saved.counts.as_ref();
    let has_failures = counts.is_some_and(|counts| !counts.failures.is_empty());
    Ok(if has_failures {
        ExitCode::SomeFailed
    } else {
        ExitCode::AllSucceeded
    })
}
