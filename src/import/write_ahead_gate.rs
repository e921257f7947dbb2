//! Whom a request names, and what they hold, is on disk before it leaves; so is a sign of life.

use std::cell::{Cell, OnceCell};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::roster::UserIndex;
use crate::run::RunFolder;
use crate::run::WriteAheadLog;

/// How old a sign of life may be when a request leaves.
const BEAT: Duration = Duration::from_millis(250);

/// Writes down what is about to change.
pub struct WriteAheadGate<'m, 'a> {
    ahead: &'m Mutex<WriteAheadLog<'a>>,
    folder: &'m RunFolder,
    beaten: Cell<Option<Instant>>,
    error: OnceCell<io::Error>,
}

impl<'m, 'a> WriteAheadGate<'m, 'a> {
    pub fn new(ahead: &'m Mutex<WriteAheadLog<'a>>, folder: &'m RunFolder) -> Self {
        Self {
            ahead,
            folder,
            beaten: Cell::new(None),
            error: OnceCell::new(),
        }
    }

    /// Leaves a sign of life, unless there is a fresh one: whoever goes on after a kill has to know when something may have
    /// left, even if the records are far behind.
    fn heartbeat(&self) {
        if self.beaten.get().is_none_or(|at| at.elapsed() >= BEAT) {
            self.folder.heartbeat();
            self.beaten.set(Some(Instant::now()));
        }
    }

    /// Whether these users stand there now, so that requests that name them may leave.
    pub fn log_before_send(&self, users: &[UserIndex]) -> bool {
        self.heartbeat();
        // Nothing panics in the middle of a record: it would be cut off.
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = ahead.log_before_send(users) else {
            return true;
        };
        // Only the first says why.
        let _ = self.error.set(error);
        false
    }

    /// Why writing ended early, if it did.
    pub fn into_error(self) -> Option<io::Error> {
        self.error.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AbsentUsers, Mode, PlannedChanges};
    use crate::roster::tests::{holdings, roster};
    use crate::run::NewRunFolder;
    use crate::settings::SyncMode;

    #[test]
    fn what_cannot_be_written_down_may_not_leave() {
        let parent = tempfile::tempdir().unwrap();
        let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
        let current = holdings("userId,code\na,PMD\nb,PMD\n");
        let wanted = roster("userId,code\na,IDU\nb,IDU\n");
        let current = Some((&current, AbsentUsers::Unknown));
        let proposal = PlannedChanges::new(wanted, current, Mode::Replace, None);
        let (a, b) = (UserIndex::from_index(0), UserIndex::from_index(1));
        let ahead = WriteAheadLog::create(&folder, &proposal, SyncMode::EverySecond).unwrap();
        let ahead = Mutex::new(ahead);
        let write_ahead = WriteAheadGate::new(&ahead, &folder);

        assert!(write_ahead.log_before_send(&[a]));
        ahead.lock().unwrap().fail_writes(&folder);
        // What stands there already need not be written again.
        assert!(write_ahead.log_before_send(&[a]));
        assert!(!write_ahead.log_before_send(&[b]));
        assert!(write_ahead.into_error().is_some());
    }

    #[test]
    fn before_a_request_leaves_there_is_a_sign_of_life() {
        let parent = tempfile::tempdir().unwrap();
        let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
        let proposal =
            PlannedChanges::new(roster("userId,code\na,IDU\n"), None, Mode::Replace, None);
        let ahead = WriteAheadLog::create(&folder, &proposal, SyncMode::EverySecond).unwrap();
        let ahead = Mutex::new(ahead);
        let lock = folder.path().join("lock");
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        std::fs::File::open(&lock)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        assert!(WriteAheadGate::new(&ahead, &folder).log_before_send(&[UserIndex::from_index(0)]));
        let last_alive = std::fs::metadata(&lock).unwrap().modified().unwrap();
        assert!(last_alive.elapsed().unwrap() < Duration::from_secs(60));
    }
}
