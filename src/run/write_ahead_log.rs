//! What is written before a request leaves: whom it names, and what they held.

use std::collections::HashSet;
use std::fs::File;
use std::io;

use serde::{Deserialize, Serialize};

use crate::plan::PlannedChanges;
use crate::roster::{Assignments, UserIndex};
use crate::run::RunFolder;
use crate::run::csv_log::CsvLog;
use crate::run::undo::Undo;
use crate::run::{RunFileError, UserStates};
use crate::settings::SyncMode;

/// The file's name.
const ATTEMPTED: &str = "attempted.csv";

/// Users whom a request has named, by their places in the order in which the input first names users: those from the first
/// to the last.
#[derive(Debug, Default, Serialize, Deserialize)]
struct AttemptedRow {
    first: u32,
    last: u32,
}

impl AttemptedRow {
    /// Users who follow each other.
    fn of(users: &[UserIndex]) -> Self {
        let place = |user: UserIndex| u32::try_from(user.index()).expect("as it was made");
        Self {
            first: place(users[0]),
            last: place(users[users.len() - 1]),
        }
    }
}

/// Writes down who is about to be sent, so that whoever goes on after a kill knows who may hold what was asked; and what
/// they held, where that is known.
pub struct WriteAheadLog<'a> {
    assignments: &'a Assignments,
    attempted: CsvLog<AttemptedRow>,
    written: UserSet,
    undo: Option<Undo<'a>>,
    sync: SyncMode,
}

impl<'a> WriteAheadLog<'a> {
    /// Makes the files of a run that begins.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn create(
        folder: &RunFolder,
        proposal: &'a PlannedChanges,
        sync: SyncMode,
    ) -> Result<Self, RunFileError> {
        let assignments = &proposal.roster.assignments;
        let holdings = proposal.holdings.as_ref();
        let undo = holdings.map(|holdings| Undo::open(folder, assignments, holdings));
        let mut attempted = CsvLog::open(&folder.path().join(ATTEMPTED))?;
        attempted.sync()?;
        Ok(Self {
            assignments,
            attempted,
            written: UserSet::none_of(assignments),
            undo: undo.transpose()?,
            sync,
        })
    }

    /// Opens the files of a run that goes on. What users held who may have been changed is written again where it is gone.
    ///
    /// # Errors
    /// When one is missing, cannot be read or written, or names somebody whom the input does not.
    pub fn open(
        folder: &RunFolder,
        proposal: &'a PlannedChanges,
        standing: &UserStates,
        sync: SyncMode,
    ) -> Result<Self, RunFileError> {
        if !folder.path().join(ATTEMPTED).exists() {
            return Err(RunFileError::Missing { file: ATTEMPTED });
        }
        let mut this = Self::create(folder, proposal, sync)?;
        for row in this.attempted.read()? {
            let AttemptedRow { first, last } = row.map_err(|source| RunFileError::Damaged {
                file: ATTEMPTED,
                source,
            })?;
            if first > last {
                let what = io::Error::new(io::ErrorKind::InvalidData, "the last comes first");
                return Err(RunFileError::Damaged {
                    file: ATTEMPTED,
                    source: what.into(),
                });
            }
            if last as usize >= this.assignments.len() {
                return Err(RunFileError::UnknownUser {
                    file: ATTEMPTED,
                    user: last.to_string(),
                });
            }
            for place in first..=last {
                this.written.mark(UserIndex::from_index(place as usize));
            }
        }
        if let Some(undo) = &mut this.undo {
            let users = this.assignments.sendable_users();
            let changed: Vec<_> = users
                .filter(|&user| this.written.has(user) && standing.may_be_applied(user))
                .collect();
            undo.about_to_send(&changed)?;
            undo.sync()?;
        }
        Ok(this)
    }

    /// Users whom a request has named, and who may hold what was asked though they are no success.
    pub fn possibly_applied(&self, standing: &UserStates) -> HashSet<UserIndex> {
        let users = self.assignments.sendable_users();
        users
            .filter(|&user| self.written.has(user) && standing.may_have_been_applied(user))
            .collect()
    }

    /// A request is about to leave that names these users. When this returns, the operating system has it.
    ///
    /// # Errors
    /// When it cannot be written: then the request must not leave.
    pub fn log_before_send(&mut self, users: &[UserIndex]) -> io::Result<()> {
        if let Some(undo) = &mut self.undo {
            undo.about_to_send(users)?;
        }
        let new = self.written.missing(users);
        let stretches = new.chunk_by(|one, next| one.index() + 1 == next.index());
        self.attempted.append(stretches.map(AttemptedRow::of))?;
        for user in new {
            self.written.mark(user);
        }
        match self.sync {
            SyncMode::Always => self.sync(),
            SyncMode::EverySecond => Ok(()),
        }
    }

    /// What the disk may lack: whoever takes it waits for the disk, so that nobody else has to.
    ///
    /// # Errors
    /// When there can be no second handle of a file.
    pub fn take_unsynced(&mut self) -> io::Result<impl Iterator<Item = File> + use<>> {
        let attempted = self.attempted.take_unsynced()?;
        let undo = self.undo.as_mut().map(Undo::take_unsynced).transpose()?;
        Ok(attempted.into_iter().chain(undo.flatten()))
    }

    /// Waits until the disk has it.
    fn sync(&mut self) -> io::Result<()> {
        self.attempted.sync()?;
        self.undo.as_mut().map_or(Ok(()), Undo::sync)
    }

    /// What users held, where that is known.
    pub fn into_undo(self) -> Option<Undo<'a>> {
        self.undo
    }
}

/// By user, whether a file has it.
pub struct UserSet(Vec<bool>);

impl UserSet {
    pub fn none_of(assignments: &Assignments) -> Self {
        Self(vec![false; assignments.len()])
    }

    pub fn has(&self, user: UserIndex) -> bool {
        self.0[user.index()]
    }

    pub fn mark(&mut self, user: UserIndex) {
        self.0[user.index()] = true;
    }

    /// Those of the users whom the file lacks.
    pub fn missing(&self, users: &[UserIndex]) -> Vec<UserIndex> {
        let users = users.iter().copied();
        users.filter(|&user| !self.has(user)).collect()
    }
}

#[cfg(test)]
impl WriteAheadLog<'_> {
    /// From here on its files take nothing more, as if the disk were full.
    pub fn shut(&mut self, folder: &RunFolder) {
        self.attempted.shut(&folder.path().join(ATTEMPTED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AbsentUsers, Mode};
    use crate::roster::tests::{holdings, roster};

    #[test]
    fn with_sync_always_the_disk_has_it_before_a_request_leaves() {
        for (sync, waits) in [(SyncMode::Always, true), (SyncMode::EverySecond, false)] {
            let parent = tempfile::tempdir().unwrap();
            let folder = RunFolder::create(&parent.path().join("run")).unwrap();
            let current = holdings("userId,code\na,PMD\n");
            let current = Some((&current, AbsentUsers::Unknown));
            let wanted = roster("userId,code\na,IDU\n");
            let proposal = PlannedChanges::new(wanted, current, Mode::Replace, None);
            let mut ahead = WriteAheadLog::create(&folder, &proposal, sync).unwrap();
            ahead.log_before_send(&[UserIndex::from_index(0)]).unwrap();
            assert_eq!(
                ahead.take_unsynced().unwrap().count() == 0,
                waits,
                "{sync:?}"
            );
        }
    }
}
