//! The rows of the CSV files. Each struct is a file's header and its rows.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::outcome::{Applied, Decision, FailureKind, Outcome, explain};
use crate::roster::{Assignments, BAD_ROW_MARK, BadRow, SetIndex, SkipReason, UserId, UserIndex};
use crate::run::csv_log;
use crate::sanitize::{escape_formula, printable, unescape_formula};

/// How much of a message stands in a file, in characters.
const MESSAGE_CHARS: usize = 600;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuccessRow {
    pub user_id: String,
    user_bundle_codes: Arc<str>,
    use_external_license: bool,
    organization_id: Arc<str>,
    pub sent: Cow<'static, str>,
    line: u32,
    attempts: u32,
    completed_at: Arc<str>,
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
    sent: Cow<'static, str>,
    pub changed: Cow<'static, str>,
    pub line: u32,
    attempts: u32,
    completed_at: Arc<str>,
}

/// Who shall hold what, and nothing else.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentRow {
    pub user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    line: u32,
}

/// In the column `sent`: a request that left has named the user, or none has.
pub const SENT: &str = "yes";
const NOT_SENT: &str = "no";

/// In the column `changed`: a request may have been applied, though the user failed; or surely none was.
pub const MAYBE: &str = "maybe";
const UNCHANGED: &str = "no";

/// A failure as it is recorded, in its own words again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The user ID, or what stands in its place.
    pub user: String,
    /// The codes, or what stands in their place.
    pub codes: String,
    pub line: u32,
    pub kind: FailureKind,
    pub message: String,
    pub applied: Applied,
}

impl FailureRow {
    /// What it says. None if its outcome is none.
    pub fn into_failure(self) -> Option<Failure> {
        let cell = |text: &str| unescape_formula(text).to_owned();
        Some(Failure {
            kind: FailureKind::parse(&self.outcome)?,
            user: cell(&self.user_id),
            codes: cell(&self.user_bundle_codes),
            line: self.line,
            message: cell(&self.message),
            applied: match self.changed == MAYBE {
                true => Applied::Maybe,
                false => Applied::No,
            },
        })
    }
}

/// Makes rows that belong together. What they have in common is made once.
pub struct RowWriter<'a> {
    assignments: &'a Assignments,
    at: Arc<str>,
    codes: Option<(SetIndex, Arc<str>)>,
}

impl<'a> RowWriter<'a> {
    pub fn new(assignments: &'a Assignments, at: Timestamp) -> Self {
        Self {
            assignments,
            at: format!("{at:.3}").into(),
            codes: None,
        }
    }

    /// Adds the decision's lines in the success file: none, if it is none. Each is a [`SuccessRow`].
    ///
    /// Most users of a run end here, and those of a decision differ in few cells, so the others are made once.
    pub fn successes(&self, decision: &Decision, lines: &mut Vec<u8>) -> io::Result<()> {
        let Outcome::Success { organization_id } = &decision.outcome else {
            return Ok(());
        };
        let all = self.assignments;
        let wanted = |user: UserIndex| (all.set(user), all.external(user));
        for users in decision
            .users
            .chunk_by(|one, next| wanted(*one) == wanted(*next))
        {
            let (set, external) = wanted(users[0]);
            let middle = csv_log::cells([
                "",
                &all.sets().joined_codes(set),
                &external.to_string(),
                &told(organization_id),
                &sent(decision.attempts),
                "",
            ])?;
            let mut end = csv_log::cells(["", &decision.attempts.to_string(), &self.at])?;
            end.push(b'\n');
            let mut buffer = UserId::encode_buffer();
            for &user in users {
                push_cell(
                    lines,
                    &escape_formula(all.user_id(user).encode(&mut buffer)),
                )?;
                lines.extend_from_slice(&middle);
                lines.extend_from_slice(itoa::Buffer::new().format(all.line(user)).as_bytes());
                lines.extend_from_slice(&end);
            }
        }
        Ok(())
    }

    /// The decision's rows in the failure file: none, if it is none.
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
            sent: sent(decision.attempts),
            changed: changed(decision.applied),
            ..self.not_sent(user, *kind, message)
        };
        decision.users.iter().map(row).collect()
    }

    /// A user that failed without having been sent.
    fn not_sent(&mut self, user: UserIndex, kind: FailureKind, message: &str) -> FailureRow {
        FailureRow {
            user_id: user_id(self.assignments, user),
            user_bundle_codes: self.codes(user),
            use_external_license: self.assignments.external(user).to_string(),
            outcome: kind.name().to_owned(),
            status: None,
            message: told(message),
            sent: sent(0),
            changed: changed(Applied::No),
            line: self.assignments.line(user),
            attempts: 0,
            completed_at: Arc::clone(&self.at),
        }
    }

    fn codes(&mut self, user: UserIndex) -> Arc<str> {
        let set = self.assignments.set(user);
        match &self.codes {
            Some((last, codes)) if *last == set => Arc::clone(codes),
            _ => {
                let codes: Arc<str> = self.assignments.sets().joined_codes(set).into();
                self.codes = Some((set, Arc::clone(&codes)));
                codes
            }
        }
    }

    pub fn withheld(&mut self, user: UserIndex, why: SkipReason) -> FailureRow {
        let kind = FailureKind::Withheld;
        let (said, advice) = match why {
            SkipReason::BadRow => (
                "another row of this user is bad, so nothing was sent",
                "correct the user's bad rows, then import failures.csv",
            ),
            SkipReason::PossiblyBadRow => (
                "a bad row may be about this user, so nothing was sent",
                "correct the bad rows, and take the ? off these codes once they are all that the user shall hold; then import failures.csv",
            ),
            SkipReason::CurrentUnknown => (
                "the file of --current does not name this user, so to add to what it holds could take something away",
                "add the user to that file, or say by --absent-means-none that whoever it lacks holds nothing; then import this row again, with --mode add",
            ),
            SkipReason::OtherExternalFlag => (
                "the user holds its codes with the other useExternalLicense, and a request has one for all codes",
                "give this row the useExternalLicense that the user has, or all codes that it shall hold, to be imported without --mode add",
            ),
        };
        let row = self.not_sent(user, kind, &explain(said, advice));
        match why {
            // The bad row would not be taken for this user's another time, if it is not corrected.
            SkipReason::PossiblyBadRow => FailureRow {
                user_bundle_codes: format!("{BAD_ROW_MARK} {}", row.user_bundle_codes).into(),
                ..row
            },
            _ => row,
        }
    }

    pub fn invalid(&self, bad: &BadRow) -> FailureRow {
        let kind = FailureKind::Invalid;
        let found = |cell: &str| escape_formula(&printable(cell, usize::MAX)).into_owned();
        FailureRow {
            user_id: found(&bad.user),
            user_bundle_codes: match bad.shows_its_fault() {
                true => found(&bad.codes),
                false if bad.codes.starts_with(BAD_ROW_MARK) => found(&bad.codes),
                false => format!("{BAD_ROW_MARK} {}", found(&bad.codes)),
            }
            .into(),
            use_external_license: found(&bad.external),
            outcome: kind.name().to_owned(),
            status: None,
            message: told(&kind.with_hint(&bad.error.to_string())),
            sent: sent(0),
            changed: changed(Applied::No),
            line: bad.line,
            attempts: 0,
            completed_at: Arc::clone(&self.at),
        }
    }
}

impl AssignmentRow {
    /// What the user shall hold.
    pub fn wanted(assignments: &Assignments, user: UserIndex) -> Self {
        let (set, external) = (assignments.set(user), assignments.external(user));
        Self::new(assignments, user, set, external)
    }

    pub fn holds_nothing(&self) -> bool {
        self.user_bundle_codes.is_empty()
    }

    /// The user with any set and flag.
    pub fn new(assignments: &Assignments, user: UserIndex, set: SetIndex, external: bool) -> Self {
        Self {
            user_id: user_id(assignments, user),
            user_bundle_codes: assignments.sets().joined_codes(set),
            use_external_license: external,
            line: assignments.line(user),
        }
    }
}

/// Adds a cell to a line.
fn push_cell(line: &mut Vec<u8>, text: &str) -> io::Result<()> {
    // Whatever wants quotes, as a comma or a line end does, comes no later than the comma; in a GUID nothing does.
    match text.bytes().fold(true, |all, byte| all & (byte > b',')) {
        true => line.extend_from_slice(text.as_bytes()),
        false => line.extend(csv_log::cells([text])?),
    }
    Ok(())
}

/// The user ID as a cell.
fn user_id(assignments: &Assignments, user: UserIndex) -> String {
    escape_formula(&assignments.user_id(user).to_string()).into_owned()
}

fn changed(applied: Applied) -> Cow<'static, str> {
    Cow::Borrowed(match applied {
        Applied::No => UNCHANGED,
        Applied::Maybe => MAYBE,
    })
}

fn sent(attempts: u32) -> Cow<'static, str> {
    Cow::Borrowed(match attempts {
        0 => NOT_SENT,
        _ => SENT,
    })
}

/// Text that somebody else wrote, for a cell.
fn told(text: &str) -> String {
    escape_formula(&printable(text, MESSAGE_CHARS)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::tests::roster;
    use proptest::prelude::*;

    /// A file of these users; every other one has another set.
    fn file(users: &[String]) -> String {
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(["userId", "codes"]).unwrap();
        for (user, codes) in users.iter().zip(["IDU", "PMD;TSTNU"].iter().cycle()) {
            file.write_record([user, *codes]).unwrap();
        }
        String::from_utf8(file.into_inner().unwrap()).unwrap()
    }

    proptest! {
        /// The lines of successes are made without the CSV writer, as far as it goes: they say all the same what the rows would.
        #[test]
        fn a_success_is_read_as_it_was_written(
            users in prop::collection::btree_set("[ab,;@+é-]{1,5}( [a,])?|[0-9A-F]{32}", 1..8),
            organization in "[a,\"\n=é ]{0,6}",
            attempts in 0_u32..3,
        ) {
            let users: Vec<_> = users.into_iter().collect();
            let roster = roster(&file(&users));
            let all = &roster.assignments;
            let decision = Decision {
                users: all.sendable_users().collect(),
                outcome: Outcome::Success { organization_id: organization.as_str().into() },
                attempts,
                applied: Applied::Maybe,
            };
            let mut lines = Vec::new();
            RowWriter::new(all, Timestamp::UNIX_EPOCH).successes(&decision, &mut lines).unwrap();
            let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&lines[..]);
            let read: Vec<SuccessRow> = reader.into_deserialize().map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), decision.users.len());
            for (row, &user) in read.iter().zip(&decision.users) {
                prop_assert_eq!(unescape_formula(&row.user_id), all.user_id(user).to_string());
                prop_assert_eq!(&*row.user_bundle_codes, all.sets().joined_codes(all.set(user)));
                prop_assert_eq!(row.use_external_license, all.external(user));
                prop_assert_eq!(&*row.organization_id, told(&organization));
                prop_assert_eq!(&*row.sent, if attempts > 0 { SENT } else { NOT_SENT });
                prop_assert_eq!(row.line, all.line(user));
                prop_assert_eq!(row.attempts, attempts);
                prop_assert_eq!(&*row.completed_at, "1970-01-01T00:00:00.000Z");
            }
        }
    }
}
