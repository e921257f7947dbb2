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
use crate::args::summary::Printed;
use crate::dispatch;
use crate::event::Stop;
use crate::exit_code::ExitCode;
use crate::humanize::counted;
use crate::import::connection::Connection;
use crate::import::finish::{End, Finished, finish, summary};
use crate::import::recorder::{Recorded, Recorder};
use crate::import::send_times::{Departures, Noting};
use crate::import::write_ahead_gate::WriteAhead;
use crate::input::Input;
use crate::plan::{Plan, Proposal};
use crate::rate::Rate;
use crate::report::{Progress, REPORT, last_words, table};
use crate::roster::UserIx;
use crate::run::RunFolder;
use crate::run::{Ahead, Journal, Standing, Summary, Undo};
use crate::sanitize::shell_word;
use crate::settings::{Reading, RunSettings};
use crate::signals;

/// How many moments' events may be under way between dispatch and the recorder.
const CHANNEL: usize = 64;

/// When this part of a run began.
pub struct Begin {
    pub at: Timestamp,
    pub clock: Instant,
}

impl Begin {
    pub fn now() -> Self {
        Self {
            at: Timestamp::now(),
            clock: Instant::now(),
        }
    }
}

/// The way to the service, and what runs on it have in common.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    pub connection: &'a Connection,
    /// What earlier runs have sent, and where each adds to.
    pub departures: &'a Departures,
    /// Cancelled when the run is to stop.
    pub interrupt: &'a CancellationToken,
}

/// A run of which everything is ready.
pub struct Ready<'a> {
    pub begin: Begin,
    pub input: &'a Input,
    pub reading: &'a Reading,
    pub batch_size: NonZeroUsize,
    pub settings: &'a RunSettings,
    pub way: Way<'a>,
    pub folder: RunFolder,
    pub proposal: &'a Proposal,
    /// Who is to be sent, in the order in which they are to be served.
    pub to_send: Vec<UserIx>,
    /// Before when the service does not want to be asked, as it said to an earlier part of the run.
    pub not_before: Option<Timestamp>,
}

impl Ready<'_> {
    /// Who is to be sent for now.
    pub fn now(&self) -> &[UserIx] {
        let first = self.settings.first.map_or(usize::MAX, NonZeroUsize::get);
        &self.to_send[..first.min(self.to_send.len())]
    }
}

/// The records of a run, open.
pub struct Records<'a> {
    pub journal: Journal,
    pub standing: Standing,
    pub ahead: Ahead<'a>,
}

/// How a run ended, or a part of it.
pub struct Ended {
    /// Why it stopped early, if it did.
    pub stop: Option<Stop>,
    summary: Summary,
    /// None if the reports could not be written.
    finished: Option<Finished>,
    /// Failed users who were not tried again, as `--first` asks.
    untried: u64,
}

/// Sends whoever is to be sent, and writes the reports. An error means that nothing was sent.
pub fn execute(
    ready: &Ready<'_>,
    records: Records<'_>,
    progress: &mut Progress,
) -> anyhow::Result<Ended> {
    let Sent {
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
    let span = (ready.begin.at, Timestamp::now());
    let summary = summary(ready, &recorded, pending, stop.as_ref(), span);
    let end = End {
        summary: &summary,
        stop: stop.as_ref(),
        requests,
        span,
    };
    let (stop, finished) = match finish(ready, recorded, undo, &end) {
        Ok(finished) => (stop, Some(finished)),
        // It has been said already.
        Err(_) if stop == Some(Stop::NotRecorded) => (stop, None),
        Err(error) => {
            progress.say(&cannot_write(folder, &error));
            (Some(stop.unwrap_or(Stop::NotRecorded)), None)
        }
    };
    Ok(Ended {
        finished,
        untried: match stop {
            None => (ready.to_send.len() - ready.now().len()) as u64,
            Some(_) => 0,
        },
        stop,
        summary,
    })
}

/// What came of sending.
struct Sent<'a> {
    stop: Option<Stop>,
    /// How many requests were planned.
    requests: usize,
    recorded: Recorded,
    undo: Option<Undo<'a>>,
    /// Why something could not be recorded, if so.
    error: Option<io::Error>,
}

/// Sends whoever is to be sent now, and records what becomes of them.
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
    let Way {
        connection,
        departures,
        interrupt,
    } = ready.way;
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
    progress.begin(users.len() as u64, connection.endpoint.advice());
    let ahead = Mutex::new(ahead);
    let write_ahead = WriteAhead::new(&ahead, &ready.folder);
    let service = Noting {
        service: &connection.client,
        departures,
        window: counting(policy.rate),
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
    Ok(Sent {
        stop,
        requests: plan.batches().len(),
        undo: ahead.into_undo(),
        error: recorded.error.take().or(not_ahead),
        recorded,
    })
}

/// Dispatches on the runtime, and records on a thread of its own.
fn dispatch_and_record(
    ready: &Ready<'_>,
    (plan, policy): (&Plan, &dispatch::Policy),
    (service, write_ahead): (&impl Service, &WriteAhead<'_, '_>),
    recorder: Recorder<'_, '_>,
) -> anyhow::Result<(Option<Stop>, Recorded)> {
    let (all, way) = (&ready.proposal.roster.assignments, ready.way);
    let runtime = &way.connection.runtime;
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel(CHANNEL);
        let recorder = thread::Builder::new()
            .name("records".to_owned())
            .spawn_scoped(scope, || recorder.run(receiver, runtime.handle()))
            .context("cannot start a thread to record on; nothing was sent")?;
        let may_leave = |users: &[UserIx]| write_ahead.write(users);
        let dispatch = dispatch::run(service, may_leave, all, plan, policy, way.interrupt, sender);
        let stop = runtime.block_on(dispatch);
        let recorded = recorder.join();
        let recorded = recorded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((stop, recorded))
    })
}

/// How long what has left may count: the rate's window and something more, which the window itself drops.
fn counting(rate: Rate) -> Duration {
    rate.window * 2
}

/// How dispatch goes about it. `has_succeeded` says whether an earlier part of the run had a success.
fn policy(
    ready: &Ready<'_>,
    maybe_applied: HashSet<UserIx>,
    has_succeeded: bool,
) -> dispatch::Policy {
    let requests = &ready.settings.requests;
    let held_for = ready
        .not_before
        .map(|until| until.duration_since(Timestamp::now()));
    let quiet_for = [ready.folder.quiet_for(), ready.way.departures.quiet_for()];
    dispatch::Policy {
        rate: requests.rate,
        burst: requests.burst,
        concurrency: requests.concurrency,
        max_retries: requests.max_retries,
        keep_trying: requests.keep_trying,
        in_order: requests.in_order,
        has_succeeded,
        maybe_applied,
        quiet_for: quiet_for.into_iter().flatten().min(),
        held_for: held_for.and_then(|wait| Duration::try_from(wait).ok()),
        left_before: ready.way.departures.left(counting(requests.rate)),
        seed: fastrand::u64(..),
    }
}

impl Ended {
    /// Says how the run ended, who was left out on purpose, and how to go back.
    pub fn conclude(
        &self,
        folder: &Path,
        reading: &Reading,
        printed: Printed,
        progress: &Progress,
    ) -> ExitCode {
        let summary = match printed {
            Printed::AsTable => self.table(folder),
            Printed::AsJson => self.summary.json(),
        };
        // Whoever closed standard output does not want to see it.
        let _ = stdout().write_all(summary.as_bytes());
        if let Some(stop) = &self.stop {
            progress.stopped(stop);
            progress.say_unbroken(&go_on_with(folder));
        }
        if self.untried > 0 {
            progress.tell(&format!(
                "{} not tried again, as --first asks",
                counted(self.untried, "user")
            ));
        }
        let way_back = self.finished.as_ref().and_then(|end| end.way_back.as_ref());
        if let Some(way_back) = way_back.filter(|way_back| !way_back.is_empty()) {
            progress.tell(&way_back.words(folder, &reading.allowed_codes));
        }
        progress.end(folder, self.exit_code());
        self.exit_code()
    }

    fn table(&self, folder: &Path) -> String {
        // An earlier part's page has been taken away, so this is the page of this part.
        let page = Some(folder.join(REPORT)).filter(|page| page.exists());
        let files = (folder, page.as_deref());
        let columns = Term::stdout().size_checked().map(|(_, columns)| columns);
        let sentence = self.finished.as_ref().map(|end| end.sentence.as_str());
        table(&self.summary, sentence, files, columns)
    }

    fn exit_code(&self) -> ExitCode {
        match self.stop {
            Some(Stop::Interrupted) => ExitCode::Interrupted,
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
    signals::listen(interrupt.clone(), move || last_words(&go_on))
        .context("cannot listen for signals")?;
    Ok(interrupt)
}

fn go_on_with(folder: &Path) -> String {
    format!("go on with: {}", go_on_command(folder))
}

pub fn go_on_command(folder: &Path) -> String {
    format!("seatload resume {}", shell_word(folder))
}

fn cannot_write(folder: &RunFolder, error: &io::Error) -> String {
    format!(
        "error: cannot write to {}: {error}",
        folder.path().display()
    )
}
