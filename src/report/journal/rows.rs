//! The rows of the CSV files. Each struct is a file's header and its rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::outcome::{Applied, Decision, FailureKind, Outcome, explain};
use crate::roster::{Assignments, BadRow, DOUBT, SetIx, UserIx, Withheld};
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
    pub(super) sent: String,
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
    pub(super) changed: String,
    pub(super) line: u32,
    attempts: u32,
    completed_at: String,
}

/// Who shall hold what, and nothing else.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct PlainRow {
    pub(in crate::report) user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    line: u32,
}

/// In the column `sent`: a request that left has named the user, or none has.
pub(super) const SENT: &str = "yes";
const NOT_SENT: &str = "no";

/// In the column `changed`: a request may have been applied, though the user failed; or surely none was.
pub(super) const MAYBE: &str = "maybe";
const UNCHANGED: &str = "no";

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
                sent: sent(decision.attempts),
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
                row.sent = sent(decision.attempts);
                row.changed = changed(decision.applied);
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
            sent: sent(0),
            changed: changed(Applied::No),
            line: assignments.line(user),
            attempts: 0,
            completed_at: stamp(at),
        }
    }

    pub(super) fn withheld(
        assignments: &Assignments,
        user: UserIx,
        why: Withheld,
        at: Timestamp,
    ) -> Self {
        let kind = FailureKind::Withheld;
        let (said, advice) = match why {
            Withheld::BadRow => (
                "another row of this user is bad, so nothing was sent",
                kind.advice(),
            ),
            Withheld::HoldingsUnknown => (
                "the file of --current does not name this user, so to add to what it holds could take something away",
                "add the user to that file, or say by --absent-means-none that whoever it lacks holds nothing; then import this row again, with --mode add",
            ),
            Withheld::HeldOtherwise => (
                "the user holds its codes with the other useExternalLicense, and a request has one for all codes",
                "give this row the useExternalLicense that the user has, or all codes that it shall hold, to be imported without --mode add",
            ),
        };
        Self::not_sent(assignments, user, kind, &explain(said, advice), at)
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
            sent: sent(0),
            changed: changed(Applied::No),
            line: bad.line,
            attempts: 0,
            completed_at: stamp(at),
        }
    }
}

impl PlainRow {
    /// What the user shall hold.
    pub(super) fn wanted(assignments: &Assignments, user: UserIx) -> Self {
        let (set, external) = (assignments.set(user), assignments.external(user));
        Self::new(assignments, user, set, external)
    }

    pub(in crate::report) fn holds_nothing(&self) -> bool {
        self.user_bundle_codes.is_empty()
    }

    /// The user with any set and flag.
    pub(in crate::report) fn new(
        assignments: &Assignments,
        user: UserIx,
        set: SetIx,
        external: bool,
    ) -> Self {
        Self {
            user_id: guard(&assignments.user_id(user)).into_owned(),
            user_bundle_codes: assignments.sets().joined_codes(set),
            use_external_license: external,
            line: assignments.line(user),
        }
    }
}

fn changed(applied: Applied) -> String {
    match applied {
        Applied::No => UNCHANGED,
        Applied::Maybe => MAYBE,
    }
    .to_owned()
}

fn sent(attempts: u32) -> String {
    match attempts {
        0 => NOT_SENT,
        _ => SENT,
    }
    .to_owned()
}

/// Text that somebody else wrote, for a cell.
fn told(text: &str) -> String {
    guard(&printable(text, MESSAGE_CHARS)).into_owned()
}

fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}
