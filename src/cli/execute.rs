//! From a roster and a journal to the end of the run: what beginning a run and going on with it share.

use std::collections::HashSet;
use std::io::{self, Write, stdout};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::write_ahead::WriteAhead;
use crate::dispatch;
use crate::event::Stop;
use crate::exit_code::ExitCode;
use crate::input::Input;
use crate::plan::{Plan, Proposal};
use crate::report::{
    About, Ahead, Journal, Progress, Recorded, Recorder, SUMMARY, Standing, Summary, Undo, WayBack,
    counted, table,
};
use crate::roster::UserIx;
use crate::run::{self, RunFolder};
use crate::settings::{Reading, RunSettings, Target};

/// Events under way between dispatch and the recorder.
const CHANNEL: usize = 64;

/// When this part of a run began.
pub(super) struct Begin {
    at: Timestamp,
    clock: Instant,
}

impl Begin {
    pub(super) fn now() -> Self {
        Self {
            at: Timestamp::now(),
            clock: Instant::now(),
        }
    }
}

/// A run of which everything is ready.
pub(super) struct Ready<'a> {
    pub(super) begin: Begin,
    pub(super) input: &'a Input,
    pub(super) reading: &'a Reading,
    pub(super) batch_size: NonZeroUsize,
    pub(super) settings: &'a RunSettings,
    pub(super) connection: Connection,
    pub(super) folder: RunFolder,
    pub(super) proposal: &'a Proposal,
    /// Who is to be sent, in the order in which they are to be served.
    pub(super) to_send: Vec<UserIx>,
}

impl Ready<'_> {
    /// Who is to be sent for now.
    fn now(&self) -> &[UserIx] {
        let first = self.settings.first.map_or(usize::MAX, NonZeroUsize::get);
        &self.to_send[..first.min(self.to_send.len())]
    }
}

/// The records of a run, open.
pub(super) struct Records<'a> {
    pub(super) journal: Journal,
    pub(super) standing: Standing,
    pub(super) ahead: Ahead<'a>,
}

/// Sends whoever is to be sent, and writes the reports. An error means that nothing was sent.
pub(super) fn execute(
    ready: &Ready<'_>,
    records: Records<'_>,
    mut progress: Progress,
) -> anyhow::Result<ExitCode> {
    let Sent {
        stop,
        recorded,
        undo,
        error,
    } = send(ready, records, &mut progress)?;
    let folder = &ready.folder;
    let pending = recorded
        .standing
        .pending(&ready.proposal.roster.assignments)
        .count() as u64;
    if let Some(error) = &error {
        progress.say(&cannot_write(folder, error));
    }
    let stop = match (error, stop) {
        (Some(_), _) => Some(Stop::NotRecorded),
        // What stopped the run did so when nothing was left to do.
        (None, Some(stop)) if pending == 0 => {
            progress.stopped(&stop);
            None
        }
        (None, None) if pending > 0 => Some(Stop::FirstDone),
        (None, stop) => stop,
    };
    let summary = summary(ready, &recorded, pending, stop.as_ref());
    let has_stopped = stop.is_some();
    let (stop, way_back) = match finish(ready, recorded, undo, &summary, has_stopped) {
        Ok(way_back) => (stop, way_back),
        // It has been said already.
        Err(_) if stop == Some(Stop::NotRecorded) => (stop, None),
        Err(error) => {
            progress.say(&cannot_write(folder, &error));
            (Some(stop.unwrap_or(Stop::NotRecorded)), None)
        }
    };
    let exit_code = conclude(&summary, stop.as_ref(), folder, &progress);
    tell_what_else(ready, stop.is_some(), way_back, &progress);
    Ok(exit_code)
}

/// Says who was left out on purpose, and how to go back.
fn tell_what_else(
    ready: &Ready<'_>,
    has_stopped: bool,
    way_back: Option<WayBack>,
    progress: &Progress,
) {
    let untried = ready.to_send.len() - ready.now().len();
    if !has_stopped && untried > 0 {
        progress.tell(&format!(
            "{} not tried again, as --first asks",
            counted(untried as u64, "user")
        ));
    }
    if let Some(way_back) = way_back.filter(|way_back| !way_back.is_empty()) {
        progress.tell(&way_back.words(ready.folder.path(), &ready.reading.allowed_codes));
    }
}

/// The run in numbers.
fn summary(ready: &Ready<'_>, recorded: &Recorded, pending: u64, stop: Option<&Stop>) -> Summary {
    let begin = &ready.begin;
    Summary::new(
        about(ready),
        &ready.proposal.roster,
        (&recorded.tally, &recorded.standing),
        pending,
        stop,
        (begin.at, begin.clock.elapsed(), Timestamp::now()),
    )
}

/// What came of sending.
struct Sent<'a> {
    stop: Option<Stop>,
    recorded: Recorded,
    undo: Option<Undo<'a>>,
    /// Why something could not be recorded, if so.
    error: Option<io::Error>,
}

/// Dispatches on the runtime, and records on a thread of its own.
fn send<'a>(
    ready: &Ready<'_>,
    records: Records<'a>,
    progress: &mut Progress,
) -> anyhow::Result<Sent<'a>> {
    let Records {
        journal,
        standing,
        ahead,
    } = records;
    let (connection, folder) = (&ready.connection, &ready.folder);
    let all = &ready.proposal.roster.assignments;
    let users = ready.now();
    let plan = Plan::new(all, users.iter().copied(), ready.batch_size);
    let policy = policy(
        ready,
        ahead.maybe_applied(&standing),
        standing.has_confirmed(),
    );
    progress.tell(&format!(
        "{} to send in {} to {}, at most {}",
        counted(users.len() as u64, "user"),
        counted(plan.batches().len() as u64, "request"),
        connection.endpoint.host(),
        policy.rate,
    ));

    let interrupt = CancellationToken::new();
    run::listen(interrupt.clone(), go_on_with(folder)).context("cannot listen for signals")?;
    progress.begin(users.len() as u64, connection.endpoint.advice());
    let ahead = Mutex::new(ahead);
    let service = WriteAhead::new(&connection.client, &ahead);
    let (stop, mut recorded) = thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel(CHANNEL);
        let recorder = Recorder::new(
            all,
            (journal, standing, &ahead),
            users.len(),
            ready.settings.sync,
            progress,
            interrupt.clone(),
            folder,
        );
        let runtime = &connection.runtime;
        let recorder = thread::Builder::new()
            .name("records".to_owned())
            .spawn_scoped(scope, || recorder.run(receiver, runtime.handle()))
            .context("cannot start a thread to record on; nothing was sent")?;
        let dispatch = dispatch::run(&service, all, &plan, &policy, &interrupt, sender);
        let stop = runtime.block_on(dispatch);
        let recorded = recorder.join();
        let recorded = recorded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        anyhow::Ok((stop, recorded))
    })?;
    let not_ahead = service.into_error();
    let ahead = ahead.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Sent {
        stop,
        undo: ahead.into_undo(),
        error: recorded.error.take().or(not_ahead),
        recorded,
    })
}

/// How dispatch goes about it. `has_succeeded` says whether an earlier part of the run had a success.
fn policy(
    ready: &Ready<'_>,
    maybe_applied: HashSet<UserIx>,
    has_succeeded: bool,
) -> dispatch::Policy {
    let requests = &ready.settings.requests;
    dispatch::Policy {
        rate: requests.rate,
        burst: requests.burst,
        concurrency: requests.concurrency,
        max_retries: requests.max_retries,
        keep_trying: requests.keep_trying,
        in_order: requests.in_order,
        has_succeeded,
        maybe_applied,
        quiet_for: ready.folder.quiet_for(),
        seed: fastrand::u64(..),
    }
}

/// What the summary says of the run's settings.
fn about(ready: &Ready<'_>) -> About {
    let (requests, endpoint) = (&ready.settings.requests, &ready.connection.endpoint);
    About {
        input: ready.input.to_string(),
        method: endpoint.method().to_string(),
        url: endpoint.url().to_string(),
        batch_size: ready.batch_size.get(),
        rate: requests.rate.to_string(),
        burst: requests.burst.get(),
        concurrency: requests.concurrency.get(),
        max_retries: requests.max_retries,
        timeout_seconds: requests.timeout.as_secs_f64(),
        keep_trying: requests.keep_trying,
        external_license: ready.reading.external_license,
        mode: ready.reading.mode,
        current: ready
            .reading
            .current
            .as_ref()
            .map(|current| current.path.display().to_string()),
        in_order: requests.in_order,
        sandbox: matches!(ready.settings.target, Target::Sandbox { .. }),
    }
}

/// Writes what can only be written at the end.
fn finish(
    ready: &Ready<'_>,
    recorded: Recorded,
    undo: Option<Undo<'_>>,
    summary: &Summary,
    has_stopped: bool,
) -> io::Result<Option<WayBack>> {
    let Recorded {
        journal, standing, ..
    } = recorded;
    let (folder, proposal) = (&ready.folder, ready.proposal);
    let all = &proposal.roster.assignments;
    if has_stopped {
        Journal::write_pending(folder, all, standing.pending(all))?;
    }
    let way_back = match undo {
        Some(undo) => Some(undo.conclude(folder, proposal, &standing)?),
        None => None,
    };
    if standing.has_overruled() {
        journal
            .drop_overruled(folder, all, &standing)
            .map_err(io::Error::other)?;
    }
    folder.replace(SUMMARY, |out| {
        serde_json::to_writer_pretty(&mut *out, summary)?;
        out.write_all(b"\n")
    })?;
    Ok(way_back)
}

/// Says how the run ended.
fn conclude(
    summary: &Summary,
    stop: Option<&Stop>,
    folder: &RunFolder,
    progress: &Progress,
) -> ExitCode {
    // Whoever closed standard output does not want to see it.
    let _ = stdout().write_all(table(summary, folder.path()).as_bytes());
    let Some(stop) = stop else {
        let has_failures = summary.users.failures.values().any(|&count| count > 0);
        return match has_failures {
            true => ExitCode::SomeFailed,
            false => ExitCode::AllSucceeded,
        };
    };
    progress.stopped(stop);
    progress.say(&go_on_with(folder));
    match stop {
        Stop::Interrupted => ExitCode::Interrupted,
        _ => ExitCode::Stopped,
    }
}

fn go_on_with(folder: &RunFolder) -> String {
    format!("go on with: seatload resume {}", folder.path().display())
}

fn cannot_write(folder: &RunFolder, error: &io::Error) -> String {
    format!(
        "error: cannot write to {}: {error}",
        folder.path().display()
    )
}
