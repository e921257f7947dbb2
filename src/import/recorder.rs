//! Takes a run's events: first to the files, then to the counts, then to the display.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, WaitCause};
use crate::outcome::Decision;
use crate::report::{Progress, Timeline};
use crate::roster::Assignments;
use crate::run::RunFolder;
use crate::run::{Journal, RunStats, UserStates, WriteAheadLog};
use crate::settings::SyncMode;

/// How often the display is looked after while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// The longest that a record waits for the disk, unless each is waited for.
const SYNC_PERIOD: Duration = Duration::from_millis(750);

/// So many events are enough to be taken together.
const ENOUGH: usize = 256;

/// Records a run.
pub struct Recorder<'a, 'p> {
    assignments: &'a Assignments,
    journal: Journal,
    sync: SyncMode,
    synced: Instant,
    standing: UserStates,
    tally: RunStats,
    begun: Instant,
    timeline: Timeline,
    not_before: Option<Timestamp>,
    progress: &'a mut Progress,
    interrupt: CancellationToken,
    folder: &'a RunFolder,
    ahead: &'a Mutex<WriteAheadLog<'p>>,
}

/// What has been recorded of a run.
pub struct RecordedRun {
    pub journal: Journal,
    pub standing: UserStates,
    pub tally: RunStats,
    pub timeline: Timeline,
    /// Before when the service does not want to be asked, if it said so.
    pub not_before: Option<Timestamp>,
    /// Why recording ended early, if it did.
    pub error: Option<io::Error>,
}

impl<'a, 'p> Recorder<'a, 'p> {
    /// Goes on from a journal, with so many users to be sent. When nobody can hear of it any more, it cancels `interrupt`.
    pub fn new(
        assignments: &'a Assignments,
        (journal, standing, ahead): (Journal, UserStates, &'a Mutex<WriteAheadLog<'p>>),
        to_send: usize,
        sync: SyncMode,
        progress: &'a mut Progress,
        interrupt: CancellationToken,
        folder: &'a RunFolder,
    ) -> Self {
        Self {
            assignments,
            journal,
            sync,
            synced: Instant::now(),
            tally: RunStats::new(&standing, assignments, to_send),
            standing,
            begun: Instant::now(),
            timeline: Timeline::default(),
            not_before: None,
            progress,
            interrupt,
            folder,
            ahead,
        }
    }

    /// Takes events until no more come, or one cannot be recorded; then the channel is closed, which stops the run.
    ///
    /// Blocks, so it wants a thread of its own.
    pub fn run(mut self, mut events: Receiver<Vec<Event>>, runtime: &Handle) -> RecordedRun {
        let recorded = loop {
            let next = runtime.block_on(async { timeout(TICK, events.recv()).await });
            let done = match next {
                Ok(Some(mut waiting)) => {
                    while waiting.len() < ENOUGH
                        && let Ok(next) = events.try_recv()
                    {
                        waiting.extend(next);
                    }
                    let taken = self.take(&waiting);
                    // Where there are few processors, sending comes first: what is to be recorded can wait.
                    thread::yield_now();
                    taken
                }
                Ok(None) => {
                    self.folder.heartbeat();
                    break self.sync();
                }
                Err(_) => {
                    self.progress.tick(&self.tally);
                    Ok(())
                }
            };
            let done = done.and_then(|()| self.sync_if_due());
            if self.progress.is_closed() {
                self.interrupt.cancel();
            }
            if done.is_err() {
                break done;
            }
        };
        drop(events);
        self.progress.finish();
        self.timeline.finish(self.begun.elapsed());
        RecordedRun {
            journal: self.journal,
            standing: self.standing,
            tally: self.tally,
            timeline: self.timeline,
            not_before: self.not_before,
            error: recorded.err(),
        }
    }

    /// Takes events that are there together: what they decide is written together.
    fn take(&mut self, events: &[Event]) -> io::Result<()> {
        let decisions = events.iter().filter_map(decision);
        let is_success = |decision: &&Decision| decision.outcome.is_success();
        let (successes, failures): (Vec<_>, Vec<_>) = decisions.partition(is_success);
        // What one file has taken stands, even if the other takes nothing more.
        let now = Timestamp::now();
        let successes = self.journal.record(self.assignments, &successes, now);
        let failures = self.journal.record(self.assignments, &failures, now);
        let synced = match self.sync {
            SyncMode::Always => self.journal.sync(),
            SyncMode::EverySecond => Ok(()),
        };
        for event in events {
            let is_written = decision(event).is_none_or(|decision| match is_success(&decision) {
                true => successes.is_ok(),
                false => failures.is_ok(),
            });
            if is_written {
                self.count(event);
                self.progress.show_event(event, &self.tally);
            }
        }
        successes.and(failures).and(synced)
    }

    /// Counts an event; what it decides has been written.
    fn count(&mut self, event: &Event) {
        let at = self.begun.elapsed();
        if let Some(decision) = decision(event) {
            let overruled = self.standing.record(decision);
            self.tally
                .count_decision(decision, &overruled, self.assignments);
        }
        if let Event::Waiting {
            wait,
            cause: WaitCause::RetryAfter | WaitCause::QuotaExhausted,
        } = event
        {
            let until = Timestamp::now().saturating_add(*wait);
            self.not_before = self.not_before.max(until.ok());
        }
        self.tally.count_event(event);
        self.timeline.record(at, event);
    }

    fn sync_if_due(&mut self) -> io::Result<()> {
        if self.synced.elapsed() >= SYNC_PERIOD {
            self.synced = Instant::now();
            self.folder.heartbeat();
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.journal.sync()?;
        let unsynced = {
            let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            ahead.take_dirty_files()?
        };
        // The lock is free again: a slow disk keeps no request from leaving.
        for file in unsynced {
            file.sync_data()?;
        }
        Ok(())
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

    /// `a` is a success and `b` a failure, and both come at once.
    fn one_of_each() -> Vec<Event> {
        let success = Outcome::Success {
            organization_id: "".into(),
        };
        let failure = Outcome::Failure {
            kind: FailureKind::Rejected,
            status: Some(400),
            message: "no".into(),
        };
        vec![decided(0, success), decided(1, failure)]
    }

    /// The user IDs that a file of the folder holds.
    fn users(folder: &RunFolder, name: &str) -> Vec<String> {
        let mut reader = csv::Reader::from_path(folder.path().join(name)).unwrap();
        let user = |row: csv::Result<csv::StringRecord>| row.unwrap()[0].to_owned();
        reader.records().map(user).collect()
    }

    #[test]
    fn where_one_file_takes_nothing_more_everyone_still_stands_in_one_file() {
        for full in ["success.csv", "failures.csv"] {
            let parent = tempfile::tempdir().unwrap();
            let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
            let roster = roster("userId,code\na,IDU\nb,IDU\n");
            let proposal = PlannedChanges::new(roster, None, Mode::Replace, None);
            let all = &proposal.roster.assignments;
            let (mut journal, standing) = Journal::open(&folder, &proposal.roster).unwrap();
            let ahead = WriteAheadLog::create(&folder, &proposal, SyncMode::EverySecond).unwrap();
            let ahead = Mutex::new(ahead);
            journal.fail_writes(&folder, full);
            let mut progress = Progress::new(ProgressMode::None);
            let recorder = Recorder::new(
                all,
                (journal, standing, &ahead),
                2,
                SyncMode::EverySecond,
                &mut progress,
                CancellationToken::new(),
                &folder,
            );
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (sender, receiver) = tokio::sync::mpsc::channel(1);
            sender.try_send(one_of_each()).unwrap();
            drop(sender);
            let recorded = recorder.run(receiver, runtime.handle());

            assert!(recorded.error.is_some(), "{full}");
            let pending = recorded.standing.pending(all);
            Journal::write_pending(&folder, all, pending).unwrap();
            let succeeded = users(&folder, "success.csv");
            let failed = users(&folder, "failures.csv");
            let mut everyone = [&succeeded, &failed, &users(&folder, "pending.csv")]
                .map(Vec::as_slice)
                .concat();
            everyone.sort();
            assert_eq!(everyone, ["a", "b"], "{full}");
            assert_eq!(recorded.tally.success, succeeded.len() as u64, "{full}");
        }
    }

    #[test]
    fn with_sync_always_the_disk_has_what_was_taken_before_anything_is_shown() {
        for (sync, waits) in [(SyncMode::Always, true), (SyncMode::EverySecond, false)] {
            let parent = tempfile::tempdir().unwrap();
            let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
            let roster = roster("userId,code\na,IDU\nb,IDU\n");
            let proposal = PlannedChanges::new(roster, None, Mode::Replace, None);
            let (journal, standing) = Journal::open(&folder, &proposal.roster).unwrap();
            let ahead = Mutex::new(WriteAheadLog::create(&folder, &proposal, sync).unwrap());
            let mut progress = Progress::new(ProgressMode::None);
            let mut recorder = Recorder::new(
                &proposal.roster.assignments,
                (journal, standing, &ahead),
                2,
                sync,
                &mut progress,
                CancellationToken::new(),
                &folder,
            );
            recorder.take(&one_of_each()).unwrap();
            assert_eq!(recorder.journal.is_synced(), waits, "{sync:?}");
        }
    }
}
