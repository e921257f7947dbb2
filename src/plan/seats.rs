//! The seat check: needed seats against free seats.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use serde::{Deserialize, Serialize};

use super::CurrentLicenses;
use crate::roster::{Assignments, BundleSets, CodeIndex, UserIndex};

/// The seats that a run may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatBudget {
    /// Free seats by code. The seats of other codes are unknown.
    pub free: BTreeMap<String, u64>,
    /// Send users while there are seats, if there are not enough for all (`--until-full`).
    #[serde(rename = "untilFull")]
    pub partial: bool,
}

/// The seats of one code that the users of a roster need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatDemand {
    pub code: CodeIndex,
    /// Users that should have the code.
    pub users: u64,
    /// Users of them that are not known to have it already; each needs a seat.
    pub needed: u64,
    /// Users that lose the code. Their seats are released during the run, so they are not counted as free.
    pub released: u64,
    /// Free seats, if that is known.
    pub free: Option<u64>,
    /// The first user for which no seat is left.
    pub first_user_without_seat: Option<UserIndex>,
}

impl SeatDemand {
    fn new(code: CodeIndex, free: Option<u64>) -> Self {
        Self {
            code,
            users: 0,
            needed: 0,
            released: 0,
            free,
            first_user_without_seat: None,
        }
    }

    fn add_needed(&mut self, user: UserIndex) {
        self.needed += 1;
        if self.short() > 0 {
            self.first_user_without_seat.get_or_insert(user);
        }
    }

    /// Missing seats.
    pub fn short(&self) -> u64 {
        self.free.map_or(0, |free| self.needed.saturating_sub(free))
    }
}

/// Requested codes that the user is not known to have.
fn gains<'a>(
    assignments: &'a Assignments,
    current: Option<&CurrentLicenses>,
    user: UserIndex,
) -> impl Iterator<Item = CodeIndex> + use<'a> {
    let current = current.and_then(|current| current.of(user));
    let current_set = current.map_or(BundleSets::EMPTY, |current| current.set);
    let sets = assignments.sets();
    sets.difference(sets.wanted(assignments.set(user)), current_set)
}

/// The seats that the sendable users need, by code name.
pub fn seat_demand(
    assignments: &Assignments,
    current: Option<&CurrentLicenses>,
    budget: Option<&SeatBudget>,
) -> Vec<SeatDemand> {
    let codes = assignments.sets().all_codes();
    let free = free_by_code(codes, budget).into_iter().enumerate();
    let mut demand: Vec<_> = free
        .map(|(index, free)| SeatDemand::new(CodeIndex::from_index(index), free))
        .collect();
    for user in assignments.sendable_users() {
        let set = assignments.sets().wanted(assignments.set(user));
        for code in assignments.sets().code_indices(set) {
            demand[code.index()].users += 1;
        }
        for code in gains(assignments, current, user) {
            demand[code.index()].add_needed(user);
        }
        if let Some(current) = current.and_then(|current| current.of(user)) {
            for code in assignments.sets().difference(current.set, set) {
                demand[code.index()].released += 1;
            }
        }
    }
    // The file of current licences may name codes that matter to no user of the roster.
    demand.retain(|demand| demand.users > 0 || demand.released > 0);
    demand.sort_by_key(|demand| &codes[demand.code.index()]);
    demand
}

/// The sendable users for which no seat is left after the users before them, each with the code that is used up.
pub fn users_without_seat(
    assignments: &Assignments,
    current: Option<&CurrentLicenses>,
    budget: &SeatBudget,
) -> HashMap<UserIndex, CodeIndex> {
    let mut left = free_by_code(assignments.sets().all_codes(), Some(budget));
    let mut without = HashMap::new();
    for user in assignments.sendable_users() {
        let needs = || gains(assignments, current, user);
        if let Some(code) = needs().find(|code| left[code.index()] == Some(0)) {
            without.insert(user, code);
            continue;
        }
        for code in needs() {
            if let Some(left) = &mut left[code.index()] {
                *left -= 1;
            }
        }
    }
    without
}

fn free_by_code(codes: &[String], budget: Option<&SeatBudget>) -> Vec<Option<u64>> {
    let free = |code: &String| budget.and_then(|budget| budget.free.get(code).copied());
    codes.iter().map(free).collect()
}
