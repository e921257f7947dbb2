//! The outcome of each code.

use std::collections::BTreeMap;

use super::share_bar::Shares;
use crate::catalog;
use crate::humanize::count;
use crate::plan::PlannedChanges;
use crate::run::UserStates;
use crate::sanitize::printable;

/// The longest table; `summary.json` has all codes.
const MAX_ROWS: usize = 100;

/// The longest code, in characters.
const CODE_CHARS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    pub code: String,
    /// The vendor's name for it.
    pub name: Option<&'static str>,
    pub shares: Shares,
    /// Free seats before the run, if they are known.
    pub free: Option<u64>,
}

impl CodeRow {
    pub fn free_seats(&self) -> String {
        self.free.map_or_else(|| "unknown".to_owned(), count)
    }

    /// Users in all and by outcome, and whether the number needs attention.
    pub fn counts(&self) -> [(String, bool); 4] {
        let Shares {
            success,
            attention,
            pending,
        } = self.shares;
        [
            (count(self.shares.total()), false),
            (count(success), false),
            (count(attention), attention > 0),
            (count(pending), false),
        ]
    }
}

/// The codes in the order of their names, and how many more there are.
pub fn code_rows(planned: &PlannedChanges, states: &UserStates) -> (Vec<CodeRow>, usize) {
    let by_code = shares_by_code(planned, states);
    let free = free_seats(planned);
    let more = by_code.len().saturating_sub(MAX_ROWS);
    let rows = by_code.into_iter().take(MAX_ROWS);
    let rows = rows.map(|(code, shares)| CodeRow {
        code: printable(code, CODE_CHARS),
        name: catalog::find(code).map(|entry| entry.name),
        shares,
        free: free.get(code).copied(),
    });
    (rows.collect(), more)
}

fn shares_by_code<'a>(
    planned: &'a PlannedChanges,
    states: &UserStates,
) -> BTreeMap<&'a str, Shares> {
    let assignments = &planned.roster.assignments;
    let mut by_set: BTreeMap<_, Shares> = BTreeMap::new();
    for user in assignments.sendable_users() {
        let shares = by_set.entry(assignments.set(user)).or_default();
        if states.is_success(user) {
            shares.success += 1;
        } else if states.is_pending(user) {
            shares.pending += 1;
        } else {
            shares.attention += 1;
        }
    }
    for &(user, _) in &planned.roster.skipped {
        by_set.entry(assignments.set(user)).or_default().attention += 1;
    }
    let mut by_code: BTreeMap<&str, Shares> = BTreeMap::new();
    for (set, shares) in by_set {
        for code in assignments.sets().codes(set) {
            *by_code.entry(code).or_default() += shares;
        }
    }
    by_code
}

/// Free seats before the run, of the codes for which they are known.
fn free_seats(planned: &PlannedChanges) -> BTreeMap<&str, u64> {
    let names = planned.roster.assignments.sets().all_codes();
    let demand = planned.demand().into_iter();
    demand
        .filter_map(|demand| Some((names[demand.code.index()].as_str(), demand.free?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Applied, FailureKind};
    use crate::plan::Mode;
    use crate::roster::tests::roster;

    #[test]
    fn every_user_of_a_code_is_counted_once_skipped_users_too() {
        let roster = roster("userId,code\na,IDU\nb,IDU\nc,IDU;PMD\nd,IDU\nd,NONE\ne,PMD\n");
        let planned = PlannedChanges::new(roster, None, Mode::Replace, None);
        let assignments = &planned.roster.assignments;
        let mut states = UserStates::new(assignments.len());
        let user = |id| assignments.find(id).unwrap();
        states.record_success(user("a"), true);
        states.record_failure(user("b"), FailureKind::Conflict, Applied::No);
        let (codes, more) = code_rows(&planned, &states);
        let counts: Vec<_> = codes
            .iter()
            .map(|code| {
                let Shares {
                    success,
                    attention,
                    pending,
                } = code.shares;
                (code.code.as_str(), success, attention, pending)
            })
            .collect();
        assert_eq!(counts, [("IDU", 1, 2, 1), ("PMD", 0, 0, 2)]);
        assert_eq!(more, 0);
    }
}
