//! Whom a request names, and what they hold, is on disk before it leaves.

use std::cell::OnceCell;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::report::Ahead;
use crate::roster::UserIx;

/// Writes down what is about to change.
pub(super) struct WriteAhead<'m, 'a> {
    ahead: &'m Mutex<Ahead<'a>>,
    error: OnceCell<io::Error>,
}

impl<'m, 'a> WriteAhead<'m, 'a> {
    pub(super) fn new(ahead: &'m Mutex<Ahead<'a>>) -> Self {
        Self {
            ahead,
            error: OnceCell::new(),
        }
    }

    /// Whether these users stand there now, so that a request that names them may leave.
    pub(super) fn write(&self, users: &[UserIx]) -> bool {
        // Nothing panics in the middle of a record: it would be cut off.
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = ahead.about_to_send(users) else {
            return true;
        };
        // Only the first says why.
        let _ = self.error.set(error);
        false
    }

    /// Why writing ended early, if it did.
    pub(super) fn into_error(self) -> Option<io::Error> {
        self.error.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Absent, Mode, Proposal};
    use crate::roster::tests::{holdings, roster};
    use crate::run::RunFolder;
    use crate::settings::SyncWhen;

    #[test]
    fn what_cannot_be_written_down_may_not_leave() {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&parent.path().join("run")).unwrap();
        let current = holdings("userId,code\na,PMD\nb,PMD\n");
        let wanted = roster("userId,code\na,IDU\nb,IDU\n");
        let current = Some((&current, Absent::Unknown));
        let proposal = Proposal::new(wanted, current, Mode::Replace, None);
        let (a, b) = (UserIx::from_index(0), UserIx::from_index(1));
        let ahead = Ahead::begin(&folder, &proposal, SyncWhen::EverySecond).unwrap();
        let ahead = Mutex::new(ahead);
        let write_ahead = WriteAhead::new(&ahead);

        assert!(write_ahead.write(&[a]));
        ahead.lock().unwrap().shut(&folder);
        // What stands there already need not be written again.
        assert!(write_ahead.write(&[a]));
        assert!(!write_ahead.write(&[b]));
        assert!(write_ahead.into_error().is_some());
    }
}
