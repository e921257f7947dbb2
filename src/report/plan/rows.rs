//! `seatload plan --csv`: a row for each user.

use std::io::{self, Write};

use serde::Serialize;

use super::counts::code_names;
use crate::plan::{Action, PlannedChanges};
use crate::roster::{BAD_ROW_MARK, UserIndex};
use crate::run::csv_log::write_all;
use crate::sanitize::escape_formula;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    line: u32,
    /// `send`, `holds_already`, `no_seat` or `withheld`.
    action: &'static str,
    /// Empty if the user's current licences are unknown.
    #[serde(rename = "held")]
    current: Option<String>,
    #[serde(rename = "gains")]
    gained: Option<String>,
    #[serde(rename = "losses")]
    lost: Option<String>,
}

/// Writes a row for each user: sendable users in the order of sending, then skipped users.
pub fn write_csv(out: &mut dyn Write, changes: &PlannedChanges) -> io::Result<()> {
    let roster = &changes.roster;
    let sendable = roster.assignments.sendable_users().map(|user| {
        let action = match changes.action(user) {
            Action::Send => "send",
            Action::AlreadyAssigned => "holds_already",
            Action::NoSeat(_) => "no_seat",
        };
        row(changes, user, action)
    });
    let skipped = roster.skipped.iter().map(|&(user, _)| {
        let row = row(changes, user, "withheld");
        Row {
            // These may not be all codes of the user: the mark stops an import of this file.
            user_bundle_codes: format!("{BAD_ROW_MARK} {}", row.user_bundle_codes),
            ..row
        }
    });
    write_all(out, sendable.chain(skipped))
}

fn row(changes: &PlannedChanges, user: UserIndex, action: &'static str) -> Row {
    let assignments = &changes.roster.assignments;
    let sets = assignments.sets();
    let current = changes.current.as_ref();
    let change = changes.change(user);
    let joined = |codes: &[_]| code_names(changes, codes).join(";");
    Row {
        user_id: escape_formula(&assignments.user_id(user).to_string()).into_owned(),
        user_bundle_codes: sets.codes_text(assignments.set(user)),
        use_external_license: assignments.external(user),
        line: assignments.line(user),
        action,
        current: current
            .and_then(|current| current.of(user))
            .map(|licenses| sets.codes_text(licenses.set)),
        gained: change.as_ref().map(|change| joined(&change.gained)),
        lost: change.as_ref().map(|change| joined(&change.lost)),
    }
}
