//! What is written before a request is sent: the users that it names, and what they had.

use std::collections::HashSet;
use std::fs::File;
use std::io;

use serde::{Deserialize, Serialize};

use super::csv_log::CsvLog;
use super::undo::Undo;
use super::user_set::UserSet;
use super::{RunFileError, RunFolder, UserStates};
use crate::plan::PlannedChanges;
use crate::roster::{Assignments, UserIndex};
use crate::settings::SyncMode;

const ATTEMPTED: &str = "attempted.csv";

/// A range of users whom a request has named, by their places in the order in which the input first names users.
#[derive(Debug, Default, Serialize, Deserialize)]
struct AttemptedRow {
    first: u32,
    last: u32,
}

impl AttemptedRow {
    /// `users` follow each other.
    fn of(users: &[UserIndex]) -> Self {
        let place = |user: UserIndex| {
            u32::try_from(user.index()).expect("a user's index is made from 32 bits")
        };
        Self {
            first: place(users[0]),
            last: place(users[users.len() - 1]),
        }
    }

    fn users(&self, assignments: &Assignments) -> Result<Vec<UserIndex>, RunFileError> {
        if self.first > self.last {
            let source = io::Error::new(io::ErrorKind::InvalidData, "the last comes first");
            return Err(RunFileError::damaged(ATTEMPTED)(source.into()));
        }
        if self.last as usize >= assignments.len() {
            return Err(RunFileError::UnknownUser {
                file: ATTEMPTED,
                user: self.last.to_string(),
            });
        }
        let places = self.first..=self.last;
        Ok(places
            .map(|place| UserIndex::from_index(place as usize))
            .collect())
    }
}

/// Records the users of each request before it is sent. A resumed run knows by it to whom a request may have been
/// applied.
pub struct WriteAheadLog<'a> {
    assignments: &'a Assignments,
    attempted: CsvLog<AttemptedRow>,
    logged: UserSet,
    undo: Option<Undo<'a>>,
    sync: SyncMode,
}

impl<'a> WriteAheadLog<'a> {
    /// Creates the files of a new run.
    pub fn create(
        folder: &RunFolder,
        changes: &'a PlannedChanges,
        sync: SyncMode,
    ) -> Result<Self, RunFileError> {
        let assignments = &changes.roster.assignments;
        let undo = changes
            .current
            .as_ref()
            .map(|current| Undo::open(folder, assignments, current))
            .transpose()?;
        let mut attempted = CsvLog::open(&folder.path().join(ATTEMPTED))?;
        attempted.sync()?;
        Ok(Self {
            assignments,
            attempted,
            logged: UserSet::empty(assignments),
            undo,
            sync,
        })
    }

    /// Opens the files of a run that is resumed. Where `undo.csv` lacks users who may have been changed, it is
    /// completed.
    pub fn open(
        folder: &RunFolder,
        changes: &'a PlannedChanges,
        states: &UserStates,
        sync: SyncMode,
    ) -> Result<Self, RunFileError> {
        if !folder.path().join(ATTEMPTED).exists() {
            return Err(RunFileError::Missing { file: ATTEMPTED });
        }
        let mut log = Self::create(folder, changes, sync)?;
        for row in log.attempted.read()? {
            let row = row.map_err(RunFileError::damaged(ATTEMPTED))?;
            log.logged.extend(row.users(log.assignments)?);
        }
        if let Some(undo) = &mut log.undo {
            let users = log.assignments.sendable_users();
            let changed: Vec<_> = users
                .filter(|&user| log.logged.contains(user) && states.may_be_applied(user))
                .collect();
            undo.log_before_send(&changed)?;
            undo.sync()?;
        }
        Ok(log)
    }

    /// Users who are no success, and to whom a request may have been applied.
    pub fn possibly_applied(&self, states: &UserStates) -> HashSet<UserIndex> {
        let users = self.assignments.sendable_users();
        users
            .filter(|&user| self.logged.contains(user) && states.may_have_been_applied(user))
            .collect()
    }

    /// Records the users of a request. When this returns, the operating system has them; on an error, the request must
    /// not be sent.
    pub fn log_before_send(&mut self, users: &[UserIndex]) -> io::Result<()> {
        if let Some(undo) = &mut self.undo {
            undo.log_before_send(users)?;
        }
        let new = self.logged.missing(users);
        let ranges = new.chunk_by(|one, next| one.index() + 1 == next.index());
        self.attempted.append(ranges.map(AttemptedRow::of))?;
        self.logged.extend(new);
        match self.sync {
            SyncMode::Always => self.sync(),
            SyncMode::EverySecond => Ok(()),
        }
    }

    /// The files that the disk may lack a part of. The caller waits for the disk; from here on they count as complete.
    pub fn take_dirty_files(&mut self) -> io::Result<impl Iterator<Item = File> + use<>> {
        let attempted = self.attempted.take_dirty_file()?;
        let undo = self.undo.as_mut().map(Undo::take_dirty_file).transpose()?;
        Ok(attempted.into_iter().chain(undo.flatten()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.attempted.sync()?;
        self.undo.as_mut().map_or(Ok(()), Undo::sync)
    }

    pub fn into_undo(self) -> Option<Undo<'a>> {
        self.undo
    }
}

#[cfg(test)]
impl WriteAheadLog<'_> {
    /// Makes its files take nothing more, as if the disk were full.
    pub fn fail_writes(&mut self, folder: &RunFolder) {
        self.attempted.fail_writes(&folder.path().join(ATTEMPTED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AbsentUsers, CurrentTable, Mode};
    use crate::roster::tests::{current_licenses, roster};
    use crate::run::NewRunFolder;

    #[test]
    fn with_sync_always_users_are_on_disk_before_a_request_is_sent() {
        for (sync, is_synced) in [(SyncMode::Always, true), (SyncMode::EverySecond, false)] {
            let parent = tempfile::tempdir().unwrap();
            let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
            let current = current_licenses("userId,code\na,PMD\n");
            let current = Some(CurrentTable::new(current, AbsentUsers::Unknown));
            let wanted = roster("userId,code\na,IDU\n");
            let changes = PlannedChanges::new(wanted, current, Mode::Replace, None);
            let mut log = WriteAheadLog::create(&folder, &changes, sync).unwrap();
            log.log_before_send(&[UserIndex::from_index(0)]).unwrap();
            assert_eq!(
                log.take_dirty_files().unwrap().count() == 0,
                is_synced,
                "{sync:?}"
            );
        }
    }
}
