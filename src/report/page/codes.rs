//! What was planned for each code, and what came of it.

use std::collections::BTreeMap;

use crate::catalog;
use crate::humanize::count;
use crate::plan::PlannedChanges;
use crate::report::page::share_bar::Shares;
use crate::run::UserStates;
use crate::sanitize::printable;

/// The most codes that are shown; `summary.json` has all.
const MOST_SHOWN: usize = 100;

/// How much of a code is shown, in characters.
const CODE_CHARS: usize = 64;

/// What became of those who were to hold a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub code: String,
    /// The vendor's name for it.
    pub name: Option<&'static str>,
    pub shares: Shares,
    /// Seats that were free, where that was told.
    pub free: Option<u64>,
}

impl Code {
    /// The seats that were free, in words.
    pub fn free_seats(&self) -> String {
        self.free.map_or_else(|| "not told".to_owned(), count)
    }

    /// How many there are in all and by what became of them, and whether somebody should look at it.
    pub fn counts(&self) -> [(String, bool); 4] {
        let Shares {
            held,
            attention,
            pending,
        } = self.shares;
        [
            (count(self.shares.total()), false),
            (count(held), false),
            (count(attention), attention > 0),
            (count(pending), false),
        ]
    }
}

/// The codes in the order of their names, and how many more there are.
pub fn codes(proposal: &PlannedChanges, standing: &UserStates) -> (Vec<Code>, usize) {
    let all = &proposal.roster.assignments;
    let mut by_set: BTreeMap<_, Shares> = BTreeMap::new();
    for user in all.sendable_users() {
        let shares = by_set.entry(all.set(user)).or_default();
        *match (standing.is_success(user), standing.is_pending(user)) {
            (true, _) => &mut shares.held,
            (_, true) => &mut shares.pending,
            _ => &mut shares.attention,
        } += 1;
    }
    for &(user, _) in &proposal.roster.skipped {
        by_set.entry(all.set(user)).or_default().attention += 1;
    }
    let mut by_code: BTreeMap<&str, Shares> = BTreeMap::new();
    for (set, shares) in by_set {
        for code in all.sets().codes(set) {
            let sum = by_code.entry(code).or_default();
            sum.held += shares.held;
            sum.attention += shares.attention;
            sum.pending += shares.pending;
        }
    }
    let left_out = by_code.len().saturating_sub(MOST_SHOWN);
    let free = free(proposal);
    let code = |(code, shares): (&str, Shares)| Code {
        code: printable(code, CODE_CHARS),
        name: catalog::find(code).map(|entry| entry.name),
        shares,
        free: free.get(code).copied(),
    };
    (
        by_code.into_iter().take(MOST_SHOWN).map(code).collect(),
        left_out,
    )
}

/// Seats that were free, of the codes of which it was told.
fn free(proposal: &PlannedChanges) -> BTreeMap<&str, u64> {
    let names = proposal.roster.assignments.sets().all_codes();
    let demand = proposal.demand().into_iter();
    let told = demand.filter_map(|demand| {
        let code = names[demand.code.index()].as_str();
        demand.free.map(|free| (code, free))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Applied, FailureKind};
    use crate::plan::Mode;
    use crate::roster::tests::roster;

    #[test]
    fn everyone_who_was_to_hold_a_code_is_counted_once_withheld_users_too() {
        let roster = roster("userId,code\na,IDU\nb,IDU\nc,IDU;PMD\nd,IDU\nd,NONE\ne,PMD\n");
        let proposal = PlannedChanges::new(roster, None, Mode::Replace, None);
        let all = &proposal.roster.assignments;
        let mut standing = UserStates::new(all.len());
        let user = |id| all.find(id).unwrap();
        standing.record_success(user("a"), true);
        standing.record_failure(user("b"), FailureKind::Conflict, Applied::No);
        let (codes, left_out) = codes(&proposal, &standing);
        let told: Vec<_> = codes
            .iter()
            .map(|code| {
                let Shares {
                    held,
                    attention,
                    pending,
                } = code.shares;
                (code.code.as_str(), held, attention, pending)
            })
            .collect();
        assert_eq!(told, [("IDU", 1, 2, 1), ("PMD", 0, 0, 2)]);
        assert_eq!(left_out, 0);
    }
}
