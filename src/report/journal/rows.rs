//! The rows of the CSV files. Each struct is a file's header and its rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::outcome::{Decision, FailureKind, Outcome};
use crate::roster::{Assignments, BadRow, DOUBT, UserIx};
use crate::text::{guard, printable};

/// How much of a message stands in a file, in characters.
const MESSAGE_CHARS: usize = 600;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SuccessRow {
    pub(super) user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    organization_id: String,
    line: u32,
    attempts: u32,
    completed_at: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FailureRow {
    pub(super) user_id: String,
    user_bundle_codes: String,
    use_external_license: String,
    pub(super) outcome: String,
    status: Option<u16>,
    message: String,
    sent: String,
    pub(super) line: u32,
    attempts: u32,
    completed_at: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingRow {
    user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    line: u32,
}

/// What a decision is written as.
pub(super) enum DecisionRow {
    Success(SuccessRow),
    Failure(FailureRow),
}

impl DecisionRow {
    pub(super) fn new(assignments: &Assignments, decision: &Decision, at: Timestamp) -> Self {
        let user = decision.user;
        match &decision.outcome {
            Outcome::Success { organization_id } => Self::Success(SuccessRow {
                user_id: guard(&assignments.user_id(user)).into_owned(),
                user_bundle_codes: assignments.sets().joined_codes(assignments.set(user)),
                use_external_license: assignments.external(user),
                organization_id: told(organization_id),
                line: assignments.line(user),
                attempts: decision.attempts,
                completed_at: stamp(at),
            }),
            Outcome::Failure {
                kind,
                status,
                message,
            } => {
                let mut row = FailureRow::not_sent(assignments, user, *kind, message, at);
                row.status = *status;
                row.attempts = decision.attempts;
                if decision.attempts > 0 {
                    row.sent = "yes".to_owned();
                }
                Self::Failure(row)
            }
        }
    }
}

impl FailureRow {
    /// A user that failed without having been sent.
    fn not_sent(
        assignments: &Assignments,
        user: UserIx,
        kind: FailureKind,
        message: &str,
        at: Timestamp,
    ) -> Self {
        Self {
            user_id: guard(&assignments.user_id(user)).into_owned(),
            user_bundle_codes: assignments.sets().joined_codes(assignments.set(user)),
            use_external_license: assignments.external(user).to_string(),
            outcome: kind.name().to_owned(),
            status: None,
            message: told(message),
            sent: "no".to_owned(),
            line: assignments.line(user),
            attempts: 0,
            completed_at: stamp(at),
        }
    }

    pub(super) fn withheld(assignments: &Assignments, user: UserIx, at: Timestamp) -> Self {
        let kind = FailureKind::Withheld;
        let message = kind.explain("another row of this user is bad, so nothing was sent");
        Self::not_sent(assignments, user, kind, &message, at)
    }

    pub(super) fn invalid(bad: &BadRow, at: Timestamp) -> Self {
        let kind = FailureKind::Invalid;
        let found = |cell: &str| guard(&printable(cell, usize::MAX)).into_owned();
        Self {
            user_id: found(&bad.user),
            user_bundle_codes: match bad.shows_its_fault() {
                true => found(&bad.codes),
                false if bad.codes.starts_with(DOUBT) => found(&bad.codes),
                false => format!("{DOUBT} {}", found(&bad.codes)),
            },
            use_external_license: found(&bad.external),
            outcome: kind.name().to_owned(),
            status: None,
            message: told(&kind.explain(&bad.complaint.to_string())),
            sent: "no".to_owned(),
            line: bad.line,
            attempts: 0,
            completed_at: stamp(at),
        }
    }
}

impl PendingRow {
    pub(super) fn new(assignments: &Assignments, user: UserIx) -> Self {
        Self {
            user_id: guard(&assignments.user_id(user)).into_owned(),
            user_bundle_codes: assignments.sets().joined_codes(assignments.set(user)),
            use_external_license: assignments.external(user),
            line: assignments.line(user),
        }
    }
}

/// Text that somebody else wrote, for a cell.
fn told(text: &str) -> String {
    guard(&printable(text, MESSAGE_CHARS)).into_owned()
}

fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}
