//! The remarks that make the headline exact.

use super::data::SessionTotals;
use super::headline::Counts;
use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};

/// What else a reader needs to know, one paragraph each.
pub fn remarks(counts: &Counts, is_sandbox: bool, session: &SessionTotals) -> Vec<String> {
    let mut remarks = Vec::new();
    if is_sandbox {
        remarks.push(
            "This was a sandbox run: the built-in sandbox simulates the service, and no licence was changed."
                .to_owned(),
        );
    }
    if counts.possibly_applied > 0 && counts.total > 1 {
        remarks.push(format!(
            "{} of the users who need attention may {} all the same: the service did not say whether it applied the request.",
            count(counts.possibly_applied),
            counts.wording().all_to_have
        ));
    }
    if counts.already_assigned > 0 {
        let (was, it) = match counts.already_assigned {
            1 => ("was", "it"),
            _ => ("were", "they"),
        };
        remarks.push(format!(
            "{} {was} not sent: according to the current licences that were read, {it} had exactly what the file says.",
            count_of(counts.already_assigned, "user"),
        ));
    }
    remarks.extend(session_remarks(session));
    remarks
}

fn session_remarks(session: &SessionTotals) -> Vec<String> {
    let mut remarks = Vec::new();
    if session.sent == 0 {
        let scope = if session.is_resumed {
            " in the last session of the run"
        } else {
            ""
        };
        remarks.push(format!("No request to change licences was sent{scope}."));
    }
    if session.is_resumed {
        remarks.push(format!(
            "This run was resumed. Users are counted over the whole run; times, requests and waits are those of its last session, which took {} and decided {}.",
            duration(tenths(session.duration)),
            count_of(session.decided, "user"),
        ));
    }
    remarks
}
