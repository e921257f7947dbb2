//! Records the events of a run on a thread of its own, and then passes them to observers.

use std::io;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::event::Event;
use crate::import::observers::Observers;
use crate::import::records::Records;
use crate::outcome::Decision;
use crate::report::Timeline;
use crate::roster::Assignments;
use crate::run::{Journal, RunStats, UserStates};

/// How often the display is refreshed while no event comes.
const REFRESH: Duration = Duration::from_millis(250);

const MAX_EVENTS_PER_WRITE: usize = 256;

/// Records the events of a run, and passes them to observers.
pub struct Recorder<'a, 'l> {
    pub records: Records<'a, 'l>,
    pub observers: Observers<'a>,
    /// Cancelled once nothing can be shown any more.
    pub interrupt: &'a CancellationToken,
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

impl Recorder<'_, '_> {
    /// Records events until the channel is closed, or one cannot be recorded. Then it closes the channel, which stops
    /// the run. Blocks, so it runs on a thread.
    pub fn run(&mut self, mut events: Receiver<Vec<Event>>, runtime: &Handle) -> io::Result<()> {
        loop {
            let next = runtime.block_on(async { timeout(REFRESH, events.recv()).await });
            let written = match next {
                Ok(Some(first)) => self.record_waiting(first, &mut events),
                Ok(None) => break self.records.sync(),
                Err(_) => {
                    self.observers.tick();
                    Ok(())
                }
            };
            let written = written.and_then(|()| self.records.sync_if_due());
            if self.observers.is_closed() {
                self.interrupt.cancel();
            }
            if written.is_err() {
                break written;
            }
        }
    }

    /// Ends the display. `result` is that of recording.
    pub fn finish(mut self, result: io::Result<()>) -> RecordedRun {
        self.observers.finish();
        RecordedRun {
            journal: self.records.journal,
            states: self.records.states,
            stats: self.observers.stats,
            timeline: self.observers.timeline,
            not_before: self.records.not_before,
            error: result.err(),
        }
    }

    /// Records the events that wait, all together.
    fn record_waiting(
        &mut self,
        mut waiting: Vec<Event>,
        events: &mut Receiver<Vec<Event>>,
    ) -> io::Result<()> {
        while waiting.len() < MAX_EVENTS_PER_WRITE
            && let Ok(next) = events.try_recv()
        {
            waiting.extend(next);
        }
        let (written, result) = self.records.write(&waiting);
        for written in &written {
            self.observers.observe(written);
        }
        // Where there are few processors, sending comes before recording.
        thread::yield_now();
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::import::records::RecordsContext;
    use crate::outcome::{Applied, FailureKind, Outcome};
    use crate::plan::{Mode, PlannedChanges};
    use crate::report::Progress;
    use crate::roster::UserIndex;
    use crate::roster::tests::roster;
    use crate::run::{NewRunFolder, RunFolder, WriteAheadLog};
    use crate::settings::{ProgressMode, SyncMode};

    fn decided(user: usize, outcome: Outcome) -> Event {
        Event::Decided(Decision {
            users: vec![UserIndex::from_index(user)],
            outcome,
            attempts: 1,
            applied: Applied::No,
        })
    }

    fn context<'a, 'l>(
        changes: &'a PlannedChanges,
        folder: &'a RunFolder,
        write_ahead_log: &'a Mutex<WriteAheadLog<'l>>,
        sync: SyncMode,
    ) -> RecordsContext<'a, 'l> {
        RecordsContext {
            assignments: &changes.roster.assignments,
            folder,
            write_ahead_log,
            sync,
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
            let context = context(&changes, &folder, &log, SyncMode::EverySecond);
            let mut recorder = Recorder {
                observers: Observers::new(assignments, &states, 2, &mut progress),
                records: Records::new(context, journal, states),
                interrupt: &interrupt,
            };
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (sender, receiver) = tokio::sync::mpsc::channel(1);
            sender.try_send(one_of_each()).unwrap();
            drop(sender);
            let result = recorder.run(receiver, runtime.handle());
            let recorded = recorder.finish(result);

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
            let context = context(&changes, &folder, &log, sync);
            let mut records = Records::new(context, journal, states);
            records.write(&one_of_each()).1.unwrap();
            assert_eq!(records.journal.is_synced(), waits, "{sync:?}");
        }
    }
}
