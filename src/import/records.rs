//! The records of a run, which must survive a crash: an event is in the files before any observer receives it.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::event::{Event, StopReason, WaitCause};
use crate::outcome::{Decision, FailureKind};
use crate::roster::Assignments;
use crate::run::{Journal, RunFolder, UserStates, WriteAheadLog, record_not_before};
use crate::settings::SyncMode;

/// How long a record may wait for the disk, unless `--sync always` is given.
const SYNC_PERIOD: Duration = Duration::from_millis(750);

/// Where a run is recorded.
#[derive(Clone, Copy)]
pub struct RecordsContext<'a, 'l> {
    pub assignments: &'a Assignments,
    pub folder: &'a RunFolder,
    pub write_ahead_log: &'a Mutex<WriteAheadLog<'l>>,
    pub sync: SyncMode,
}

/// The files that record a run, and the states of its users that they amount to.
pub struct Records<'a, 'l> {
    context: RecordsContext<'a, 'l>,
    pub journal: Journal,
    pub states: UserStates,
    /// Before this time the service accepts no requests, if it said so.
    pub not_before: Option<Timestamp>,
    last_sync: Instant,
}

/// An event that is in the files.
pub struct Written<'e> {
    pub event: &'e Event,
    /// The failures of its users that it supersedes.
    pub superseded: Vec<FailureKind>,
}

impl<'a, 'l> Records<'a, 'l> {
    pub fn new(context: RecordsContext<'a, 'l>, journal: Journal, states: UserStates) -> Self {
        Self {
            context,
            journal,
            states,
            not_before: None,
            last_sync: Instant::now(),
        }
    }

    /// Writes events together. Gives those that are written, even where others are not.
    pub fn write<'e>(&mut self, events: &'e [Event]) -> (Vec<Written<'e>>, io::Result<()>) {
        let decisions = events.iter().filter_map(decision);
        let is_success = |decision: &&Decision| decision.outcome.is_success();
        let (successes, failures): (Vec<_>, Vec<_>) = decisions.partition(is_success);
        // One file may be full while the other is not: what is written counts.
        let (assignments, now) = (self.context.assignments, Timestamp::now());
        let successes = self.journal.record(assignments, &successes, now);
        let failures = self.journal.record(assignments, &failures, now);
        let synced = match self.context.sync {
            SyncMode::Always => self.journal.sync(),
            SyncMode::EverySecond => Ok(()),
        };
        let wait_saved = self.save_wait(events);
        let is_written = |event: &&Event| match decision(event) {
            Some(decision) if is_success(&decision) => successes.is_ok(),
            Some(_) => failures.is_ok(),
            None => true,
        };
        let written = events.iter().filter(is_written).map(|event| Written {
            event,
            superseded: decision(event)
                .map(|decision| self.states.record(decision))
                .unwrap_or_default(),
        });
        let written = written.collect();
        (written, successes.and(failures).and(synced).and(wait_saved))
    }

    /// Saves until when the service accepts no requests, so that a killed run still waits when it is resumed.
    fn save_wait(&mut self, events: &[Event]) -> io::Result<()> {
        let now = Timestamp::now();
        let waits = events.iter().filter_map(service_wait);
        let until = waits.filter_map(|wait| now.saturating_add(wait).ok()).max();
        if let Some(until) = until
            && Some(until) > self.not_before
        {
            self.not_before = Some(until);
            record_not_before(self.context.folder, until)?;
        }
        Ok(())
    }

    /// Forces what is written onto the disk, if that is due.
    pub fn sync_if_due(&mut self) -> io::Result<()> {
        if self.last_sync.elapsed() < SYNC_PERIOD {
            return Ok(());
        }
        self.last_sync = Instant::now();
        self.sync()
    }

    /// Records that the run is alive, and forces what is written onto the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.context.folder.heartbeat()?;
        self.journal.sync()?;
        let dirty_files = {
            let log = self.context.write_ahead_log.lock();
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

pub fn decision(event: &Event) -> Option<&Decision> {
    match event {
        Event::Decided(decision) => Some(decision),
        _ => None,
    }
}
