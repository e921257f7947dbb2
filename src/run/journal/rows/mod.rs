//! The rows of the CSV files. Each struct is a file's header and its rows.

mod writer;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::Removal;
use crate::outcome::{Applied, FailureKind};
use crate::plan::UserLicenses;
use crate::roster::{Assignments, BundleSets, UserIndex};
use crate::sanitize::{escape_formula, printable, unescape_formula};
pub use writer::RowWriter;
#[cfg(test)]
pub use writer::samples;

/// The longest message in a cell, in characters.
const MESSAGE_CHARS: usize = 600;

/// Whether a request has named the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Sent {
    #[default]
    #[serde(rename = "no")]
    No,
    #[serde(rename = "yes")]
    Yes,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuccessRow {
    pub user_id: String,
    user_bundle_codes: Arc<str>,
    use_external_license: bool,
    organization_id: Arc<str>,
    sent: Sent,
    line: u32,
    attempts: u32,
    completed_at: Arc<str>,
    message: Cow<'static, str>,
    /// The address by which the input names the user.
    email: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureRow {
    pub user_id: String,
    user_bundle_codes: Arc<str>,
    use_external_license: String,
    pub outcome: String,
    status: Option<u16>,
    message: String,
    sent: Sent,
    #[serde(rename = "changed")]
    pub applied: Applied,
    pub line: u32,
    attempts: u32,
    completed_at: Arc<str>,
    /// The address by which the input names the user.
    email: String,
}

/// The codes of a user.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentRow {
    pub user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    line: u32,
}

/// A failure as it was before it became cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFailure {
    /// The user ID, or the cell where it should be.
    pub user: String,
    /// The codes, or the cell where they should be.
    pub codes: String,
    /// The external flag, or the cell where it should be.
    pub external: String,
    pub line: u32,
    pub kind: FailureKind,
    /// The status of the last response, if that decided.
    pub status: Option<u16>,
    pub message: String,
    pub was_sent: bool,
    pub applied: Applied,
    pub attempts: u32,
    pub completed_at: String,
    /// Empty if the input names the user by ID.
    pub email: String,
}

impl RecordedFailure {
    #[cfg(test)]
    pub fn example(user: &str, kind: FailureKind, message: &str) -> Self {
        Self {
            user: user.to_owned(),
            codes: "IDU;PMD".to_owned(),
            external: "false".to_owned(),
            line: 7,
            kind,
            status: None,
            message: kind.with_hint(message),
            was_sent: true,
            applied: Applied::No,
            attempts: 1,
            completed_at: "2026-11-24T10:15:00.000Z".to_owned(),
            email: String::new(),
        }
    }

    /// The user as people know it.
    pub fn name(&self) -> &str {
        match self.email.as_str() {
            "" => &self.user,
            email => email,
        }
    }
}

impl Sent {
    fn of(attempts: u32) -> Self {
        if attempts > 0 { Self::Yes } else { Self::No }
    }
}

impl SuccessRow {
    pub fn was_sent(&self) -> bool {
        self.sent == Sent::Yes
    }
}

impl FailureRow {
    /// None if the row has no known outcome.
    pub fn into_failure(self) -> Option<RecordedFailure> {
        let cell = |text: &str| unescape_formula(text).to_owned();
        Some(RecordedFailure {
            kind: FailureKind::parse(&self.outcome)?,
            user: cell(&self.user_id),
            codes: cell(&self.user_bundle_codes),
            external: cell(&self.use_external_license),
            line: self.line,
            status: self.status,
            message: cell(&self.message),
            was_sent: self.sent == Sent::Yes,
            applied: self.applied,
            attempts: self.attempts,
            completed_at: self.completed_at.to_string(),
            email: cell(&self.email),
        })
    }
}

impl AssignmentRow {
    /// The codes that the input requests for a user.
    pub fn requested(assignments: &Assignments, user: UserIndex) -> Self {
        let licenses = UserLicenses {
            set: assignments.set(user),
            external: assignments.external(user),
            is_inherited: false,
        };
        Self::new(assignments, user, licenses)
    }

    pub fn new(assignments: &Assignments, user: UserIndex, licenses: UserLicenses) -> Self {
        Self {
            user_id: user_id_cell(assignments, user),
            user_bundle_codes: assignments.sets().codes_text(licenses.set),
            use_external_license: licenses.external,
            line: assignments.line(user),
        }
    }

    /// What a user had before a run: without a direct allocation, undoing the run removes the user.
    pub fn before(assignments: &Assignments, user: UserIndex, licenses: UserLicenses) -> Self {
        let mut row = Self::new(assignments, user, licenses);
        if licenses.set == BundleSets::EMPTY || licenses.is_inherited {
            row.user_bundle_codes = Removal::Remove.name().to_owned();
        }
        row
    }

    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.user_bundle_codes.split(';')
    }

    pub fn is_removal(&self) -> bool {
        self.user_bundle_codes == Removal::Remove.name()
    }
}

fn email_cell(assignments: &Assignments, user: UserIndex) -> String {
    let email = assignments.email(user).unwrap_or_default();
    escape_formula(email).into_owned()
}

fn user_id_cell(assignments: &Assignments, user: UserIndex) -> String {
    escape_formula(&assignments.user_id(user).to_string()).into_owned()
}

/// Text of the service as a cell.
fn message_cell(text: &str) -> String {
    escape_formula(&printable(text, MESSAGE_CHARS)).into_owned()
}
