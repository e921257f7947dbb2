//! `undo.csv`: what users had before the run changed it. Importing the file restores it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use super::csv_log::{self, CsvLog};
use super::journal::{AssignmentRow, find_user};
use super::user_set::UserSet;
use super::{RunFileError, RunFolder, UserStates};
use crate::catalog;
use crate::humanize::count_of;
use crate::plan::{Action, CurrentLicenses, PlannedChanges};
use crate::roster::{Assignments, UserIndex};
use crate::sanitize::{shell_quote, unescape_formula};

pub const UNDO: &str = "undo.csv";

/// Records what users have before it is changed.
pub struct Undo<'a> {
    file: CsvLog<AssignmentRow>,
    recorded: UserSet,
    assignments: &'a Assignments,
    current: &'a CurrentLicenses,
}

impl<'a> Undo<'a> {
    pub fn open(
        folder: &RunFolder,
        assignments: &'a Assignments,
        current: &'a CurrentLicenses,
    ) -> Result<Self, RunFileError> {
        let mut file = CsvLog::<AssignmentRow>::open(&folder.path().join(UNDO))?;
        let mut recorded = UserSet::empty(assignments);
        for row in file.read()? {
            let row = row.map_err(RunFileError::damaged(UNDO))?;
            recorded.insert(find_user(assignments, &row.user_id, UNDO)?);
        }
        file.sync()?;
        Ok(Self {
            file,
            recorded,
            assignments,
            current,
        })
    }

    /// Adds what these users have, where that is known and not yet recorded.
    pub fn log_before_send(&mut self, users: &[UserIndex]) -> io::Result<()> {
        let (assignments, current) = (self.assignments, self.current);
        let new = self.recorded.missing(users);
        let row = |&user: &UserIndex| {
            let licenses = current.of(user)?;
            Some(AssignmentRow::before(assignments, user, licenses))
        };
        self.file.append(new.iter().filter_map(row))?;
        self.recorded.extend(new);
        Ok(())
    }

    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    pub fn take_dirty_file(&mut self) -> io::Result<Option<File>> {
        self.file.take_dirty_file()
    }

    /// At the end of a run: removes the users for whom certainly nothing has changed. On an error the file is as it
    /// was.
    pub fn finish(
        mut self,
        folder: &RunFolder,
        changes: &PlannedChanges,
        states: &UserStates,
    ) -> io::Result<UndoSummary> {
        let assignments = self.assignments;
        let is_kept = |row: &AssignmentRow| {
            let user = assignments.find(unescape_formula(&row.user_id));
            user.is_some_and(|user| states.may_be_applied(user))
        };
        let mut summary = UndoSummary::default();
        let mut drops_any = false;
        for row in self.file.read()? {
            let row = row?;
            if is_kept(&row) {
                summary.add(&row);
            } else {
                drops_any = true;
            }
        }
        if drops_any {
            // The loop above has read every record, so none is lost here.
            let rows = self.file.read()?.filter_map(Result::ok);
            let kept = folder.stage(UNDO, |out| csv_log::write_all(out, rows.filter(is_kept)))?;
            drop(self.file);
            kept.replace()?;
        }
        summary.unknown = states
            .successes(assignments)
            .filter(|&user| changes.action(user) != Action::AlreadyAssigned)
            .filter(|&user| self.current.of(user).is_none())
            .count() as u64;
        Ok(summary)
    }
}

/// How many users importing `undo.csv` restores, and how many it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndoSummary {
    restorable: u64,
    had_none: u64,
    unknown: u64,
    /// Codes of the file that an import does not accept by itself: the service may know newer ones.
    new_codes: BTreeSet<String>,
}

impl UndoSummary {
    /// No user was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, row: &AssignmentRow) {
        if row.is_removal() {
            self.had_none += 1;
            return;
        }
        self.restorable += 1;
        let new_codes = row.codes().filter(|code| catalog::find(code).is_none());
        self.new_codes.extend(new_codes.map(ToOwned::to_owned));
    }

    /// How to undo the run, in some lines.
    pub fn text(&self, folder: &Path) -> String {
        let mut flags = Vec::new();
        if self.had_none > 0 {
            flags.push("--allow-removal".to_owned());
        }
        if !self.new_codes.is_empty() {
            let codes: Vec<_> = self.new_codes.iter().map(String::as_str).collect();
            flags.push(format!("--allow-code {}", codes.join(",")));
        }
        let with = match flags.as_slice() {
            [] => String::new(),
            flags => format!(" with {}", flags.join(" ")),
        };
        let mut text = format!(
            "undo: import {}{with} to restore the licences of {}",
            shell_quote(&folder.join(UNDO)),
            count_of(self.restorable + self.had_none, "user")
        );
        if self.had_none > 0 {
            let users = count_of(self.had_none, "user");
            text.push_str(&format!(
                "\n  of them, {users} had no licences and will be removed"
            ));
        }
        if self.unknown > 0 {
            let users = count_of(self.unknown, "user");
            text.push_str(&format!(
                "\n  not restored: {users} whose licences before the run are unknown"
            ));
        }
        text
    }
}

/// How to undo a run, for the snapshot of all messages.
#[cfg(test)]
pub fn sample() -> crate::diagnostic::Sample {
    let summary = UndoSummary {
        restorable: 1200,
        had_none: 40,
        unknown: 1,
        new_codes: BTreeSet::from(["NEWCODE".to_owned()]),
    };
    crate::diagnostic::Sample::text(summary.text(Path::new("run")))
}
