//! The CSV files: a row for every user and every bad row, written as it is decided.
//!
//! Each file can be imported again, so user IDs and codes stand in them as the input has them, but for the
//! mark that keeps a spreadsheet from running them as a formula.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::outcome::{Decision, FailureKind, Outcome};
use crate::roster::{Assignments, BadRow, UserIx};
use crate::run::RunFolder;
use crate::text::{guard, printable};

const SUCCESS: &str = "success.csv";
const FAILURES: &str = "failures.csv";
const PENDING: &str = "pending.csv";

/// How much of a message stands in a file, in characters.
const MESSAGE_CHARS: usize = 600;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct SuccessRow {
    user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    organization_id: String,
    line: u32,
    attempts: u32,
    completed_at: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureRow {
    user_id: String,
    user_bundle_codes: String,
    use_external_license: String,
    outcome: &'static str,
    status: Option<u16>,
    message: String,
    sent: &'static str,
    line: u32,
    attempts: u32,
    completed_at: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PendingRow {
    user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    line: u32,
}

/// The success and failure files of a run.
pub struct Journal {
    success: csv::Writer<File>,
    failures: csv::Writer<File>,
}

impl Journal {
    /// Begins both files.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn create(folder: &RunFolder) -> io::Result<Self> {
        Ok(Self {
            success: begin::<SuccessRow, _>(folder.append_to(SUCCESS)?)?,
            failures: begin::<FailureRow, _>(folder.append_to(FAILURES)?)?,
        })
    }

    /// Adds what was decided. When this returns, the operating system has it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(
        &mut self,
        assignments: &Assignments,
        decisions: &[Decision],
        at: Timestamp,
    ) -> io::Result<()> {
        for decision in decisions {
            match &decision.outcome {
                Outcome::Success { organization_id } => {
                    let row = success_row(assignments, decision, organization_id, at);
                    self.success.serialize(row)?;
                }
                Outcome::Failure {
                    kind,
                    status,
                    message,
                } => {
                    let mut row = failure_row(assignments, decision.user, *kind, message, at);
                    row.status = *status;
                    row.attempts = decision.attempts;
                    row.sent = if decision.attempts > 0 { "yes" } else { "no" };
                    self.failures.serialize(row)?;
                }
            }
        }
        self.success.flush()?;
        self.failures.flush()
    }

    /// Adds the bad rows, and the users that are withheld because of them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record_bad_rows(
        &mut self,
        assignments: &Assignments,
        bad_rows: &[BadRow],
        withheld: &[UserIx],
        at: Timestamp,
    ) -> io::Result<()> {
        for bad in bad_rows {
            self.failures.serialize(bad_row(bad, at))?;
        }
        let kind = FailureKind::Withheld;
        let message = kind.explain("another row of this user is bad, so nothing was sent");
        for &user in withheld {
            let row = failure_row(assignments, user, kind, &message, at);
            self.failures.serialize(row)?;
        }
        self.failures.flush()
    }

    /// Writes the users that are still to be imported.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_pending(
        folder: &RunFolder,
        assignments: &Assignments,
        users: impl Iterator<Item = UserIx>,
    ) -> io::Result<()> {
        folder.replace(PENDING, |out| {
            let mut pending = begin::<PendingRow, _>(out)?;
            for user in users {
                pending.serialize(PendingRow {
                    user_id: guard(&assignments.user_id(user)).into_owned(),
                    user_bundle_codes: assignments.sets().joined_codes(assignments.set(user)),
                    use_external_license: assignments.external(user),
                    line: assignments.line(user),
                })?;
            }
            pending.flush()
        })
    }

    /// Where the users that are still to be imported stand.
    pub fn pending_path(folder: &RunFolder) -> impl AsRef<Path> + use<> {
        folder.path().join(PENDING)
    }
}

/// A CSV file with the header of its rows, which stands there even if no row follows.
fn begin<Row: Serialize + Default, W: Write>(mut out: W) -> io::Result<csv::Writer<W>> {
    let mut sample = csv::Writer::from_writer(Vec::new());
    sample.serialize(Row::default())?;
    let sample = sample
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    let header = sample.split_inclusive(|&byte| byte == b'\n').next();

    out.write_all(header.unwrap_or_default())?;
    Ok(csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out))
}

fn success_row(
    assignments: &Assignments,
    decision: &Decision,
    organization_id: &str,
    at: Timestamp,
) -> SuccessRow {
    let user = decision.user;
    SuccessRow {
        user_id: guard(&assignments.user_id(user)).into_owned(),
        user_bundle_codes: assignments.sets().joined_codes(assignments.set(user)),
        use_external_license: assignments.external(user),
        organization_id: told(organization_id),
        line: assignments.line(user),
        attempts: decision.attempts,
        completed_at: stamp(at),
    }
}

/// A failure of a user, not sent so far.
fn failure_row(
    assignments: &Assignments,
    user: UserIx,
    kind: FailureKind,
    message: &str,
    at: Timestamp,
) -> FailureRow {
    FailureRow {
        user_id: guard(&assignments.user_id(user)).into_owned(),
        user_bundle_codes: assignments.sets().joined_codes(assignments.set(user)),
        use_external_license: assignments.external(user).to_string(),
        outcome: kind.name(),
        status: None,
        message: told(message),
        sent: "no",
        line: assignments.line(user),
        attempts: 0,
        completed_at: stamp(at),
    }
}

fn bad_row(bad: &BadRow, at: Timestamp) -> FailureRow {
    let kind = FailureKind::Invalid;
    let found = |cell: &str| guard(&printable(cell, usize::MAX)).into_owned();
    FailureRow {
        user_id: found(&bad.user),
        user_bundle_codes: found(&bad.codes),
        use_external_license: found(&bad.external),
        outcome: kind.name(),
        status: None,
        message: told(&kind.explain(&bad.complaint.to_string())),
        sent: "no",
        line: bad.line,
        attempts: 0,
        completed_at: stamp(at),
    }
}

/// Text that somebody else wrote, for a cell.
fn told(text: &str) -> String {
    guard(&printable(text, MESSAGE_CHARS)).into_owned()
}

fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}
