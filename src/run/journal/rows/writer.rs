//! From a decision to rows.

use std::sync::Arc;

use jiff::Timestamp;

use super::{FailureRow, Sent, SuccessRow, email_cell, message_cell, user_id_cell};
use crate::outcome::{ConfirmedBy, Decision, FailureKind, Outcome, with_hint};
use crate::roster::{Assignments, BAD_ROW_MARK, BadRow, SetIndex, SkipReason, UserIndex};
use crate::sanitize::{escape_formula, printable};

/// Makes rows of one moment.
pub struct RowWriter<'a> {
    assignments: &'a Assignments,
    completed_at: Arc<str>,
    /// The codes of the last row: most rows have the same as the row before.
    codes: Option<(SetIndex, Arc<str>)>,
}

impl<'a> RowWriter<'a> {
    pub fn new(assignments: &'a Assignments, at: Timestamp) -> Self {
        Self {
            assignments,
            completed_at: format!("{at:.3}").into(),
            codes: None,
        }
    }

    /// The rows of a decision in the success file: none if it is a failure.
    pub fn successes(&mut self, decision: &Decision) -> Vec<SuccessRow> {
        let Outcome::Success {
            organization_id,
            confirmed_by,
        } = &decision.outcome
        else {
            return Vec::new();
        };
        let message = match confirmed_by {
            ConfirmedBy::Reading if decision.attempts > 0 => "verified by reading",
            ConfirmedBy::Reading | ConfirmedBy::Response => "",
        };
        let organization_id: Arc<str> = message_cell(organization_id).into();
        let row = |&user| SuccessRow {
            user_id: user_id_cell(self.assignments, user),
            user_bundle_codes: self.codes(user),
            use_external_license: self.assignments.external(user),
            organization_id: Arc::clone(&organization_id),
            sent: Sent::of(decision.attempts),
            line: self.assignments.line(user),
            attempts: decision.attempts,
            completed_at: Arc::clone(&self.completed_at),
            message: message.into(),
            email: email_cell(self.assignments, user),
        };
        decision.users.iter().map(row).collect()
    }

    /// The rows of a decision in the failure file: none if it is a success.
    pub fn failures(&mut self, decision: &Decision) -> Vec<FailureRow> {
        let Outcome::Failure {
            kind,
            status,
            message,
        } = &decision.outcome
        else {
            return Vec::new();
        };
        let row = |&user| FailureRow {
            status: *status,
            attempts: decision.attempts,
            sent: Sent::of(decision.attempts),
            applied: decision.applied,
            ..self.unsent(user, *kind, message)
        };
        decision.users.iter().map(row).collect()
    }

    /// A user that is skipped as a whole.
    pub fn skipped(&mut self, user: UserIndex, reason: SkipReason) -> FailureRow {
        let row = self.unsent(user, FailureKind::Withheld, &skip_message(reason));
        match reason {
            // Once the bad row is corrected, its user is no longer mistaken for this one: the mark asks to look.
            SkipReason::PossiblyBadRow => FailureRow {
                user_bundle_codes: format!("{BAD_ROW_MARK} {}", row.user_bundle_codes).into(),
                ..row
            },
            _ => row,
        }
    }

    pub fn invalid(&self, bad: &BadRow) -> FailureRow {
        let kind = FailureKind::Invalid;
        let cell = |text: &str| escape_formula(&printable(text, usize::MAX)).into_owned();
        let codes = cell(&bad.codes);
        let is_marked = bad.is_visibly_bad() || bad.codes.starts_with(BAD_ROW_MARK);
        FailureRow {
            user_id: cell(&bad.user),
            user_bundle_codes: if is_marked {
                codes.into()
            } else {
                format!("{BAD_ROW_MARK} {codes}").into()
            },
            use_external_license: cell(&bad.external),
            outcome: kind.name().to_owned(),
            message: message_cell(&kind.with_hint(&bad.error.to_string())),
            line: bad.line,
            completed_at: Arc::clone(&self.completed_at),
            ..FailureRow::default()
        }
    }

    /// A user that failed without a request.
    fn unsent(&mut self, user: UserIndex, kind: FailureKind, message: &str) -> FailureRow {
        FailureRow {
            user_id: user_id_cell(self.assignments, user),
            user_bundle_codes: self.codes(user),
            use_external_license: self.assignments.external(user).to_string(),
            outcome: kind.name().to_owned(),
            message: message_cell(message),
            line: self.assignments.line(user),
            completed_at: Arc::clone(&self.completed_at),
            email: email_cell(self.assignments, user),
            ..FailureRow::default()
        }
    }

    fn codes(&mut self, user: UserIndex) -> Arc<str> {
        let set = self.assignments.set(user);
        if let Some((last, codes)) = &self.codes
            && *last == set
        {
            return Arc::clone(codes);
        }
        let codes: Arc<str> = self.assignments.sets().codes_text(set).into();
        self.codes = Some((set, Arc::clone(&codes)));
        codes
    }
}

/// Why a user is skipped, and what to do about it.
fn skip_message(reason: SkipReason) -> String {
    let (message, hint) = match reason {
        SkipReason::BadRow => (
            "nothing was sent for this user: another of its rows is bad",
            "correct the bad rows of this user, then import failures.csv",
        ),
        SkipReason::PossiblyBadRow => (
            "nothing was sent for this user: a bad row may be one of its rows",
            "correct the bad rows, and remove the ? from these codes once they are all the codes of this user; then import failures.csv",
        ),
        SkipReason::CurrentUnknown => (
            "nothing was sent for this user: the file of --current does not name it, so adding codes could remove others",
            "add the user to that file, or give --absent-means-none if users that it does not name have no licences; then import this row again with --mode add",
        ),
        SkipReason::OtherExternalFlag => (
            "nothing was sent for this user: it has its codes with the other useExternalLicense, and a request has one value for all codes",
            "give this row the useExternalLicense that the user has; or list all codes of the user, and import the row without --mode add",
        ),
    };
    with_hint(message, hint)
}

/// The messages of skipped users, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    [
        SkipReason::BadRow,
        SkipReason::PossiblyBadRow,
        SkipReason::CurrentUnknown,
        SkipReason::OtherExternalFlag,
    ]
    .map(|reason| crate::diagnostic::Sample::text(skip_message(reason)))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Applied;
    use crate::roster::tests::roster;
    use crate::run::csv_log;
    use crate::sanitize::unescape_formula;
    use proptest::prelude::*;

    /// A file of these users; every second one has another set.
    fn input(users: &[String]) -> String {
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(["userId", "codes"]).unwrap();
        for (user, codes) in users.iter().zip(["IDU", "PMD;TSTNU"].iter().cycle()) {
            file.write_record([user, *codes]).unwrap();
        }
        String::from_utf8(file.into_inner().unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn a_success_is_read_as_it_was_written(
            users in prop::collection::btree_set("[ab,;@+é-]{1,5}( [a,])?|[0-9A-F]{32}", 1..8),
            organization in "[a,\"\n=é ]{0,6}",
            attempts in 0_u32..3,
        ) {
            let users: Vec<_> = users.into_iter().collect();
            let roster = roster(&input(&users));
            let all = &roster.assignments;
            let decision = Decision {
                users: all.sendable_users().collect(),
                outcome: Outcome::Success { organization_id: organization.as_str().into(), confirmed_by: ConfirmedBy::Response },
                attempts,
                applied: Applied::Maybe,
            };
            let rows = RowWriter::new(all, Timestamp::UNIX_EPOCH).successes(&decision);
            let mut file = Vec::new();
            csv_log::write_all(&mut file, rows.into_iter()).unwrap();
            let reader = csv::Reader::from_reader(&file[..]);
            let read: Vec<SuccessRow> = reader.into_deserialize().map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), decision.users.len());
            for (row, &user) in read.iter().zip(&decision.users) {
                prop_assert_eq!(unescape_formula(&row.user_id), all.user_id(user).to_string());
                prop_assert_eq!(&*row.user_bundle_codes, all.sets().codes_text(all.set(user)));
                prop_assert_eq!(row.use_external_license, all.external(user));
                prop_assert_eq!(&*row.organization_id, message_cell(&organization));
                prop_assert_eq!(row.was_sent(), attempts > 0);
                prop_assert_eq!(row.line, all.line(user));
                prop_assert_eq!(row.attempts, attempts);
                prop_assert_eq!(&*row.completed_at, "1970-01-01T00:00:00.000Z");
            }
        }
    }
}
