//! `seatload resume`: goes on with a run.

use std::fs;
use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::departures::Departures;
use super::execute::{self, Begin, Ended, Ready, Records, Way};
use super::guide::{Example, Guide};
use super::read;
use super::run_args::{REQUESTS, RunArgs};
use super::settle::settle;
use super::sign_in;
use super::summary_args::{Printed, SummaryArgs};
use crate::dispatch;
use crate::exit_code::ExitCode;
use crate::input::{Fingerprint, Input};
use crate::plan::Proposal;
use crate::report::{
    Ahead, Journal, Progress, RunCounts, SUMMARY, Standing, counted, grouped, has_finished,
    not_before, remove_page,
};
use crate::run::{AsRead, RunFolder, RunRecord};
use crate::settings::{ProgressMode, RunSettings};

/// Go on with a run that stopped early or was killed
///
/// Sends the users that are not decided yet, and nobody else; the reports end as those of a run without a break.
/// The input must be the same as when the run began. Settings that are not given are those that the run began
/// with. A run that has finished is left as it is.
#[derive(Debug, Args)]
#[command(after_long_help = GUIDE.text(), args_override_self = true)]
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

pub const GUIDE: Guide = Guide {
    examples: &[
        Example {
            does: "Go on where a run stopped",
            lines: &["seatload resume seatload-onboarding-20261124-101500"],
        },
        Example {
            does: "Send those again who failed, now that there are seats",
            lines: &["seatload resume seatload-onboarding-20261124-101500 --retry-failed"],
        },
    ],
    codes: &ExitCode::MEANINGS,
};

/// Goes on with a run. An error means that nothing was sent.
pub fn resume(args: ResumeArgs) -> anyhow::Result<ExitCode> {
    let begin = Begin::now();
    RunRecord::look_for(&args.run_folder)?;
    let folder = RunFolder::open(&args.run_folder)?;
    let record = RunRecord::read(&folder)?;
    if has_finished(folder.path()) && !args.retry_failed {
        return nothing_to_do(&folder, args.summary.printed());
    }
    if let Some(until) = not_before(folder.path())
        && until > Timestamp::now() + dispatch::LONGEST_WAIT
    {
        bail!(
            "the service asked not to be called before {until:.0}\n  to do: go on after that, or import pending.csv if you know better"
        );
    }
    let printed = args.summary.printed();
    let settings = settings(args.run, &record)?;
    let mut progress = Progress::new(settings.progress);
    let connection = Connection::new(&settings)?;
    connection.sign_in(
        settings.requests.max_retries,
        &CancellationToken::new(),
        &progress,
    )?;
    let proposal = read_the_same(&record, folder.path(), &mut progress)?;
    let whom = match args.retry_failed {
        true => Whom::WithoutSuccess,
        false => Whom::Undecided,
    };
    let interrupt = execute::listen(&folder)?;
    let way = Way {
        connection: &connection,
        departures: &Departures::default(),
        interrupt: &interrupt,
    };
    let path = folder.path().to_owned();
    let begun = (begin, folder, &record);
    let ended = go_on(begun, &proposal, whom, settings, way, &mut progress)?;
    Ok(ended.conclude(&path, &record.reading, printed, &progress))
}

/// Who is sent again when a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Those who are neither a success nor failed.
    Undecided,
    /// Those who failed for want of an answer as well.
    Unanswered,
    /// All who failed as well.
    WithoutSuccess,
}

/// Takes a run from where it stands to its end. An error means that nothing was sent.
pub fn go_on(
    (begin, folder, record): (Begin, RunFolder, &RunRecord),
    proposal: &Proposal,
    whom: Whom,
    settings: RunSettings,
    way: Way<'_>,
    progress: &mut Progress,
) -> anyhow::Result<Ended> {
    let roster = &proposal.roster;
    let (mut journal, mut standing) = Journal::open(&folder, roster)?;
    // It may have been killed before that was done.
    settle(proposal, &mut journal, &mut standing)
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    let all = &roster.assignments;
    let ahead = Ahead::go_on(&folder, proposal, &standing, settings.sync)?;
    let settings = RunSettings {
        first: settings
            .first
            .or_else(|| first_left(record, proposal, &standing)),
        ..settings
    };
    let to_send: Vec<_> = match whom {
        Whom::WithoutSuccess => standing.without_success(all).collect(),
        Whom::Unanswered => standing.unanswered(all).collect(),
        Whom::Undecided => standing.pending(all).collect(),
    };
    let not_before = not_before(folder.path());
    // From here on they are out of date, and the journal alone tells.
    folder
        .remove(SUMMARY)
        .and_then(|()| Journal::remove_pending(&folder))
        .and_then(|()| remove_page(&folder))
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    progress.tell(&format!(
        "{}: {} of {} decided",
        folder.path().display(),
        grouped((roster.good - standing.pending(all).count()) as u64),
        counted(roster.good as u64, "user"),
    ));
    let input = record.input(folder.path());
    let ready = Ready {
        begin,
        input: &input,
        reading: &record.reading,
        batch_size: NonZeroUsize::new(record.batch_size).unwrap_or(NonZeroUsize::MIN),
        settings: &settings,
        way,
        folder,
        proposal,
        to_send,
        not_before,
    };
    let records = Records {
        journal,
        standing,
        ahead,
    };
    execute::execute(&ready, records, progress)
}

/// The settings that are given now, and else those that the run began with.
fn settings(args: RunArgs, record: &RunRecord) -> anyhow::Result<RunSettings> {
    args.begin_log()?;
    let given = args.into_settings(record.target.clone(), &record.requests)?;
    let settings = RunSettings {
        sign_in: sign_in::again(given.sign_in, &record.sign_in)?,
        network: given.network.or(&record.network),
        ..given
    };
    if settings.network.had_proxy_password {
        bail!(
            "the run went through a proxy with a password, which is not written down\n  to do: give the proxy by the variable SEATLOAD_PROXY"
        );
    }
    Ok(settings)
}

/// How many of the first users with which the run began are not done yet, if it was for a first few and any are left.
fn first_left(
    record: &RunRecord,
    proposal: &Proposal,
    standing: &Standing,
) -> Option<NonZeroUsize> {
    let users = proposal.to_send();
    let done = users.filter(|&user| !standing.is_pending(user)).count();
    NonZeroUsize::new(record.first?.get().saturating_sub(done))
}

/// Reads the input, which must be the one that the run began with.
pub fn read_the_same(
    record: &RunRecord,
    folder: &Path,
    progress: &mut Progress,
) -> anyhow::Result<Proposal> {
    let input = record.input(folder);
    let read = read::read_beside(&record.reading)
        .and_then(|beside| read::read_to_send(input.open()?, &record.reading, beside, progress));
    match read {
        Ok((read, as_read)) => {
            record.check(&input, &as_read)?;
            Ok(read.propose(&record.reading, record.seats.clone()))
        }
        Err(error) => {
            // If a file is another than it was, then that is what to say.
            let fingerprint = |input: &Input| {
                let read = Fingerprint::of(input.open()?.reader);
                read.with_context(|| format!("cannot read {input}"))
            };
            let beside = |path: Option<&PathBuf>| {
                let path = path.cloned();
                path.and_then(|path| fingerprint(&Input::Path(path)).ok())
            };
            let current = record.reading.current.as_ref();
            let now = AsRead {
                input: fingerprint(&input)?,
                directory: beside(record.reading.directory.as_ref()),
                current: beside(current.map(|current| &current.path)),
            };
            record.check(&input, &now)?;
            Err(error)
        }
    }
}

fn nothing_to_do(folder: &RunFolder, printed: Printed) -> anyhow::Result<ExitCode> {
    let progress = Progress::new(ProgressMode::None);
    progress.say(&format!(
        "the run in {} has finished: there is nothing to go on with (--retry-failed sends failed users again)",
        folder.path().display()
    ));
    if printed == Printed::AsJson {
        let path = folder.path().join(SUMMARY);
        let summary = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // Whoever closed standard output does not want to see it.
        let _ = stdout().write_all(&summary);
    }
    let counts = RunCounts::read(folder.path());
    Ok(
        match counts.is_some_and(|counts| !counts.failures.is_empty()) {
            true => ExitCode::SomeFailed,
            false => ExitCode::AllSucceeded,
        },
    )
}
