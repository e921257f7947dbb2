//! Records a run's events: in files first, then in counters, then on the screen.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, StopReason, WaitCause};
use crate::outcome::Decision;
use crate::report::{Progress, Timeline};
use crate::roster::Assignments;
use crate::run::{Journal, RunFolder, RunStats, UserStates, WriteAheadLog, record_not_before};
use crate::settings::SyncMode;

/// How often the display is refreshed while no event comes.
const REFRESH: Duration = Duration::from_millis(250);

/// How long a record may wait for the disk, unless `--sync always` is given.
const SYNC_PERIOD: Duration = Duration::from_millis(750);

const MAX_EVENTS_PER_WRITE: usize = 256;

/// The run that is recorded.
pub struct RecorderContext<'a> {
    pub assignments: &'a Assignments,
    pub folder: &'a RunFolder,
    /// Cancelled once nothing can be shown any more.
    pub interrupt: &'a CancellationToken,
    pub sync: SyncMode,
    pub users_to_send: usize,
}

/// Records the events of a run: in files first, then in counters and on the screen.
pub struct Recorder<'a, 'l> {
    context: RecorderContext<'a>,
    write_ahead_log: &'a Mutex<WriteAheadLog<'l>>,
    progress: &'a mut Progress,
    last_sync: Instant,
    started: Instant,
    recorded: RecordedRun,
}

/// What has been recorded of a run.
pub struct RecordedRun {
    pub journal: Journal,
    pub states: UserStates,
    pub stats: RunStats,
    pub timeline: Timeline,
    /// Before this time the service accepts no requests, if it said so.
    pub not_before: Option<Timestamp>,
    /// Why recording ended early, if it did.
    pub error: Option<io::Error>,
}

impl RecordedRun {
    /// Records decisions that supersede earlier ones, after the events of the run.
    pub fn record(&mut self, assignments: &Assignments, decisions: &[Decision]) -> io::Result<()> {
        self.journal
            .record(assignments, decisions, Timestamp::now())?;
        self.journal.sync()?;
        for decision in decisions {
            let superseded = self.states.record(decision);
            self.stats
                .count_decision(decision, &superseded, assignments);
            self.stats.decided -= superseded.len() as u64;
        }
        Ok(())
    }
}

impl<'a, 'l> Recorder<'a, 'l> {
    pub fn new(
        context: RecorderContext<'a>,
        journal: Journal,
        states: UserStates,
        write_ahead_log: &'a Mutex<WriteAheadLog<'l>>,
        progress: &'a mut Progress,
    ) -> Self {
        let stats = RunStats::new(&states, context.assignments, context.users_to_send);
        Self {
            context,
            write_ahead_log,
            progress,
            last_sync: Instant::now(),
            started: Instant::now(),
            recorded: RecordedRun {
                journal,
                states,
                stats,
                timeline: Timeline::default(),
                not_before: None,
                error: None,
            },
        }
    }

    /// Records events until the channel is closed, or one cannot be recorded. Then it closes the channel, which stops the
    /// run. Blocks, so it runs on a thread.
    pub fn run(mut self, mut events: Receiver<Vec<Event>>, runtime: &Handle) -> RecordedRun {
        let result = loop {
            let next = runtime.block_on(async { timeout(REFRESH, events.recv()).await });
            let written = match next {
                Ok(Some(first)) => self.write_waiting(first, &mut events),
                Ok(None) => {
                    break self.context.folder.heartbeat().and_then(|()| self.sync());
                }
                Err(_) => {
                    self.progress.tick(&self.recorded.stats);
                    Ok(())
                }
            };
            let written = written.and_then(|()| self.sync_if_due());
            if self.progress.is_closed() {
                self.context.interrupt.cancel();
            }
            if written.is_err() {
                break written;
            }
        };
        drop(events);
        self.progress.finish();
        self.recorded.timeline.finish(self.started.elapsed());
        RecordedRun {
            error: result.err(),
            ..self.recorded
        }
    }

    /// Records the events that wait, all together.
    fn write_waiting(
        &mut self,
        mut waiting: Vec<Event>,
        events: &mut Receiver<Vec<Event>>,
    ) -> io::Result<()> {
        while waiting.len() < MAX_EVENTS_PER_WRITE
            && let Ok(next) = events.try_recv()
        {
            waiting.extend(next);
        }
        let written = self.record_events(&waiting);
        // Where there are few processors, sending comes before recording.
        thread::yield_now();
        written
    }

    fn record_events(&mut self, events: &[Event]) -> io::Result<()> {
        let decisions = events.iter().filter_map(decision);
        let is_success = |decision: &&Decision| decision.outcome.is_success();
        let (successes, failures): (Vec<_>, Vec<_>) = decisions.partition(is_success);
        // One file may be full while the other is not: what is written counts.
        let (journal, now) = (&mut self.recorded.journal, Timestamp::now());
        let successes = journal.record(self.context.assignments, &successes, now);
        let failures = journal.record(self.context.assignments, &failures, now);
        let synced = match self.context.sync {
            SyncMode::Always => journal.sync(),
            SyncMode::EverySecond => Ok(()),
        };
        let wait_saved = self.save_wait(events);
        for event in events {
            let is_written = decision(event).is_none_or(|decision| {
                if is_success(&decision) {
                    successes.is_ok()
                } else {
                    failures.is_ok()
                }
            });
            if is_written {
                self.count_event(event);
                self.progress.show_event(event, &self.recorded.stats);
            }
        }
        successes.and(failures).and(synced).and(wait_saved)
    }

    /// Saves until when the service accepts no requests, so that a killed run still waits when it is resumed.
    fn save_wait(&mut self, events: &[Event]) -> io::Result<()> {
        let now = Timestamp::now();
        let waits = events.iter().filter_map(service_wait);
        let until = waits.filter_map(|wait| now.saturating_add(wait).ok()).max();
        if let Some(until) = until
            && Some(until) > self.recorded.not_before
        {
            self.recorded.not_before = Some(until);
            record_not_before(self.context.folder, until)?;
        }
        Ok(())
    }

    /// Counts an event that is written.
    fn count_event(&mut self, event: &Event) {
        let elapsed = self.started.elapsed();
        let recorded = &mut self.recorded;
        if let Some(decision) = decision(event) {
            let superseded = recorded.states.record(decision);
            let assignments = self.context.assignments;
            recorded
                .stats
                .count_decision(decision, &superseded, assignments);
        }
        recorded.stats.count_event(event);
        recorded.timeline.record(elapsed, event);
    }

    fn sync_if_due(&mut self) -> io::Result<()> {
        if self.last_sync.elapsed() >= SYNC_PERIOD {
            self.last_sync = Instant::now();
            self.context.folder.heartbeat()?;
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.recorded.journal.sync()?;
        let dirty_files = {
            let log = self.write_ahead_log.lock();
            log.unwrap_or_else(PoisonError::into_inner)
                .take_dirty_files()?
        };
        // The lock is free again, so a slow disk delays no request.
        for file in dirty_files {
            file.sync_data()?;
        }
        Ok(())
    }
}

/// The wait that the service asked for.
fn service_wait(event: &Event) -> Option<Duration> {
    match event {
        Event::Waiting {
            wait,
            cause: WaitCause::RetryAfter | WaitCause::QuotaExhausted,
        }
        | Event::Stopping(StopReason::RetryAfterTooLong { wait }) => Some(*wait),
        _ => None,
    }
}

fn decision(event: &Event) -> Option<&Decision> {
    match event {
        Event::Decided(decision) => Some(decision),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Applied, FailureKind, Outcome};
    use crate::plan::{Mode, PlannedChanges};
    use crate::roster::UserIndex;
    use crate::roster::tests::roster;
    use crate::run::NewRunFolder;
    use crate::settings::ProgressMode;

    fn decided(user: usize, outcome: Outcome) -> Event {
        Event::Decided(Decision {
            users: vec![UserIndex::from_index(user)],
            outcome,
            attempts: 1,
            applied: Applied::No,
        })
    }

    fn context<'a>(
        changes: &'a PlannedChanges,
        folder: &'a RunFolder,
        interrupt: &'a CancellationToken,
        sync: SyncMode,
    ) -> RecorderContext<'a> {
        RecorderContext {
            assignments: &changes.roster.assignments,
            folder,
            interrupt,
            sync,
            users_to_send: 2,
        }
    }

    /// `a` is a success and `b` a failure, and both come together.
    fn one_of_each() -> Vec<Event> {
        let success = Outcome::Success {
            confirmed_by: crate::outcome::ConfirmedBy::Response,
            organization_id: "".into(),
        };
        let failure = Outcome::Failure {
            kind: FailureKind::Rejected,
            status: Some(400),
            message: "no".into(),
        };
        vec![decided(0, success), decided(1, failure)]
    }

    /// The user IDs in a file of the folder.
    fn users(folder: &RunFolder, name: &str) -> Vec<String> {
        let mut reader = csv::Reader::from_path(folder.path().join(name)).unwrap();
        let user = |row: csv::Result<csv::StringRecord>| row.unwrap()[0].to_owned();
        reader.records().map(user).collect()
    }

    #[test]
    fn every_user_is_in_one_file_even_if_one_file_is_full() {
        for full in ["success.csv", "failures.csv"] {
            let parent = tempfile::tempdir().unwrap();
            let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
            let roster = roster("userId,code\na,IDU\nb,IDU\n");
            let changes = PlannedChanges::new(roster, None, Mode::Replace, None);
            let assignments = &changes.roster.assignments;
            let (mut journal, states) = Journal::open(&folder, &changes.roster).unwrap();
            let log = WriteAheadLog::create(&folder, &changes, SyncMode::EverySecond).unwrap();
            let log = Mutex::new(log);
            journal.fail_writes(&folder, full);
            let mut progress = Progress::new(ProgressMode::None);
            let interrupt = CancellationToken::new();
            let context = context(&changes, &folder, &interrupt, SyncMode::EverySecond);
            let recorder = Recorder::new(context, journal, states, &log, &mut progress);
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (sender, receiver) = tokio::sync::mpsc::channel(1);
            sender.try_send(one_of_each()).unwrap();
            drop(sender);
            let recorded = recorder.run(receiver, runtime.handle());

            assert!(recorded.error.is_some(), "{full}");
            let pending = recorded.states.pending(assignments);
            Journal::write_pending(&folder, assignments, pending).unwrap();
            let succeeded = users(&folder, "success.csv");
            let failed = users(&folder, "failures.csv");
            let mut everyone = [&succeeded, &failed, &users(&folder, "pending.csv")]
                .map(Vec::as_slice)
                .concat();
            everyone.sort();
            assert_eq!(everyone, ["a", "b"], "{full}");
            assert_eq!(recorded.stats.success, succeeded.len() as u64, "{full}");
        }
    }

    #[test]
    fn with_sync_always_outcomes_are_on_disk_before_they_are_shown() {
        for (sync, waits) in [(SyncMode::Always, true), (SyncMode::EverySecond, false)] {
            let parent = tempfile::tempdir().unwrap();
            let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
            let roster = roster("userId,code\na,IDU\nb,IDU\n");
            let changes = PlannedChanges::new(roster, None, Mode::Replace, None);
            let (journal, states) = Journal::open(&folder, &changes.roster).unwrap();
            let log = Mutex::new(WriteAheadLog::create(&folder, &changes, sync).unwrap());
            let mut progress = Progress::new(ProgressMode::None);
            let interrupt = CancellationToken::new();
            let context = context(&changes, &folder, &interrupt, sync);
            let mut recorder = Recorder::new(context, journal, states, &log, &mut progress);
            recorder.record_events(&one_of_each()).unwrap();
            assert_eq!(recorder.recorded.journal.is_synced(), waits, "{sync:?}");
        }
    }
}
