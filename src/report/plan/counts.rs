//! The numbers of a plan.

use std::num::NonZeroUsize;

use serde::Serialize;

use crate::catalog;
use crate::plan::{Action, PlannedChanges, SeatDemand, group_sizes};
use crate::roster::{CodeIndex, SkipReason};

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Users {
    pub total: u64,
    pub to_send: u64,
    /// Those of them who are sent before the run stops.
    pub to_send_now: u64,
    #[serde(rename = "holdAlready")]
    pub already_assigned: u64,
    pub without_seat: u64,
    /// Users to send whose rows take everything from them.
    pub to_remove: u64,
    #[serde(rename = "withheld")]
    pub skipped: SkippedUsers,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SkippedUsers {
    pub bad_row: u64,
    #[serde(rename = "holdingsUnknown")]
    pub current_unknown: u64,
    #[serde(rename = "heldOtherwise")]
    pub other_external_flag: u64,
}

/// Changes for the users to send.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    pub gaining: u64,
    pub losing: u64,
    #[serde(rename = "otherFlag")]
    pub external_flag_changes: u64,
    /// Users with licences from a group, which a direct allocation may replace.
    pub replacing_inherited: u64,
    /// Users whose current licences are unknown.
    pub unknown: u64,
    pub losses: Vec<Loss>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    pub user_id: String,
    /// The address by which the input names the user.
    pub email: Option<String>,
    pub line: u32,
    pub codes: Vec<String>,
}

/// Users to send with one bundle set and external flag.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Set {
    pub user_bundle_codes: Vec<String>,
    pub use_external_license: bool,
    pub users: u64,
    pub requests: u64,
}

/// Seats of one code.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    pub code: String,
    pub name: Option<&'static str>,
    pub users: u64,
    pub needed: u64,
    #[serde(rename = "freed")]
    pub released: u64,
    pub free: Option<u64>,
    pub short: u64,
    #[serde(rename = "firstShort")]
    pub first_without_seat: Option<UserWithoutSeat>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserWithoutSeat {
    pub user_id: String,
    /// The address by which the input names the user.
    pub email: Option<String>,
    pub line: u32,
}

pub fn users(changes: &PlannedChanges, first: usize) -> Users {
    let roster = &changes.roster;
    let mut users = Users {
        total: (roster.sendable_count + roster.skipped.len()) as u64,
        ..Users::default()
    };
    for user in roster.assignments.sendable_users() {
        match changes.action(user) {
            Action::Send => users.to_send += 1,
            Action::AlreadyAssigned => users.already_assigned += 1,
            Action::NoSeat(_) => users.without_seat += 1,
        }
    }
    users.to_remove = changes.to_remove().count() as u64;
    users.to_send_now = users.to_send.min(first as u64);
    for (_, reason) in &roster.skipped {
        match reason {
            SkipReason::BadRow | SkipReason::PossiblyBadRow => users.skipped.bad_row += 1,
            SkipReason::CurrentUnknown => users.skipped.current_unknown += 1,
            SkipReason::OtherExternalFlag => users.skipped.other_external_flag += 1,
        }
    }
    users
}

pub fn changes(planned: &PlannedChanges, limit: usize) -> Option<Changes> {
    planned.current.as_ref()?;
    let assignments = &planned.roster.assignments;
    let mut changes = Changes::default();
    for user in planned.to_send() {
        let Some(change) = planned.change(user) else {
            changes.unknown += 1;
            continue;
        };
        changes.gaining += u64::from(!change.gained.is_empty());
        changes.losing += u64::from(!change.lost.is_empty());
        changes.external_flag_changes += u64::from(change.external_flag_changes);
        changes.replacing_inherited += u64::from(change.replaces_inherited);
        if !change.lost.is_empty() && changes.losses.len() < limit {
            changes.losses.push(Loss {
                user_id: assignments.user_id(user).to_string(),
                email: assignments.email(user).map(str::to_owned),
                line: assignments.line(user),
                codes: code_names(planned, &change.lost),
            });
        }
    }
    Some(changes)
}

pub fn sets(changes: &PlannedChanges, first: usize, batch_size: NonZeroUsize) -> Vec<Set> {
    let assignments = &changes.roster.assignments;
    group_sizes(assignments, changes.to_send().take(first))
        .into_iter()
        .map(|size| Set {
            user_bundle_codes: assignments
                .sets()
                .codes(size.group.set)
                .map(str::to_owned)
                .collect(),
            use_external_license: size.group.external,
            users: size.users as u64,
            requests: size.requests(batch_size) as u64,
        })
        .collect()
}

pub fn codes(changes: &PlannedChanges) -> Vec<Code> {
    let assignments = &changes.roster.assignments;
    let names = assignments.sets().all_codes();
    let code = |demand: SeatDemand| {
        let code = &names[demand.code.index()];
        Code {
            code: code.clone(),
            name: catalog::find(code).map(|entry| entry.name),
            users: demand.users,
            needed: demand.needed,
            released: demand.released,
            free: demand.free,
            short: demand.short(),
            first_without_seat: demand.first_user_without_seat.map(|user| UserWithoutSeat {
                user_id: assignments.user_id(user).to_string(),
                email: assignments.email(user).map(str::to_owned),
                line: assignments.line(user),
            }),
        }
    };
    changes.demand().into_iter().map(code).collect()
}

pub fn code_names(changes: &PlannedChanges, codes: &[CodeIndex]) -> Vec<String> {
    let names = changes.roster.assignments.sets().all_codes();
    codes
        .iter()
        .map(|code| names[code.index()].clone())
        .collect()
}
