//! `undo.csv`: what users held before the run changed it, to be imported if it shall be so again.

use std::io;
use std::path::Path;
use std::time::Instant;

use super::journal::PlainRow;
use super::record_file::{self, RecordFile};
use super::recorder::SYNC_PERIOD;
use super::{Standing, counted};
use crate::outcome::FailureKind;
use crate::plan::{Fate, Holdings, Proposal};
use crate::roster::{Assignments, BundleSets, UserIx};
use crate::run::RunFolder;
use crate::settings::SyncWhen;
use crate::text::unguard;

const UNDO: &str = "undo.csv";

/// Writes down what users hold, before it is changed.
pub struct Undo<'a> {
    file: RecordFile<PlainRow>,
    /// By user, whether the file has it.
    has: Vec<bool>,
    assignments: &'a Assignments,
    holdings: &'a Holdings,
    sync: SyncWhen,
    synced: Instant,
}

impl<'a> Undo<'a> {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it cannot be read or written, or names somebody whom the input does not.
    pub fn open(
        folder: &RunFolder,
        assignments: &'a Assignments,
        holdings: &'a Holdings,
        sync: SyncWhen,
    ) -> io::Result<Self> {
        let mut file = RecordFile::<PlainRow>::open(&folder.path().join(UNDO))?;
        let mut has = vec![false; assignments.len()];
        for row in file.read()? {
            let user = assignments.find(unguard(&row?.user_id));
            let user = user.ok_or_else(|| io::Error::other(format!("{UNDO} is damaged")))?;
            has[user.index()] = true;
        }
        file.sync()?;
        Ok(Self {
            file,
            has,
            assignments,
            holdings,
            sync,
            synced: Instant::now(),
        })
    }

    /// A request is about to leave that names these users. When this returns, the operating system has what they hold,
    /// as far as it is known.
    ///
    /// # Errors
    /// When it cannot be written: then the request must not leave.
    pub fn about_to_send(&mut self, user_ids: &[String]) -> io::Result<()> {
        let (all, holdings) = (self.assignments, self.holdings);
        let new: Vec<UserIx> = user_ids
            .iter()
            .filter_map(|user_id| all.find(user_id))
            .filter(|user| !self.has[user.index()])
            .collect();
        let row = |&user: &UserIx| {
            let held = holdings.of(user)?;
            Some(PlainRow::new(all, user, held.set, held.external))
        };
        self.file.append(new.iter().filter_map(row))?;
        if self.sync == SyncWhen::Always || self.synced.elapsed() >= SYNC_PERIOD {
            self.file.sync()?;
            self.synced = Instant::now();
        }
        for user in new {
            self.has[user.index()] = true;
        }
        Ok(())
    }

    /// At the end of a run: takes out those for whom surely nothing has changed.
    ///
    /// # Errors
    /// When the file cannot be read or replaced; then it is as it was.
    pub fn drop_unchanged(mut self, folder: &RunFolder, standing: &Standing) -> io::Result<()> {
        let mut kept = Vec::new();
        for row in self.file.read()? {
            let row = row?;
            let user = self.assignments.find(unguard(&row.user_id));
            if user.is_some_and(|user| may_have_changed(standing, user)) {
                kept.push(row);
            }
        }
        folder.replace(UNDO, |out| record_file::write_all(out, kept.into_iter()))
    }
}

/// Whether something may have changed for a user that a request has named.
fn may_have_changed(standing: &Standing, user: UserIx) -> bool {
    match standing.failure(user) {
        // A success, or pending: then nobody knows.
        None => true,
        Some(FailureKind::Unknown | FailureKind::Unconfirmed) => true,
        // A refused request changes nothing (API.md, "What the document does not say", 2).
        Some(
            FailureKind::Conflict
            | FailureKind::NotFound
            | FailureKind::Rejected
            | FailureKind::Unavailable
            | FailureKind::Invalid
            | FailureKind::Withheld,
        ) => false,
    }
}

/// What importing `undo.csv` would put back, and what not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayBack {
    held_something: u64,
    held_nothing: u64,
    unknown: u64,
}

impl WayBack {
    /// Counts the users who were changed; none where it is not known what users held.
    pub fn new(proposal: &Proposal, standing: &Standing) -> Option<Self> {
        let holdings = proposal.holdings.as_ref()?;
        let mut way_back = Self {
            held_something: 0,
            held_nothing: 0,
            unknown: 0,
        };
        for user in standing.successes(&proposal.roster.assignments) {
            match (proposal.fate(user), holdings.of(user)) {
                (Fate::HoldsAlready, _) => {}
                (_, None) => way_back.unknown += 1,
                (_, Some(held)) if held.set == BundleSets::EMPTY => way_back.held_nothing += 1,
                (_, Some(_)) => way_back.held_something += 1,
            }
        }
        Some(way_back)
    }

    /// How to go back, in some lines.
    pub fn words(&self, folder: &Path) -> String {
        let mut words = format!(
            "undo: importing {} puts back what {} held",
            folder.join(UNDO).display(),
            counted(self.held_something, "user")
        );
        for (users, why) in [
            (
                self.held_nothing,
                "held nothing: an import cannot take all licences away, the portal can",
            ),
            (
                self.unknown,
                "not in the file of --current, so nobody knows what they held",
            ),
        ] {
            if users > 0 {
                words.push_str(&format!(
                    "\n  not put back: {}: {why}",
                    counted(users, "user")
                ));
            }
        }
        words
    }
}

#[cfg(test)]
impl Undo<'_> {
    /// From here on the file takes nothing more, as if the disk were full.
    pub(crate) fn shut(&mut self, folder: &RunFolder) {
        self.file.shut(&folder.path().join(UNDO));
    }
}
