//! The CSV files: a row for every user and every bad row, written as it is decided.
//!
//! The success and failure files are also the journal of the run: what stands in them is decided. Each file can be
//! imported again, so user IDs and codes stand in them as the input has them, but for the mark that keeps a
//! spreadsheet from running them as a formula.

mod rows;

use std::borrow::Borrow;
use std::collections::HashSet;
use std::io;

use jiff::Timestamp;
pub use rows::{AssignmentRow, Failure};
use rows::{FailureRow, MAYBE, RowWriter, SENT, SuccessRow};

use crate::outcome::{Applied, Decision, FailureKind};
use crate::roster::{Assignments, Roster, UserIndex};
use crate::run::RunFolder;
use crate::run::UserStates;
use crate::run::csv_log::{self, CsvLog};
use crate::sanitize::unescape_formula;

pub const SUCCESS: &str = "success.csv";
pub const FAILURES: &str = "failures.csv";
pub const PENDING: &str = "pending.csv";

/// The success and failure files of a run.
pub struct Journal {
    success: CsvLog<SuccessRow>,
    read_failures: CsvLog<FailureRow>,
    /// Room for lines that are being made.
    lines: Vec<u8>,
}

/// Why a journal cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RunFileError {
    /// A file cannot be read or written.
    #[error("cannot read or write the reports")]
    Io(#[from] io::Error),
    /// A record cannot be understood.
    #[error(
        "{file} is damaged: a record in it cannot be understood\n  hint: import the input again; to allocate twice is harmless"
    )]
    Damaged {
        /// The file.
        file: &'static str,
        /// What is wrong.
        source: csv::Error,
    },
    /// A file that a run always has is gone.
    #[error(
        "{file} is missing, so nobody knows what the run has sent\n  hint: import the input again; to allocate twice is harmless"
    )]
    Missing {
        /// The file.
        file: &'static str,
    },
    /// A record is about nobody that the input names.
    #[error(
        "{file} names the user {user}, whom the input does not\n  hint: use the input that the run began with"
    )]
    UnknownUser {
        /// The file.
        file: &'static str,
        /// The user.
        user: String,
    },
}

impl Journal {
    /// Opens both files, makes them where they are missing, and reads how every user stands. Bad rows and
    /// withheld users of the roster that are not recorded yet are added.
    ///
    /// # Errors
    /// When a file cannot be read or written, or is not about this roster.
    pub fn open(folder: &RunFolder, roster: &Roster) -> Result<(Self, UserStates), RunFileError> {
        let mut journal = Self {
            success: CsvLog::open(&folder.path().join(SUCCESS))?,
            read_failures: CsvLog::open(&folder.path().join(FAILURES))?,
            lines: Vec::new(),
        };
        let mut standing = UserStates::new(roster.assignments.len());
        let recorded = journal.read(&roster.assignments, &mut standing)?;
        journal.record_bad_rows(roster, &recorded, &mut standing)?;
        journal.sync()?;
        Ok((journal, standing))
    }

    /// Adds what was decided. When this returns, the operating system has it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(
        &mut self,
        assignments: &Assignments,
        decisions: &[impl Borrow<Decision>],
        at: Timestamp,
    ) -> io::Result<()> {
        let mut rows = RowWriter::new(assignments, at);
        let decisions = decisions.iter().map(Borrow::borrow);
        self.lines.clear();
        for decision in decisions.clone() {
            rows.successes(decision, &mut self.lines)?;
        }
        self.success.append_lines(&self.lines)?;
        self.read_failures
            .append(decisions.flat_map(|decision| rows.failures(decision)))
    }

    /// Records what was decided before anything is sent.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record_unsent(
        &mut self,
        standing: &mut UserStates,
        assignments: &Assignments,
        decisions: &[Decision],
    ) -> io::Result<()> {
        self.record(assignments, decisions, Timestamp::now())?;
        for decision in decisions {
            standing.note(decision);
        }
        Ok(())
    }

    /// Waits until the disk has everything recorded.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn sync(&mut self) -> io::Result<()> {
        self.success.sync()?;
        self.read_failures.sync()
    }

    /// Whether the disk has everything recorded.
    #[cfg(test)]
    pub fn is_synced(&mut self) -> bool {
        let unsynced = [
            self.success.take_unsynced().unwrap(),
            self.read_failures.take_unsynced().unwrap(),
        ];
        unsynced.iter().all(Option::is_none)
    }

    /// Takes out of the failure file what a later record has overruled: failed users who were sent again.
    ///
    /// # Errors
    /// When the file cannot be read or replaced; then it is as it was.
    pub fn remove_superseded(
        mut self,
        folder: &RunFolder,
        assignments: &Assignments,
        standing: &UserStates,
    ) -> Result<(), RunFileError> {
        let damaged = |source| RunFileError::Damaged {
            file: FAILURES,
            source,
        };
        let mut rows: Vec<FailureRow> = Vec::new();
        for row in self.read_failures.read()? {
            rows.push(row.map_err(damaged)?);
        }
        // The last record of a user counts; a success counts more than any.
        let mut seen = HashSet::new();
        let mut kept: Vec<_> = rows
            .into_iter()
            .rev()
            .filter(|row| {
                if row.outcome == FailureKind::Invalid.name() {
                    return true;
                }
                let user = assignments.find(unescape_formula(&row.user_id));
                user.is_some_and(|user| !standing.is_success(user) && seen.insert(user))
            })
            .collect();
        kept.reverse();
        folder.replace(FAILURES, |out| csv_log::write_all(out, kept.into_iter()))?;
        Ok(())
    }

    /// What a run's failure file holds, but for what cannot be understood.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn failures(folder: &RunFolder) -> io::Result<impl Iterator<Item = Failure> + use<>> {
        let rows = csv_log::read_all::<FailureRow>(&folder.path().join(FAILURES))?;
        Ok(rows.filter_map(|row| row.ok()?.into_failure()))
    }

    /// Writes the users that are still to be imported.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_pending(
        folder: &RunFolder,
        assignments: &Assignments,
        users: impl Iterator<Item = UserIndex>,
    ) -> io::Result<()> {
        let rows = users.map(|user| AssignmentRow::wanted(assignments, user));
        folder.replace(PENDING, |out| csv_log::write_all(out, rows))
    }

    /// Takes away what an earlier part of the run wrote about users still to be imported.
    ///
    /// # Errors
    /// When it is there and cannot be taken away.
    pub fn remove_pending(folder: &RunFolder) -> io::Result<()> {
        folder.remove(PENDING)
    }

    /// Reads both files. Gives the bad rows and withheld users that are recorded, by line.
    fn read(
        &mut self,
        assignments: &Assignments,
        standing: &mut UserStates,
    ) -> Result<HashSet<(FailureKind, u32)>, RunFileError> {
        let mut beforehand = HashSet::new();
        for row in self.read_failures.read()? {
            let row = row.map_err(|source| RunFileError::Damaged {
                file: FAILURES,
                source,
            })?;
            let kind = FailureKind::parse(&row.outcome);
            match kind {
                Some(kind @ (FailureKind::Invalid | FailureKind::Withheld)) => {
                    beforehand.insert((kind, row.line));
                    standing.note_beforehand(kind);
                }
                Some(kind) => {
                    let user = find(assignments, &row.user_id, FAILURES)?;
                    let applied = match row.changed == MAYBE {
                        true => Applied::Maybe,
                        false => Applied::No,
                    };
                    standing.note_failure(user, kind, applied);
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
            let row = row.map_err(|source| RunFileError::Damaged {
                file: SUCCESS,
                source,
            })?;
            let user = find(assignments, &row.user_id, SUCCESS)?;
            standing.note_success(user, row.sent == SENT);
        }
        Ok(beforehand)
    }

    fn record_bad_rows(
        &mut self,
        roster: &Roster,
        recorded: &HashSet<(FailureKind, u32)>,
        standing: &mut UserStates,
    ) -> io::Result<()> {
        let mut rows = RowWriter::new(&roster.assignments, Timestamp::now());
        let is_new = |kind, line| !recorded.contains(&(kind, line));
        let invalid = roster
            .bad_rows
            .iter()
            .filter(|bad| is_new(FailureKind::Invalid, bad.line))
            .inspect(|_| standing.note_beforehand(FailureKind::Invalid))
            .map(|bad| rows.invalid(bad));
        self.read_failures.append(invalid)?;
        let all = &roster.assignments;
        let withheld = roster
            .skipped
            .iter()
            .filter(|(user, _)| is_new(FailureKind::Withheld, all.line(*user)))
            .inspect(|_| standing.note_beforehand(FailureKind::Withheld))
            .map(|&(user, why)| rows.withheld(user, why));
        self.read_failures.append(withheld)
    }
}

#[cfg(test)]
impl Journal {
    /// From here on the file takes nothing more, as if the disk were full.
    pub fn shut(&mut self, folder: &RunFolder, name: &str) {
        let path = folder.path().join(name);
        match name {
            SUCCESS => self.success.shut(&path),
            _ => self.read_failures.shut(&path),
        }
    }
}

fn find(
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
