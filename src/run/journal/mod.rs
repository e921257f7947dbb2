//! The success and failure files: a row for every user and every bad row, written as soon as it is decided.
//!
//! They are the journal of the run: a user is decided when one of them has it. Each can be imported again, so user IDs
//! and codes are written as in the input, but for the mark that stops a spreadsheet from reading them as a formula.

mod rows;

use std::borrow::Borrow;
use std::collections::HashSet;
use std::io;

use jiff::Timestamp;
#[cfg(test)]
pub use rows::samples;
pub use rows::{AssignmentRow, RecordedFailure};
use rows::{FailureRow, RowWriter, SuccessRow};

use super::csv_log::{self, CsvLog};
use super::{RunFileError, RunFolder, UserStates};
use crate::outcome::{Decision, FailureKind};
use crate::roster::{Assignments, Roster, UserIndex};
use crate::sanitize::unescape_formula;

pub const SUCCESS: &str = "success.csv";
pub const FAILURES: &str = "failures.csv";
pub const PENDING: &str = "pending.csv";

/// The success and failure files of a run.
pub struct Journal {
    success: CsvLog<SuccessRow>,
    failures: CsvLog<FailureRow>,
}

impl Journal {
    /// Opens or creates both files, and reads the state of every user. Adds the roster's bad rows and skipped users
    /// that are not recorded yet.
    pub fn open(folder: &RunFolder, roster: &Roster) -> Result<(Self, UserStates), RunFileError> {
        let mut journal = Self {
            success: CsvLog::open(&folder.path().join(SUCCESS))?,
            failures: CsvLog::open(&folder.path().join(FAILURES))?,
        };
        let mut states = UserStates::new(roster.assignments.len());
        let recorded = journal.read(&roster.assignments, &mut states)?;
        journal.record_bad_rows(roster, &recorded, &mut states)?;
        journal.sync()?;
        Ok((journal, states))
    }

    /// Adds decisions. When this returns, the operating system has them.
    pub fn record(
        &mut self,
        assignments: &Assignments,
        decisions: &[impl Borrow<Decision>],
        at: Timestamp,
    ) -> io::Result<()> {
        let mut rows = RowWriter::new(assignments, at);
        let decisions = decisions.iter().map(Borrow::borrow);
        self.success.append(
            decisions
                .clone()
                .flat_map(|decision| rows.successes(decision)),
        )?;
        self.failures
            .append(decisions.flat_map(|decision| rows.failures(decision)))
    }

    /// Records decisions that dispatch has no part in.
    pub fn record_apart(
        &mut self,
        states: &mut UserStates,
        assignments: &Assignments,
        decisions: &[Decision],
    ) -> io::Result<()> {
        self.record(assignments, decisions, Timestamp::now())?;
        for decision in decisions {
            states.record(decision);
        }
        Ok(())
    }

    /// Waits until the disk has every record.
    pub fn sync(&mut self) -> io::Result<()> {
        self.success.sync()?;
        self.failures.sync()
    }

    #[cfg(test)]
    pub fn is_synced(&mut self) -> bool {
        let dirty = [
            self.success.take_dirty_file().unwrap(),
            self.failures.take_dirty_file().unwrap(),
        ];
        dirty.iter().all(Option::is_none)
    }

    /// Removes from the failure file what a later record supersedes: failed users who were sent again. On an error the
    /// file is as it was.
    pub fn remove_superseded(
        mut self,
        folder: &RunFolder,
        assignments: &Assignments,
        states: &UserStates,
    ) -> Result<(), RunFileError> {
        let mut rows: Vec<FailureRow> = Vec::new();
        for row in self.failures.read()? {
            rows.push(row.map_err(RunFileError::damaged(FAILURES))?);
        }
        // The last record of a user counts, and a success counts more than any failure.
        let mut seen = HashSet::new();
        let mut kept: Vec<_> = rows
            .into_iter()
            .rev()
            .filter(|row| {
                if row.outcome == FailureKind::Invalid.name() {
                    return true;
                }
                let user = assignments.find(unescape_formula(&row.user_id));
                user.is_some_and(|user| !states.is_success(user) && seen.insert(user))
            })
            .collect();
        kept.reverse();
        drop(self.failures);
        folder.replace(FAILURES, |out| csv_log::write_all(out, kept.into_iter()))?;
        Ok(())
    }

    /// The failure file of a run, without rows that cannot be parsed.
    pub fn read_failures(
        folder: &RunFolder,
    ) -> io::Result<impl Iterator<Item = RecordedFailure> + use<>> {
        let rows = csv_log::read_all::<FailureRow>(&folder.path().join(FAILURES))?;
        Ok(rows.filter_map(|row| row.ok()?.into_failure()))
    }

    /// Writes the users that are still to be sent.
    pub fn write_pending(
        folder: &RunFolder,
        assignments: &Assignments,
        users: impl Iterator<Item = UserIndex>,
    ) -> io::Result<()> {
        let rows = users.map(|user| AssignmentRow::requested(assignments, user));
        folder.replace(PENDING, |out| csv_log::write_all(out, rows))
    }

    /// Removes `pending.csv` of an earlier session.
    pub fn remove_pending(folder: &RunFolder) -> io::Result<()> {
        folder.remove(PENDING)
    }

    /// Reads both files. Gives the bad rows and skipped users that are recorded, by line.
    fn read(
        &mut self,
        assignments: &Assignments,
        states: &mut UserStates,
    ) -> Result<HashSet<(FailureKind, u32)>, RunFileError> {
        let mut preset = HashSet::new();
        for row in self.failures.read()? {
            let row = row.map_err(RunFileError::damaged(FAILURES))?;
            match FailureKind::parse(&row.outcome) {
                Some(kind @ (FailureKind::Invalid | FailureKind::Withheld)) => {
                    preset.insert((kind, row.line));
                    states.record_preset(kind);
                }
                Some(kind) => {
                    let user = find_user(assignments, &row.user_id, FAILURES)?;
                    states.record_failure(user, kind, row.applied);
                }
                None => {
                    return Err(RunFileError::UnknownUser {
                        file: FAILURES,
                        user: row.user_id,
                    });
                }
            }
        }
        for row in self.success.read()? {
            let row = row.map_err(RunFileError::damaged(SUCCESS))?;
            let user = find_user(assignments, &row.user_id, SUCCESS)?;
            states.record_success(user, row.was_sent());
        }
        Ok(preset)
    }

    fn record_bad_rows(
        &mut self,
        roster: &Roster,
        recorded: &HashSet<(FailureKind, u32)>,
        states: &mut UserStates,
    ) -> io::Result<()> {
        let assignments = &roster.assignments;
        let mut rows = RowWriter::new(assignments, Timestamp::now());
        let is_new = |kind, line| !recorded.contains(&(kind, line));
        let invalid = roster
            .bad_rows
            .iter()
            .filter(|bad| is_new(FailureKind::Invalid, bad.line))
            .inspect(|_| states.record_preset(FailureKind::Invalid))
            .map(|bad| rows.invalid(bad));
        self.failures.append(invalid)?;
        let skipped = roster
            .skipped
            .iter()
            .filter(|(user, _)| is_new(FailureKind::Withheld, assignments.line(*user)))
            .inspect(|_| states.record_preset(FailureKind::Withheld))
            .map(|&(user, reason)| rows.skipped(user, reason));
        self.failures.append(skipped)
    }
}

#[cfg(test)]
impl Journal {
    /// Makes a file take nothing more, as if the disk were full.
    pub fn fail_writes(&mut self, folder: &RunFolder, name: &str) {
        let path = folder.path().join(name);
        match name {
            SUCCESS => self.success.fail_writes(&path),
            _ => self.failures.fail_writes(&path),
        }
    }
}

/// The user of a cell.
pub fn find_user(
    assignments: &Assignments,
    user_id: &str,
    file: &'static str,
) -> Result<UserIndex, RunFileError> {
    assignments
        .find(unescape_formula(user_id))
        .ok_or_else(|| RunFileError::UnknownUser {
            file,
            user: user_id.to_owned(),
        })
}
