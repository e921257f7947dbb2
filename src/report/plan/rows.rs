//! `seatload plan --csv`: a row for each assignment.

use std::io::{self, Write};

use serde::Serialize;

use super::names;
use crate::plan::{Action, PlannedChanges};
use crate::roster::{BAD_ROW_MARK, UserIndex};
use crate::run::csv_log::write_all;
use crate::sanitize::escape_formula;

/// What would be done with one user.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    user_id: String,
    user_bundle_codes: String,
    use_external_license: bool,
    line: u32,
    /// `send`, `holds_already`, `no_seat` or `withheld`.
    action: &'static str,
    /// Empty if it is not known what the user holds.
    held: Option<String>,
    gains: Option<String>,
    losses: Option<String>,
}

/// Writes a row for each assignment: those that can be sent in the order in which they are to be served, then those
/// that are withheld.
///
/// # Errors
/// When they cannot be written.
pub fn write_csv(out: &mut dyn Write, proposal: &PlannedChanges) -> io::Result<()> {
    let roster = &proposal.roster;
    let good = roster.assignments.sendable_users().map(|user| {
        let action = match proposal.action(user) {
            Action::Sent => "send",
            Action::AlreadyAssigned => "holds_already",
            Action::NoSeat(_) => "no_seat",
        };
        row(proposal, user, action)
    });
    let withheld = roster.skipped.iter();
    let withheld = withheld.map(|&(user, _)| {
        let row = row(proposal, user, "withheld");
        Row {
            // These are not all the codes that it shall hold, so nobody may import them by mistake.
            user_bundle_codes: format!("{BAD_ROW_MARK} {}", row.user_bundle_codes),
            ..row
        }
    });
    write_all(out, good.chain(withheld))
}

fn row(proposal: &PlannedChanges, user: UserIndex, action: &'static str) -> Row {
    let all = &proposal.roster.assignments;
    let held = proposal.holdings.as_ref().and_then(|held| held.of(user));
    let (gains, losses) = match proposal.change(user) {
        None => (None, None),
        Some(change) => {
            let joined = |codes: &[_]| Some(names(proposal, codes).join(";"));
            (joined(&change.gained), joined(&change.lost))
        }
    };
    Row {
        user_id: escape_formula(&all.user_id(user).to_string()).into_owned(),
        user_bundle_codes: all.sets().codes_text(all.set(user)),
        use_external_license: all.external(user),
        line: all.line(user),
        action,
        held: held.map(|held| all.sets().codes_text(held.set)),
        gains,
        losses,
    }
}
