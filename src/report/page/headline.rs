//! The headline: how many users have their licences, and how many need attention.

use crate::humanize::{count, count_of};
use crate::outcome::FailureKind;
use crate::run::Summary;

/// The users of the whole run, earlier sessions included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: u64,
    pub success: u64,
    /// Successes without a request.
    pub already_assigned: u64,
    pub failed: u64,
    /// Failures to whom a request may have been applied.
    pub possibly_applied: u64,
    pub pending: u64,
    pub bad_rows: u64,
    /// The file takes licences away from some users.
    pub removes: bool,
}

impl Counts {
    pub fn new(summary: &Summary, possibly_applied: u64, removes: bool) -> Self {
        let users = &summary.users;
        let bad_rows = users.failed(FailureKind::Invalid);
        Self {
            total: users.total,
            success: users.success,
            already_assigned: users.already_assigned,
            failed: users.failures.values().sum::<u64>() - bad_rows,
            possibly_applied,
            pending: users.pending,
            bad_rows,
            removes,
        }
    }

    pub fn wording(&self) -> &'static Wording {
        if self.removes { &DONE } else { &LICENCES }
    }
}

/// What a success is called.
#[derive(Debug)]
pub struct Wording {
    /// Of one user.
    has: &'static str,
    had: &'static str,
    lacks: &'static str,
    to_have: &'static str,
    /// Of several users.
    pub all_have: &'static str,
    all_had: &'static str,
    pub all_to_have: &'static str,
}

const LICENCES: Wording = Wording {
    has: "has its licences",
    had: "had its licences already",
    lacks: "does not have its licences",
    to_have: "have its licences",
    all_have: "have their licences",
    all_had: "had their licences already",
    all_to_have: "have their licences",
};

/// True of users who lose everything, too.
const DONE: Wording = Wording {
    has: "is done",
    had: "was done already",
    lacks: "is not done",
    to_have: "be done",
    all_have: "are done",
    all_had: "were done already",
    all_to_have: "be done",
};

pub fn headline(counts: &Counts, is_sandbox: bool) -> String {
    let parts = [Some(success(counts)), attention(counts), pending(counts)];
    let headline = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    if is_sandbox {
        let (first, rest) = headline.split_at(1);
        format!("In the sandbox: {}{rest}", first.to_ascii_lowercase())
    } else {
        headline
    }
}

fn success(counts: &Counts) -> String {
    let total = count(counts.total);
    let has_all = counts.success == counts.total;
    let had_before = has_all && counts.already_assigned == counts.total;
    let is_certain = counts.possibly_applied == 0;
    let Wording {
        has,
        had,
        lacks,
        to_have,
        all_have,
        all_had,
        all_to_have,
    } = counts.wording();
    match (counts.total, counts.success) {
        (0, _) => "None of the file’s rows could be imported".to_owned(),
        (1, 1) if had_before => format!("The one user {had}"),
        (1, 1) => format!("The one user {has}"),
        _ if had_before => format!("All {total} users {all_had}"),
        _ if has_all => format!("All {total} users {all_have}"),
        (1, _) if is_certain => format!("The one user {lacks}"),
        (1, _) => format!("The one user may or may not {to_have}"),
        (_, 0) if is_certain => format!("None of {total} users {has}"),
        (_, 0) => format!("None of {total} users is known to {to_have}"),
        (_, 1) if is_certain => format!("1 of {total} users {has}"),
        (_, 1) => format!("1 of {total} users is known to {to_have}"),
        (_, some) if is_certain => format!("{} of {total} users {all_have}", count(some)),
        (_, some) => format!(
            "{} of {total} users are known to {all_to_have}",
            count(some)
        ),
    }
}

fn attention(counts: &Counts) -> Option<String> {
    let subject = match (counts.failed, counts.bad_rows) {
        (0, 0) => return None,
        (failed, 0) => count(failed),
        (0, bad_rows) => count_of(bad_rows, "bad row"),
        (failed, bad_rows) => format!(
            "{} and {}",
            count_of(failed, "user"),
            count_of(bad_rows, "bad row")
        ),
    };
    let verb = match counts.failed + counts.bad_rows {
        1 => "needs",
        _ => "need",
    };
    Some(format!("{subject} {verb} attention"))
}

fn pending(counts: &Counts) -> Option<String> {
    let subject = match counts.bad_rows {
        0 => count(counts.pending),
        // After bad rows, a number alone would count rows.
        _ => count_of(counts.pending, "user"),
    };
    let verb = if counts.pending == 1 { "is" } else { "are" };
    (counts.pending > 0).then(|| format!("{subject} {verb} not decided yet"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::data::SessionTotals;
    use crate::report::page::remarks::remarks;

    fn counts(success: u64, failed: u64, pending: u64) -> Counts {
        Counts {
            total: success + failed + pending,
            success,
            failed,
            pending,
            ..Counts::default()
        }
    }

    #[test]
    fn the_headline_counts_users_with_licences_and_users_who_need_attention() {
        for (counts, expected) in [
            (
                counts(9841, 159, 0),
                "9,841 of 10,000 users have their licences; 159 need attention",
            ),
            (counts(10_000, 0, 0), "All 10,000 users have their licences"),
            (counts(1, 0, 0), "The one user has its licences"),
            (
                counts(0, 1, 0),
                "The one user does not have its licences; 1 needs attention",
            ),
            (
                counts(1, 1, 0),
                "1 of 2 users has its licences; 1 needs attention",
            ),
            (
                counts(0, 0, 20),
                "None of 20 users has its licences; 20 are not decided yet",
            ),
            (
                counts(500, 3, 1),
                "500 of 504 users have their licences; 3 need attention; 1 is not decided yet",
            ),
        ] {
            assert_eq!(headline(&counts, false), expected);
        }
    }

    #[test]
    fn bad_rows_are_counted_beside_users_and_never_as_users() {
        let of = |counts: Counts, bad_rows| headline(&Counts { bad_rows, ..counts }, false);
        assert_eq!(
            of(counts(119, 4, 0), 1),
            "119 of 123 users have their licences; 4 users and 1 bad row need attention"
        );
        assert_eq!(
            of(counts(10, 0, 0), 1),
            "All 10 users have their licences; 1 bad row needs attention"
        );
        assert_eq!(
            of(counts(8, 0, 2), 3),
            "8 of 10 users have their licences; 3 bad rows need attention; 2 users are not decided yet"
        );
        assert_eq!(
            of(Counts::default(), 12),
            "None of the file’s rows could be imported; 12 bad rows need attention"
        );
    }

    #[test]
    fn an_unknown_outcome_is_not_reported_as_known() {
        let of = |counts: Counts, possibly_applied| {
            headline(
                &Counts {
                    possibly_applied,
                    ..counts
                },
                false,
            )
        };
        assert_eq!(
            of(counts(8, 2, 0), 1),
            "8 of 10 users are known to have their licences; 2 need attention"
        );
        assert_eq!(
            of(counts(0, 1, 0), 1),
            "The one user may or may not have its licences; 1 needs attention"
        );
        assert_eq!(
            of(counts(0, 2, 0), 2),
            "None of 2 users is known to have its licences; 2 need attention"
        );
    }

    #[test]
    fn users_who_had_everything_already_did_not_get_it_from_this_run() {
        let unchanged = Counts {
            already_assigned: 10,
            ..counts(10, 0, 0)
        };
        assert_eq!(
            headline(&unchanged, false),
            "All 10 users had their licences already"
        );
        let session = SessionTotals::default();
        assert_eq!(
            remarks(&unchanged, false, &session),
            [
                "10 users were not sent: according to the current licences that were read, they had exactly what the file says.",
                "No request to change licences was sent."
            ]
        );
    }

    #[test]
    fn users_who_lose_everything_are_not_reported_as_having_licences() {
        let of = |counts: Counts| {
            let removes = true;
            headline(&Counts { removes, ..counts }, false)
        };
        assert_eq!(
            of(counts(9, 1, 2)),
            "9 of 12 users are done; 1 needs attention; 2 are not decided yet"
        );
        assert_eq!(
            of(counts(0, 1, 0)),
            "The one user is not done; 1 needs attention"
        );
        let unchanged = Counts {
            already_assigned: 3,
            ..counts(3, 0, 0)
        };
        assert_eq!(of(unchanged), "All 3 users were done already");
    }

    #[test]
    fn a_sandbox_run_changes_no_licence() {
        assert_eq!(
            headline(&counts(3, 0, 0), true),
            "In the sandbox: all 3 users have their licences"
        );
        let remarks = remarks(
            &counts(3, 0, 0),
            true,
            &SessionTotals {
                sent: 1,
                ..SessionTotals::default()
            },
        );
        assert!(remarks[0].contains("no licence was changed"));
    }
}
