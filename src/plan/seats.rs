//! Seats that are needed against seats that are free.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use serde::{Deserialize, Serialize};

use super::CurrentLicenses;
use crate::roster::{Assignments, BundleSets, CodeIndex, UserIndex};

/// How many seats there are for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatBudget {
    /// Free seats by code. Of other codes nothing is known.
    pub free: BTreeMap<String, u64>,
    /// Send those for whom there are seats, where there are not enough for all.
    #[serde(rename = "untilFull")]
    pub partial: bool,
}

/// How many seats of one code the users of a roster need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatDemand {
    pub code: CodeIndex,
    pub users: u64,
    /// Those of them who are not known to hold it already: each needs a seat.
    pub needed: u64,
    /// Users who hold it and shall not any more. Their seats come free in the course of the run, so nobody counts on them.
    pub released: u64,
    /// Seats that are free, if that is known.
    pub free: Option<u64>,
    /// The first user for whom no seat is left.
    pub first_user_without_seat: Option<UserIndex>,
}

impl SeatDemand {
    /// Seats that are lacking.
    pub fn short(&self) -> u64 {
        self.free.map_or(0, |free| self.needed.saturating_sub(free))
    }
}

/// What a user needs that it is not known to hold.
fn gains<'a>(
    all: &'a Assignments,
    holdings: Option<&CurrentLicenses>,
    user: UserIndex,
) -> impl Iterator<Item = CodeIndex> + use<'a> {
    let held = holdings.and_then(|holdings| holdings.of(user));
    let held = held.map_or(BundleSets::EMPTY, |held| held.set);
    all.sets().difference(all.set(user), held)
}

/// How many seats the good users need, by code in the order of the codes' names.
pub fn seat_demand(
    all: &Assignments,
    holdings: Option<&CurrentLicenses>,
    limit: Option<&SeatBudget>,
) -> Vec<SeatDemand> {
    let codes = all.sets().all_codes();
    let free = free_by_code(codes, limit);
    let mut demand: Vec<_> = codes
        .iter()
        .enumerate()
        .map(|(place, _)| SeatDemand {
            code: CodeIndex::from_index(place),
            users: 0,
            needed: 0,
            released: 0,
            free: free[place],
            first_user_without_seat: None,
        })
        .collect();
    // Millions who are known to hold nothing, and may all have a seat, differ by their sets alone.
    let mut alike = vec![0; all.sets().iter().len()];
    for user in all.sendable_users() {
        let held = holdings.and_then(|holdings| holdings.of(user));
        if held.is_none() && limit.is_none() {
            alike[all.set(user).index()] += 1;
            continue;
        }
        for code in all.sets().code_indices(all.set(user)) {
            demand[code.index()].users += 1;
        }
        for code in gains(all, holdings, user) {
            let demand = &mut demand[code.index()];
            demand.needed += 1;
            if demand.short() > 0 {
                demand.first_user_without_seat.get_or_insert(user);
            }
        }
        if let Some(held) = held {
            for code in all.sets().difference(held.set, all.set(user)) {
                demand[code.index()].released += 1;
            }
        }
    }
    for (set, users) in all.sets().iter().zip(alike) {
        for code in all.sets().code_indices(set) {
            demand[code.index()].users += users;
            demand[code.index()].needed += users;
        }
    }
    // The file of holdings may name codes that are nobody's concern here.
    demand.retain(|demand| demand.users > 0 || demand.released > 0);
    demand.sort_by_key(|demand| &codes[demand.code.index()]);
    demand
}

/// The good users for whom no seat is left once those before them have theirs, and the code that has run out.
pub fn users_without_seat(
    all: &Assignments,
    holdings: Option<&CurrentLicenses>,
    limit: &SeatBudget,
) -> HashMap<UserIndex, CodeIndex> {
    let mut left = free_by_code(all.sets().all_codes(), Some(limit));
    let mut without = HashMap::new();
    for user in all.sendable_users() {
        let needs = || gains(all, holdings, user);
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

fn free_by_code(codes: &[String], limit: Option<&SeatBudget>) -> Vec<Option<u64>> {
    let free = |code: &String| limit.and_then(|limit| limit.free.get(code).copied());
    codes.iter().map(free).collect()
}
