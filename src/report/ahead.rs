//! What is written before a request leaves: whom it names, and what they held.

use std::collections::HashSet;
use std::io;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::Standing;
use super::record_file::RecordFile;
use super::recorder::SYNC_PERIOD;
use super::undo::Undo;
use crate::plan::Proposal;
use crate::roster::{Assignments, UserIx};
use crate::run::RunFolder;
use crate::settings::SyncWhen;

/// The file's name.
const ATTEMPTED: &str = "attempted.csv";

/// A user whom a request has named, by its place in the order in which the input first names users.
#[derive(Debug, Default, Serialize, Deserialize)]
struct AttemptedRow {
    user: u32,
}

/// Writes down who is about to be sent, so that whoever goes on after a kill knows who may hold what was asked; and what
/// they held, where that is known.
pub struct Ahead<'a> {
    assignments: &'a Assignments,
    attempted: RecordFile<AttemptedRow>,
    /// By user, whether the file has it.
    has: Vec<bool>,
    undo: Option<Undo<'a>>,
    sync: SyncWhen,
    synced: Instant,
}

impl<'a> Ahead<'a> {
    /// Opens the files, or makes them.
    ///
    /// # Errors
    /// When one cannot be read or written, or names somebody whom the input does not.
    pub fn open(folder: &RunFolder, proposal: &'a Proposal, sync: SyncWhen) -> io::Result<Self> {
        let assignments = &proposal.roster.assignments;
        let mut attempted = RecordFile::<AttemptedRow>::open(&folder.path().join(ATTEMPTED))?;
        let mut has = vec![false; assignments.len()];
        for row in attempted.read()? {
            let place = row?.user as usize;
            let has = has.get_mut(place);
            *has.ok_or_else(|| damaged(ATTEMPTED))? = true;
        }
        attempted.sync()?;
        let holdings = proposal.holdings.as_ref();
        let undo = holdings.map(|holdings| Undo::open(folder, assignments, holdings));
        Ok(Self {
            assignments,
            attempted,
            has,
            undo: undo.transpose()?,
            sync,
            synced: Instant::now(),
        })
    }

    /// Users whom a request has named, and of whom no answer says what became of it.
    pub fn maybe_applied(&self, standing: &Standing) -> HashSet<UserIx> {
        let users = self.assignments.good_users();
        users
            .filter(|&user| self.has[user.index()] && standing.is_open(user))
            .collect()
    }

    /// A request is about to leave that names these users. When this returns, the operating system has it.
    ///
    /// # Errors
    /// When it cannot be written: then the request must not leave.
    pub fn about_to_send(&mut self, user_ids: &[String]) -> io::Result<()> {
        let users = user_ids.iter();
        let users: Vec<_> = users.filter_map(|id| self.assignments.find(id)).collect();
        if let Some(undo) = &mut self.undo {
            undo.about_to_send(&users)?;
        }
        let is_new = |user: &&UserIx| !self.has[user.index()];
        let new: Vec<_> = users.iter().filter(is_new).copied().collect();
        let row = |user: &UserIx| AttemptedRow {
            user: u32::try_from(user.index()).expect("as it was made"),
        };
        self.attempted.append(new.iter().map(row))?;
        for user in new {
            self.has[user.index()] = true;
        }
        if self.sync == SyncWhen::Always || self.synced.elapsed() >= SYNC_PERIOD {
            self.attempted.sync()?;
            if let Some(undo) = &mut self.undo {
                undo.sync()?;
            }
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// What users held, where that is known.
    pub fn into_undo(self) -> Option<Undo<'a>> {
        self.undo
    }
}

/// A file of the run folder that somebody else has written to.
pub(super) fn damaged(file: &str) -> io::Error {
    io::Error::other(format!(
        "{file} is damaged\n  to do: import pending.csv and failures.csv, or the input again; to allocate twice is harmless"
    ))
}

#[cfg(test)]
impl Ahead<'_> {
    /// From here on its files take nothing more, as if the disk were full.
    pub(crate) fn shut(&mut self, folder: &RunFolder) {
        self.attempted.shut(&folder.path().join(ATTEMPTED));
    }
}
