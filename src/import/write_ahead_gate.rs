//! Before a request is sent, its users and their current licences are on disk, and so is a heartbeat.

use std::cell::{Cell, OnceCell};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::roster::UserIndex;
use crate::run::{RunFolder, WriteAheadLog};

/// The greatest age of the heartbeat when a request is sent.
const HEARTBEAT_PERIOD: Duration = Duration::from_millis(250);

/// Logs what is about to change.
pub struct WriteAheadGate<'m, 'a> {
    log: &'m Mutex<WriteAheadLog<'a>>,
    folder: &'m RunFolder,
    last_heartbeat: Cell<Option<Instant>>,
    error: OnceCell<io::Error>,
}

impl<'m, 'a> WriteAheadGate<'m, 'a> {
    pub fn new(log: &'m Mutex<WriteAheadLog<'a>>, folder: &'m RunFolder) -> Self {
        Self {
            log,
            folder,
            last_heartbeat: Cell::new(None),
            error: OnceCell::new(),
        }
    }

    /// Whether these users are logged, so that a request that names them may be sent.
    pub fn log_before_send(&self, users: &[UserIndex]) -> bool {
        // A write ends whole or with an error, never with a panic.
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = self.heartbeat().and_then(|()| log.log_before_send(users)) else {
            return true;
        };
        // The first error is kept.
        let _ = self.error.set(error);
        false
    }

    /// A resumed run reads from the heartbeat when the last request may have been sent, even if the journal is far
    /// behind.
    fn heartbeat(&self) -> io::Result<()> {
        let last = self.last_heartbeat.get();
        if last.is_none_or(|at| at.elapsed() >= HEARTBEAT_PERIOD) {
            self.folder.heartbeat()?;
            self.last_heartbeat.set(Some(Instant::now()));
        }
        Ok(())
    }

    /// The reason why logging failed, if it did.
    pub fn into_error(self) -> Option<io::Error> {
        self.error.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AbsentUsers, CurrentTable, Mode, PlannedChanges};
    use crate::roster::tests::{current_licenses, roster};
    use crate::run::NewRunFolder;
    use crate::settings::SyncMode;

    #[test]
    fn a_request_that_cannot_be_logged_is_not_sent() {
        let parent = tempfile::tempdir().unwrap();
        let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
        let current = current_licenses("userId,code\na,PMD\nb,PMD\n");
        let wanted = roster("userId,code\na,IDU\nb,IDU\n");
        let current = Some(CurrentTable::new(current, AbsentUsers::Unknown));
        let changes = PlannedChanges::new(wanted, current, Mode::Replace, None);
        let (a, b) = (UserIndex::from_index(0), UserIndex::from_index(1));
        let log = WriteAheadLog::create(&folder, &changes, SyncMode::EverySecond).unwrap();
        let log = Mutex::new(log);
        let gate = WriteAheadGate::new(&log, &folder);

        assert!(gate.log_before_send(&[a]));
        log.lock().unwrap().fail_writes(&folder);
        // A logged user is not logged again.
        assert!(gate.log_before_send(&[a]));
        assert!(!gate.log_before_send(&[b]));
        assert!(gate.into_error().is_some());
    }

    #[test]
    fn there_is_a_heartbeat_before_a_request_is_sent() {
        let parent = tempfile::tempdir().unwrap();
        let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
        let changes =
            PlannedChanges::new(roster("userId,code\na,IDU\n"), None, Mode::Replace, None);
        let log = WriteAheadLog::create(&folder, &changes, SyncMode::EverySecond).unwrap();
        let log = Mutex::new(log);
        let lock = folder.path().join("lock");
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        std::fs::File::open(&lock)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        assert!(WriteAheadGate::new(&log, &folder).log_before_send(&[UserIndex::from_index(0)]));
        let heartbeat = std::fs::metadata(&lock).unwrap().modified().unwrap();
        assert!(heartbeat.elapsed().unwrap() < Duration::from_secs(60));
    }
}
