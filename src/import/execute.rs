//! From a roster and a journal to the end of the run: what beginning a run and going on with it share.

use std::collections::HashSet;
use std::io::{self, Write, stdout};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use console::Term;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::api::Service;
use crate::args::summary::SummaryFormat;
use crate::dispatch;
use crate::event::StopReason;
use crate::exit_code::ExitCode;
use crate::humanize::count_of;
use crate::import::connection::Connection;
use crate::import::finish::{FinalReports, RunTotals, finish, summary};
use crate::import::recorder::{RecordedRun, Recorder};
use crate::import::send_times::{SendTimes, TrackedService};
use crate::import::write_ahead_gate::WriteAheadGate;
use crate::input::Input;
use crate::plan::{Plan, PlannedChanges};
use crate::rate::Rate;
use crate::report::{Progress, REPORT, SummaryTable, print_final, summary_table};
use crate::roster::UserIndex;
use crate::run::RunFolder;
use crate::run::{Journal, Summary, Undo, UserStates, WriteAheadLog};
use crate::sanitize::shell_quote;
use crate::settings::{InputSettings, RunSettings};
use crate::signals;

/// How many moments' events may be under way between dispatch and the recorder.
const CHANNEL: usize = 64;

/// When this part of a run began.
pub struct StartTime {
    pub at: Timestamp,
    pub clock: Instant,
}

impl StartTime {
    pub fn now() -> Self {
        Self {
            at: Timestamp::now(),
            clock: Instant::now(),
        }
    }
}

/// The way to the service, and what runs on it have in common.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub connection: &'a Connection,
    /// What earlier runs have sent, and where each adds to.
    pub departures: &'a SendTimes,
    /// Cancelled when the run is to stop.
    pub interrupt: &'a CancellationToken,
}

/// A run of which everything is ready.
pub struct PreparedRun<'a> {
    pub begin: StartTime,
    pub input: &'a Input,
    pub reading: &'a InputSettings,
    pub batch_size: NonZeroUsize,
    pub settings: &'a RunSettings,
    pub way: Session<'a>,
    pub folder: RunFolder,
    pub proposal: &'a PlannedChanges,
    /// Who is to be sent, in the order in which they are to be served.
    pub to_send: Vec<UserIndex>,
    /// Before when the service does not want to be asked, as it said to an earlier part of the run.
    pub not_before: Option<Timestamp>,
}

impl PreparedRun<'_> {
    /// Who is to be sent for now.
    pub fn users_to_send(&self) -> &[UserIndex] {
        let first = self.settings.first.map_or(usize::MAX, NonZeroUsize::get);
        &self.to_send[..first.min(self.to_send.len())]
    }
}

/// The records of a run, open.
pub struct RunFiles<'a> {
    pub journal: Journal,
    pub standing: UserStates,
    pub ahead: WriteAheadLog<'a>,
}

/// How a run ended, or a part of it.
pub struct RunResult {
    /// Why it stopped early, if it did.
    pub stop: Option<StopReason>,
    summary: Summary,
    /// None if the reports could not be written.
    finished: Option<FinalReports>,
    /// Failed users who were not tried again, as `--first` asks.
    untried: u64,
}

/// Sends whoever is to be sent, and writes the reports. An error means that nothing was sent.
pub fn execute(
    ready: &PreparedRun<'_>,
    records: RunFiles<'_>,
    progress: &mut Progress,
) -> anyhow::Result<RunResult> {
    let SendResult {
        stop,
        requests,
        recorded,
        undo,
        error,
    } = send(ready, records, progress)?;
    let folder = &ready.folder;
    let pending = recorded
        .standing
        .pending(&ready.proposal.roster.assignments)
        .count() as u64;
    if let Some(error) = &error {
        progress.message(&cannot_write(folder, error));
    }
    let stop = match (error, stop) {
        (Some(_), _) => Some(StopReason::CannotWriteReports),
        // What stopped the run did so when nothing was left to do.
        (None, Some(stop)) if pending == 0 => {
            progress.stopped(&stop);
            None
        }
        (None, None) if pending > 0 => Some(StopReason::FirstUsersDone),
        (None, stop) => stop,
    };
    let span = (ready.begin.at, Timestamp::now());
    let summary = summary(ready, &recorded, stop.as_ref(), span);
    let end = RunTotals {
        summary: &summary,
        stop: stop.as_ref(),
        requests,
        span,
    };
    let (stop, finished) = match finish(ready, recorded, undo, &end) {
        Ok(finished) => (stop, Some(finished)),
        // It has been said already.
        Err(_) if stop == Some(StopReason::CannotWriteReports) => (stop, None),
        Err(error) => {
            progress.message(&cannot_write(folder, &error));
            (Some(stop.unwrap_or(StopReason::CannotWriteReports)), None)
        }
    };
    Ok(RunResult {
        finished,
        untried: match stop {
            None => (ready.to_send.len() - ready.users_to_send().len()) as u64,
            Some(_) => 0,
        },
        stop,
        summary,
    })
}

/// What came of sending.
struct SendResult<'a> {
    stop: Option<StopReason>,
    requests: usize,
    recorded: RecordedRun,
    undo: Option<Undo<'a>>,
    /// Why something could not be recorded, if so.
    error: Option<io::Error>,
}

/// Sends whoever is to be sent now, and records what becomes of them.
fn send<'a>(
    ready: &PreparedRun<'_>,
    records: RunFiles<'a>,
    progress: &mut Progress,
) -> anyhow::Result<SendResult<'a>> {
    let RunFiles {
        journal,
        standing,
        ahead,
    } = records;
    let Session {
        connection,
        departures,
        interrupt,
    } = ready.way;
    let all = &ready.proposal.roster.assignments;
    let users = ready.users_to_send();
    let plan = Plan::new(all, users.iter().copied(), ready.batch_size);
    let policy = policy(
        ready,
        ahead.possibly_applied(&standing),
        standing.has_confirmed(),
    );
    progress.info(&format!(
        "{} to send in {} to {}, at most {}",
        count_of(users.len() as u64, "user"),
        count_of(plan.batches().len() as u64, "request"),
        connection.endpoint.host(),
        policy.rate,
    ));
    progress.start_sending(users.len() as u64, connection.endpoint.address_hint());
    let ahead = Mutex::new(ahead);
    let write_ahead = WriteAheadGate::new(&ahead, &ready.folder);
    let service = TrackedService {
        service: &connection.client,
        departures,
        window: tracking_period(policy.rate),
    };
    let recorder = Recorder::new(
        all,
        (journal, standing, &ahead),
        users.len(),
        ready.settings.sync,
        progress,
        interrupt.clone(),
        &ready.folder,
    );
    let (stop, mut recorded) =
        dispatch_and_record(ready, (&plan, &policy), (&service, &write_ahead), recorder)?;
    let not_ahead = write_ahead.into_error();
    let ahead = ahead.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(SendResult {
        stop,
        requests: plan.batches().len(),
        undo: ahead.into_undo(),
        error: recorded.error.take().or(not_ahead),
        recorded,
    })
}

/// Dispatches on the runtime, and records on a thread of its own.
fn dispatch_and_record(
    ready: &PreparedRun<'_>,
    (plan, policy): (&Plan, &dispatch::Policy),
    (service, write_ahead): (&impl Service, &WriteAheadGate<'_, '_>),
    recorder: Recorder<'_, '_>,
) -> anyhow::Result<(Option<StopReason>, RecordedRun)> {
    let (all, way) = (&ready.proposal.roster.assignments, ready.way);
    let runtime = &way.connection.runtime;
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel(CHANNEL);
        let recorder = thread::Builder::new()
            .name("records".to_owned())
            .spawn_scoped(scope, || recorder.run(receiver, runtime.handle()))
            .context("cannot start a thread to record on; nothing was sent")?;
        let may_leave = |users: &[UserIndex]| write_ahead.log_before_send(users);
        let dispatch = dispatch::run(service, may_leave, all, plan, policy, way.interrupt, sender);
        let stop = runtime.block_on(dispatch);
        let recorded = recorder.join();
        let recorded = recorded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((stop, recorded))
    })
}

/// How long what has left may count: the rate's window and something more, which the window itself drops.
fn tracking_period(rate: Rate) -> Duration {
    rate.window * 2
}

/// How dispatch goes about it. `has_succeeded` says whether an earlier part of the run had a success.
fn policy(
    ready: &PreparedRun<'_>,
    maybe_applied: HashSet<UserIndex>,
    has_succeeded: bool,
) -> dispatch::Policy {
    let requests = &ready.settings.requests;
    let held_for = ready
        .not_before
        .map(|until| until.duration_since(Timestamp::now()));
    let quiet_for = [
        ready.folder.since_last_heartbeat(),
        ready.way.departures.since_last_heartbeat(),
    ];
    dispatch::Policy {
        rate: requests.rate,
        burst: requests.burst,
        concurrency: requests.concurrency,
        max_retries: requests.max_retries,
        keep_trying: requests.keep_trying,
        in_order: requests.in_order,
        has_succeeded,
        maybe_applied,
        since_last_heartbeat: quiet_for.into_iter().flatten().min(),
        initial_cooldown: held_for.and_then(|wait| Duration::try_from(wait).ok()),
        earlier_sends: ready.way.departures.recent(tracking_period(requests.rate)),
        seed: fastrand::u64(..),
    }
}

impl RunResult {
    /// Says how the run ended, who was left out on purpose, and how to go back.
    pub fn print_result(
        &self,
        folder: &Path,
        reading: &InputSettings,
        printed: SummaryFormat,
        progress: &Progress,
    ) -> ExitCode {
        let summary = match printed {
            SummaryFormat::Table => self.table(folder),
            SummaryFormat::Json => self.summary.json(),
        };
        // Whoever closed standard output does not want to see it.
        let _ = stdout().write_all(summary.as_bytes());
        if let Some(stop) = &self.stop {
            progress.stopped(stop);
            progress.message_unwrapped(&go_on_with(folder));
        }
        if self.untried > 0 {
            progress.info(&format!(
                "{} not tried again, as --first asks",
                count_of(self.untried, "user")
            ));
        }
        let way_back = self.finished.as_ref().and_then(|end| end.way_back.as_ref());
        if let Some(way_back) = way_back.filter(|way_back| !way_back.is_empty()) {
            progress.info(&way_back.text(folder, &reading.allowed_codes));
        }
        progress.end(folder, self.exit_code());
        self.exit_code()
    }

    fn table(&self, folder: &Path) -> String {
        // An earlier part's page has been taken away, so this is the page of this part.
        let page = Some(folder.join(REPORT)).filter(|page| page.exists());
        summary_table(&SummaryTable {
            summary: &self.summary,
            headline: self.finished.as_ref().map(|end| end.sentence.as_str()),
            reports: folder,
            page: page.as_deref(),
            columns: Term::stdout().size_checked().map(|(_, columns)| columns),
        })
    }

    fn exit_code(&self) -> ExitCode {
        match self.stop {
            Some(StopReason::Interrupted) => ExitCode::Interrupted,
            Some(_) => ExitCode::Stopped,
            None if self.summary.has_failures() => ExitCode::SomeFailed,
            None => ExitCode::AllSucceeded,
        }
    }
}

/// Listens for the signals that end a run in this folder.
pub fn listen(folder: &RunFolder) -> anyhow::Result<CancellationToken> {
    let interrupt = CancellationToken::new();
    let go_on = go_on_with(folder.path());
    signals::install(interrupt.clone(), move || print_final(&go_on))
        .context("cannot listen for signals")?;
    Ok(interrupt)
}

fn go_on_with(folder: &Path) -> String {
    format!("go on with: {}", go_on_command(folder))
}

pub fn go_on_command(folder: &Path) -> String {
    format!("seatload resume {}", shell_quote(folder))
}

fn cannot_write(folder: &RunFolder, error: &io::Error) -> String {
    format!(
        "error: cannot write to {}: {error}",
        folder.path().display()
    )
}
