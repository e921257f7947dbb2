//! Proposals against a model that is plain enough to be believed.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{AbsentUsers, Action, CurrentTable, Mode, PlannedChanges, SeatBudget};
use crate::roster::tests::{current_licenses, roster};
use crate::roster::{CodeIndex, UserIndex};

const CODES: [&str; 4] = ["IDU", "PMD", "ATTUNU", "TSTNU"];

/// Sets of codes as bits over [`CODES`], and the external flag; a user may be absent.
type Table = Vec<Option<(u8, bool)>>;

fn codes(bits: u8) -> BTreeSet<&'static str> {
    let has = |place: &usize| bits & (1 << place) != 0;
    (0..4).filter(has).map(|place| CODES[place]).collect()
}

fn file(table: &Table) -> String {
    let mut file = String::from("userId,codes,external\n");
    for (number, row) in table.iter().enumerate() {
        if let Some((bits, external)) = row {
            let codes: Vec<_> = codes(*bits).into_iter().collect();
            file.push_str(&format!("u{number},{},{external}\n", codes.join(";")));
        }
    }
    file
}

/// The codes that a user should have.
fn target(proposal: &PlannedChanges, user: UserIndex) -> BTreeSet<&str> {
    let all = &proposal.roster.assignments;
    all.sets().codes(all.set(user)).collect()
}

fn number(proposal: &PlannedChanges, user: UserIndex) -> usize {
    proposal.roster.assignments.user_id(user).to_string()[1..]
        .parse()
        .unwrap()
}

fn name(proposal: &PlannedChanges, code: CodeIndex) -> &str {
    &proposal.roster.assignments.sets().all_codes()[code.index()]
}

fn requested() -> impl Strategy<Value = Table> {
    prop::collection::vec(
        prop::option::weighted(0.9, (1_u8..16, prop::bool::weighted(0.2))),
        1..40,
    )
}

fn current() -> impl Strategy<Value = Table> {
    prop::collection::vec(
        prop::option::weighted(0.7, (0_u8..16, prop::bool::weighted(0.2))),
        40,
    )
}

fn free() -> impl Strategy<Value = BTreeMap<String, u64>> {
    let of_each = prop::collection::vec(prop::option::of(0_u64..20), 4);
    of_each.prop_map(|free| {
        let named = CODES.into_iter().zip(free);
        named
            .filter_map(|(code, free)| Some((code.to_owned(), free?)))
            .collect()
    })
}

proptest! {
    #[test]
    fn adding_removes_no_code_and_skips_users_that_could_lose_one(
        wanted in requested(),
        current in current(),
        means_none in any::<bool>(),
    ) {
        let absent = if means_none { AbsentUsers::HaveNone } else { AbsentUsers::Unknown };
        let holdings = current_licenses(&file(&current));
        let proposal = PlannedChanges::new(roster(&file(&wanted)), Some(CurrentTable::new(holdings, absent)), Mode::Add, None);
        let mut sendable = BTreeSet::new();
        for user in proposal.roster.assignments.sendable_users() {
            let at = number(&proposal, user);
            sendable.insert(at);
            let held = current[at].map_or_else(BTreeSet::new, |(bits, _)| codes(bits));
            let (bits, _) = wanted[at].unwrap();
            let both: BTreeSet<_> = held.union(&codes(bits)).copied().collect();
            prop_assert_eq!(target(&proposal, user), both);
            prop_assert!(proposal.change(user).is_some_and(|change| change.lost.is_empty() && !change.external_flag_changes));
        }
        let harmless = |at: &usize| {
            let Some((_, flag)) = wanted[*at] else { return false };
            match current[*at] {
                None => means_none,
                Some((bits, held_flag)) => bits == 0 || held_flag == flag,
            }
        };
        let expected: BTreeSet<_> = (0..wanted.len()).filter(harmless).collect();
        prop_assert_eq!(&sendable, &expected);
        prop_assert_eq!(proposal.roster.sendable_count, expected.len());
        let all = wanted.iter().flatten().count();
        prop_assert_eq!(proposal.roster.sendable_count + proposal.roster.skipped.len(), all);
    }

    #[test]
    fn changes_are_the_difference_and_users_without_changes_are_not_sent(
        wanted in requested(),
        current in current(),
    ) {
        let holdings = current_licenses(&file(&current));
        let proposal = PlannedChanges::new(roster(&file(&wanted)), Some(CurrentTable::new(holdings, AbsentUsers::Unknown)), Mode::Replace, None);
        for user in proposal.roster.assignments.sendable_users() {
            let at = number(&proposal, user);
            let (bits, flag) = wanted[at].unwrap();
            prop_assert_eq!(target(&proposal, user), codes(bits));
            let is_same = current[at] == Some((bits, flag));
            prop_assert_eq!(proposal.action(user), if is_same { Action::AlreadyAssigned } else { Action::Send });
            let Some((held, held_flag)) = current[at] else {
                prop_assert_eq!(proposal.change(user), None);
                continue;
            };
            let change = proposal.change(user).unwrap();
            let names = |codes: &[CodeIndex]| -> BTreeSet<_> { codes.iter().map(|&code| name(&proposal, code).to_owned()).collect() };
            let owned = |bits: u8| -> BTreeSet<_> { codes(bits).into_iter().map(str::to_owned).collect() };
            prop_assert_eq!(names(&change.gained), owned(bits & !held));
            prop_assert_eq!(names(&change.lost), owned(held & !bits));
            prop_assert_eq!(change.external_flag_changes, held != 0 && held_flag != flag);
        }
    }

    #[test]
    fn seats_go_to_the_first_users_and_never_to_more_than_there_are(
        wanted in requested(),
        current in prop::option::of(current()),
        free in free(),
    ) {
        let held = current.as_ref().map(|current| current_licenses(&file(current)));
        let limit = SeatBudget { free: free.clone(), partial: true };
        let current_roster = held.map(|held| CurrentTable::new(held, AbsentUsers::Unknown));
        let proposal = PlannedChanges::new(roster(&file(&wanted)), current_roster, Mode::Replace, Some(limit));

        let mut left = free.clone();
        let mut needed: BTreeMap<&str, u64> = BTreeMap::new();
        let mut first_short: BTreeMap<&str, usize> = BTreeMap::new();
        for user in proposal.roster.assignments.sendable_users() {
            let at = number(&proposal, user);
            let (bits, _) = wanted[at].unwrap();
            let held = current.as_ref().and_then(|current| current[at]).map_or(0, |(bits, _)| bits);
            let needs = codes(bits & !held);
            for &code in &needs {
                let needed = needed.entry(code).or_default();
                *needed += 1;
                if free.get(code).is_some_and(|free| *needed > *free) {
                    first_short.entry(code).or_insert(at);
                }
            }
            let fits = needs.iter().all(|code| left.get(*code) != Some(&0));
            if fits {
                for code in needs {
                    left.entry(code.to_owned()).and_modify(|left| *left -= 1);
                }
                prop_assert!(!matches!(proposal.action(user), Action::NoSeat(_)));
            } else {
                let Action::NoSeat(code) = proposal.action(user) else {
                    return Err(TestCaseError::fail(format!("u{at} has no seat")));
                };
                prop_assert_eq!(left.get(name(&proposal, code)), Some(&0));
            }
        }
        for demand in proposal.demand() {
            let code = name(&proposal, demand.code);
            prop_assert_eq!(demand.needed, needed.get(code).copied().unwrap_or(0));
            prop_assert_eq!(demand.free, free.get(code).copied());
            let short = demand.first_user_without_seat.map(|user| number(&proposal, user));
            prop_assert_eq!(short, first_short.get(code).copied());
            prop_assert_eq!(demand.short() > 0, short.is_some());
        }
    }
}

#[test]
fn a_guid_is_one_user_in_both_files_in_any_spelling() {
    let wanted = roster("userId,code\n{0F8FAD5B-D9CB-469F-A165-70867728950E},IDU\n");
    let current = current_licenses("userId,code\n0f8fad5b-d9cb-469f-a165-70867728950e,IDU\n");
    let proposal = PlannedChanges::new(
        wanted,
        Some(CurrentTable::new(current, AbsentUsers::Unknown)),
        Mode::Replace,
        None,
    );
    assert_eq!(
        proposal.action(UserIndex::from_index(0)),
        Action::AlreadyAssigned
    );
}
