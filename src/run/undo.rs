//! `undo.csv`: what users held before the run changed it, to be imported if it shall be so again.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::humanize::count_of;
use crate::plan::{Action, CurrentLicenses, PlannedChanges};
use crate::roster::{Assignments, UserIndex};
use crate::run::RunFolder;
use crate::run::csv_log::{self, CsvLog};
use crate::run::journal::AssignmentRow;
use crate::run::write_ahead_log::UserSet;
use crate::run::{RunFileError, UserStates};
use crate::sanitize::unescape_formula;

pub const UNDO: &str = "undo.csv";

/// Writes down what users hold, before it is changed.
pub struct Undo<'a> {
    file: CsvLog<AssignmentRow>,
    written: UserSet,
    assignments: &'a Assignments,
    holdings: &'a CurrentLicenses,
}

impl<'a> Undo<'a> {
    pub fn open(
        folder: &RunFolder,
        assignments: &'a Assignments,
        holdings: &'a CurrentLicenses,
    ) -> Result<Self, RunFileError> {
        let mut file = CsvLog::<AssignmentRow>::open(&folder.path().join(UNDO))?;
        let mut written = UserSet::none_of(assignments);
        for row in file.read()? {
            let row = row.map_err(|source| RunFileError::Damaged { file: UNDO, source })?;
            let user = assignments.find(unescape_formula(&row.user_id));
            let stranger = || RunFileError::UnknownUser {
                file: UNDO,
                user: row.user_id.clone(),
            };
            written.mark(user.ok_or_else(stranger)?);
        }
        file.sync()?;
        Ok(Self {
            file,
            written,
            assignments,
            holdings,
        })
    }

    /// Adds what these users hold, as far as it is known and does not stand there yet.
    pub fn about_to_send(&mut self, users: &[UserIndex]) -> io::Result<()> {
        let (all, holdings) = (self.assignments, self.holdings);
        let new = self.written.missing(users);
        let row = |&user: &UserIndex| {
            let held = holdings.of(user)?;
            Some(AssignmentRow::new(all, user, held.set, held.external))
        };
        self.file.append(new.iter().filter_map(row))?;
        for user in new {
            self.written.mark(user);
        }
        Ok(())
    }

    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    pub fn take_unsynced(&mut self) -> io::Result<Option<File>> {
        self.file.take_unsynced()
    }

    /// At the end of a run: takes out those for whom surely nothing has changed. Gives what importing the file puts back.
    ///
    /// # Errors
    /// When the file cannot be read or replaced; then it is as it was.
    pub fn finish(
        mut self,
        folder: &RunFolder,
        proposal: &PlannedChanges,
        standing: &UserStates,
    ) -> io::Result<UndoSummary> {
        let assignments = self.assignments;
        let is_kept = |row: &AssignmentRow| {
            let user = assignments.find(unescape_formula(&row.user_id));
            user.is_some_and(|user| standing.may_be_applied(user))
        };
        let mut way_back = UndoSummary::default();
        let mut drops_any = false;
        for row in self.file.read()? {
            let row = row?;
            match (is_kept(&row), row.holds_nothing()) {
                (true, true) => way_back.held_nothing += 1,
                (true, false) => way_back.held_something += 1,
                (false, _) => drops_any = true,
            }
        }
        if drops_any {
            // It has been read to its end, so every record can be.
            let rows = self.file.read()?.filter_map(Result::ok);
            folder.replace(UNDO, |out| csv_log::write_all(out, rows.filter(is_kept)))?;
        }
        let sent = standing.successes(assignments);
        let sent = sent.filter(|&user| proposal.action(user) != Action::AlreadyAssigned);
        let unknown = sent.filter(|&user| self.holdings.of(user).is_none());
        way_back.unknown = unknown.count() as u64;
        Ok(way_back)
    }
}

/// How many users importing `undo.csv` would put back, and how many not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UndoSummary {
    held_something: u64,
    held_nothing: u64,
    unknown: u64,
}

impl UndoSummary {
    /// Nobody was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How to go back, in some lines. `allowed_codes` are those that importing must let through as well.
    pub fn words(&self, folder: &Path, allowed_codes: &[String]) -> String {
        let with = match allowed_codes {
            [] => String::new(),
            codes => format!(" with --allow-code {}", codes.join(",")),
        };
        let mut words = format!(
            "undo: importing {}{with} puts back what {} held",
            folder.join(UNDO).display(),
            count_of(self.held_something, "user")
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
                    count_of(users, "user")
                ));
            }
        }
        words
    }
}
