//! `undo.csv`: what users held before the run changed it, to be imported if it shall be so again.

use std::io;
use std::path::Path;

use super::ahead::damaged;
use super::journal::PlainRow;
use super::record_file::{self, RecordFile};
use super::{Standing, counted};
use crate::plan::{Fate, Holdings, Proposal};
use crate::roster::{Assignments, UserIx};
use crate::run::RunFolder;
use crate::text::unguard;

const UNDO: &str = "undo.csv";

/// Writes down what users hold, before it is changed.
pub struct Undo<'a> {
    file: RecordFile<PlainRow>,
    /// By user, whether the file has it.
    has: Vec<bool>,
    assignments: &'a Assignments,
    holdings: &'a Holdings,
}

impl<'a> Undo<'a> {
    pub(super) fn open(
        folder: &RunFolder,
        assignments: &'a Assignments,
        holdings: &'a Holdings,
    ) -> io::Result<Self> {
        let mut file = RecordFile::<PlainRow>::open(&folder.path().join(UNDO))?;
        let mut has = vec![false; assignments.len()];
        for row in file.read()? {
            let user = assignments.find(unguard(&row?.user_id));
            has[user.ok_or_else(|| damaged(UNDO))?.index()] = true;
        }
        file.sync()?;
        Ok(Self {
            file,
            has,
            assignments,
            holdings,
        })
    }

    /// Adds what these users hold, as far as it is known and does not stand there yet.
    pub(super) fn about_to_send(&mut self, users: &[UserIx]) -> io::Result<()> {
        let (all, holdings) = (self.assignments, self.holdings);
        let is_new = |user: &&UserIx| !self.has[user.index()];
        let new: Vec<_> = users.iter().filter(is_new).copied().collect();
        let row = |&user: &UserIx| {
            let held = holdings.of(user)?;
            Some(PlainRow::new(all, user, held.set, held.external))
        };
        self.file.append(new.iter().filter_map(row))?;
        for user in new {
            self.has[user.index()] = true;
        }
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// At the end of a run: takes out those for whom surely nothing has changed. Gives what importing the file puts back.
    ///
    /// # Errors
    /// When the file cannot be read or replaced; then it is as it was.
    pub fn conclude(
        mut self,
        folder: &RunFolder,
        proposal: &Proposal,
        standing: &Standing,
    ) -> io::Result<WayBack> {
        let mut kept = Vec::new();
        let mut way_back = WayBack::default();
        for row in self.file.read()? {
            let row = row?;
            let user = self.assignments.find(unguard(&row.user_id));
            if user.is_some_and(|user| standing.may_be_applied(user)) {
                match row.holds_nothing() {
                    true => way_back.held_nothing += 1,
                    false => way_back.held_something += 1,
                }
                kept.push(row);
            }
        }
        folder.replace(UNDO, |out| record_file::write_all(out, kept.into_iter()))?;
        let sent = standing.successes(self.assignments);
        let sent = sent.filter(|&user| proposal.fate(user) != Fate::HoldsAlready);
        way_back.unknown = sent
            .filter(|&user| self.holdings.of(user).is_none())
            .count() as u64;
        Ok(way_back)
    }
}

/// How many users importing `undo.csv` would put back, and how many not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WayBack {
    held_something: u64,
    held_nothing: u64,
    unknown: u64,
}

impl WayBack {
    /// How to go back, in some lines. `allowed_codes` are those that importing must let through as well.
    pub fn words(&self, folder: &Path, allowed_codes: &[String]) -> String {
        let with = match allowed_codes {
            [] => String::new(),
            codes => format!(" with --allow-code {}", codes.join(",")),
        };
        let mut words = format!(
            "undo: importing {}{with} puts back what {} held",
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
