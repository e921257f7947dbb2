//! Sends the users of a prepared run, and records every outcome.

use std::collections::HashSet;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::api::Allocator;
use crate::dispatch;
use crate::event::StopReason;
use crate::humanize::count_of;
use crate::import::context::{PreparedRun, RunFiles};
use crate::import::observers::Observers;
use crate::import::recorder::{RecordedRun, Recorder};
use crate::import::records::{Records, RecordsContext};
use crate::import::send_times::TrackedService;
use crate::import::write_ahead_gate::WriteAheadGate;
use crate::plan::Plan;
use crate::rate::Rate;
use crate::report::Progress;
use crate::roster::UserIndex;
use crate::run::Undo;

/// How many groups of events may wait between dispatch and the recorder.
const CHANNEL: usize = 64;

/// The result of sending.
pub struct SendResult<'a> {
    pub stop: Option<StopReason>,
    /// How many requests were planned.
    pub requests: usize,
    pub recorded: RecordedRun,
    pub undo: Option<Undo<'a>>,
    /// The reason why something could not be recorded.
    pub error: Option<io::Error>,
}

/// Everything that dispatch needs.
struct Dispatch<'a, 'l> {
    plan: Plan,
    policy: dispatch::Policy,
    service: TrackedService<'a, Allocator<'a>>,
    gate: WriteAheadGate<'a, 'l>,
}

/// Sends the users of this session.
pub fn send<'a>(
    run: &PreparedRun<'_>,
    files: RunFiles<'a>,
    progress: &mut Progress,
) -> SendResult<'a> {
    let assignments = &run.changes.roster.assignments;
    let users: Vec<_> = run.to_allocate().collect();
    let plan = Plan::new(assignments, users.iter().copied(), run.batch_size);
    let (policy, requests) = (policy(run, &files), plan.batches().len());
    announce(run, users.len(), requests, progress);
    let write_ahead_log = Mutex::new(files.write_ahead_log);
    let dispatch = Dispatch {
        service: tracked_service(run),
        gate: WriteAheadGate::new(&write_ahead_log, &run.folder),
        plan,
        policy,
    };
    let context = RecordsContext {
        assignments,
        folder: &run.folder,
        write_ahead_log: &write_ahead_log,
        sync: run.settings.sync,
    };
    let recorder = Recorder {
        observers: Observers::new(assignments, &files.states, users.len(), progress),
        records: Records::new(context, files.journal, files.states),
        interrupt: run.session.interrupt,
    };
    let (stop, mut recorded) = dispatch_and_record(run, &dispatch, recorder);
    recorded.stats.count_removals(files.removed);
    let gate_error = dispatch.gate.into_error();
    let error = files.error.or(recorded.error.take()).or(gate_error);
    let log = write_ahead_log.into_inner();
    SendResult {
        stop,
        requests,
        recorded,
        undo: log.unwrap_or_else(PoisonError::into_inner).into_undo(),
        error,
    }
}

/// Says what is about to be sent, and shows the progress from here on.
fn announce(run: &PreparedRun<'_>, users: usize, requests: usize, progress: &mut Progress) {
    let (endpoint, rate) = (&run.session.located.endpoint, run.settings.requests.rate);
    let host = endpoint.host();
    progress.info(&format!(
        "{} to send in {} to {host}, at most {rate}",
        count_of(users as u64, "user"),
        count_of(requests as u64, "request")
    ));
    let sending = dispatch::min_duration(requests, rate, run.settings.requests.burst);
    run.session.connection.warn_of_expiry(sending, progress);
    progress.start_sending(users as u64, endpoint.address_hint());
}

/// The allocation call of this run. Its send times count in the rate's window of the runs that follow.
fn tracked_service<'a>(run: &'a PreparedRun<'_>) -> TrackedService<'a, Allocator<'a>> {
    TrackedService {
        service: Allocator {
            client: &run.session.connection.client,
            endpoint: &run.session.located.endpoint,
        },
        send_times: run.session.send_times,
        window: tracking_period(run.settings.requests.rate),
    }
}

/// Dispatches on the runtime, and records on a thread.
fn dispatch_and_record(
    run: &PreparedRun<'_>,
    dispatch: &Dispatch<'_, '_>,
    mut recorder: Recorder<'_, '_>,
) -> (Option<StopReason>, RecordedRun) {
    let runtime = &run.session.connection.runtime;
    let (sender, receiver) = mpsc::channel(CHANNEL);
    let (stop, result) = thread::scope(|scope| {
        let recording = || recorder.run(receiver, runtime.handle());
        let records = thread::Builder::new().name("records".to_owned());
        let records = match records.spawn_scoped(scope, recording) {
            Ok(records) => records,
            Err(error) => return (None, Err(no_thread(&error))),
        };
        let stop = runtime.block_on(dispatch::run(
            &dispatch.service,
            |users: &[UserIndex]| dispatch.gate.log_before_send(users),
            &run.changes.roster.assignments,
            &dispatch.plan,
            &dispatch.policy,
            run.session.interrupt,
            sender,
        ));
        let result = records.join();
        (stop, result.unwrap_or_else(|panic| resume_unwind(panic)))
    });
    (stop, recorder.finish(result))
}

fn no_thread(error: &io::Error) -> io::Error {
    let message = format!("cannot start a thread for the records: {error}");
    io::Error::new(error.kind(), message)
}

/// How long a request may count in the rate's window. The window itself drops what is older.
fn tracking_period(rate: Rate) -> Duration {
    rate.window * 2
}

fn policy(run: &PreparedRun<'_>, files: &RunFiles<'_>) -> dispatch::Policy {
    let requests = &run.settings.requests;
    let send_times = run.session.send_times;
    let cooldown = run
        .not_before
        .map(|until| until.duration_since(Timestamp::now()));
    let heartbeats = [
        run.folder.since_last_heartbeat(),
        send_times.since_last_heartbeat(),
    ];
    let maybe_applied: HashSet<UserIndex> = files.write_ahead_log.possibly_applied(&files.states);
    dispatch::Policy {
        rate: requests.rate,
        burst: requests.burst,
        concurrency: requests.concurrency,
        max_retries: requests.max_retries,
        keep_trying: requests.keep_trying,
        seats_suffice: run.changes.seats_suffice(),
        in_order: requests.in_order,
        has_succeeded: files.states.has_confirmed(),
        maybe_applied,
        since_last_heartbeat: heartbeats.into_iter().flatten().min(),
        initial_cooldown: cooldown.and_then(|wait| Duration::try_from(wait).ok()),
        earlier_sends: send_times.recent(tracking_period(requests.rate)),
        seed: fastrand::u64(..),
    }
}
