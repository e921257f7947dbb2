//! What an import would do, in full: the JSON of `seatload plan`, and what its other forms are made from.

mod rows;
mod text;

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use crate::catalog;
use crate::plan::{Action, GroupSize, Mode, PlannedChanges, group_sizes};
use crate::roster::{CodeIndex, SkipReason};
use crate::run::summary::seconds;
use crate::settings::{ImportPlan, RequestSettings};

pub use rows::write_csv;
pub use text::{MAX_LISTED, input_section, plan_section};

/// The number of the schema: it changes when a field goes or changes its meaning.
const SCHEMA: u32 = 1;

/// What an import would do. docs/json.md describes its fields.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    schema: u32,
    version: &'static str,
    /// The input's name.
    input: String,
    mode: Mode,
    /// Rows read, without the header and blank ones.
    rows: u64,
    users: Users,
    /// What changes for users; null without `--current`.
    changes: Option<Changes>,
    bad_row_count: u64,
    bad_rows: Vec<Bad>,
    sets: Vec<Set>,
    /// In the order of the codes' names.
    codes: Vec<Code>,
    requests: RequestPlan,
}

/// Users by what is to be done with them.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Users {
    total: u64,
    to_send: u64,
    /// Those of them who are sent before the run stops.
    to_send_now: u64,
    hold_already: u64,
    without_seat: u64,
    withheld: WithheldUsers,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct WithheldUsers {
    bad_row: u64,
    holdings_unknown: u64,
    held_otherwise: u64,
}

/// What changes for the users who are to be sent.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    gaining: u64,
    losing: u64,
    other_flag: u64,
    unknown: u64,
    losses: Vec<Loss>,
}

/// A user who loses something.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Loss {
    user_id: String,
    line: u32,
    codes: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Bad {
    line: u32,
    user_id: String,
    user_bundle_codes: String,
    complaint: String,
}

/// Users of one bundle set and external flag who are to be sent.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Set {
    user_bundle_codes: Vec<String>,
    use_external_license: bool,
    users: u64,
    requests: u64,
}

/// Seats of one code.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Code {
    code: String,
    name: Option<&'static str>,
    users: u64,
    needed: u64,
    freed: u64,
    free: Option<u64>,
    short: u64,
    first_short: Option<FirstShort>,
}

/// The first user for whom no seat is left.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct FirstShort {
    user_id: String,
    line: u32,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestPlan {
    count: u64,
    batch_size: usize,
    rate: String,
    burst: u32,
    /// From the first to the last, at least.
    seconds: f64,
}

impl PlanReport {
    /// What an import would do with this file, sending the `first` so many for now. `time` tells how long so many
    /// requests take at least. Of bad rows and losses it lists `most` each.
    pub fn new(
        plan: &ImportPlan,
        proposal: &PlannedChanges,
        (requests, first): (&RequestSettings, Option<NonZeroUsize>),
        time: impl FnOnce(usize) -> Duration,
        most: usize,
    ) -> Self {
        let roster = &proposal.roster;
        let first = first.map_or(usize::MAX, NonZeroUsize::get);
        let sets = sets(proposal, first, plan.batch_size);
        let count: u64 = sets.iter().map(|set| set.requests).sum();
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            input: plan.input.to_string(),
            mode: plan.input_settings.mode,
            rows: roster.rows,
            users: users(proposal, first),
            changes: changes(proposal, most),
            bad_row_count: roster.bad_rows.len() as u64,
            bad_rows: roster
                .bad_rows
                .iter()
                .take(most)
                .map(|bad| Bad {
                    line: bad.line,
                    user_id: bad.user.clone(),
                    user_bundle_codes: bad.codes.clone(),
                    complaint: bad.error.to_string(),
                })
                .collect(),
            sets,
            codes: codes(proposal),
            requests: RequestPlan {
                count,
                batch_size: plan.batch_size.get(),
                rate: requests.rate.to_string(),
                burst: requests.burst.get(),
                seconds: seconds(time(count as usize)),
            },
        }
    }

    /// Requests to be sent.
    pub fn requests(&self) -> u64 {
        self.requests.count
    }

    /// Users to be sent.
    pub fn to_send(&self) -> u64 {
        self.users.to_send
    }

    /// Users to be sent before the run stops.
    pub fn to_send_now(&self) -> u64 {
        self.users.to_send_now
    }

    /// Users who would lose something that they hold.
    pub fn losing(&self) -> u64 {
        self.changes.as_ref().map_or(0, |changes| changes.losing)
    }

    /// Users who may lose something, since nobody knows what they hold.
    pub fn maybe_losing(&self) -> u64 {
        self.changes.as_ref().map_or(0, |changes| changes.unknown)
    }

    /// Users who keep something with the other external flag.
    pub fn getting_other_flag(&self) -> u64 {
        self.changes
            .as_ref()
            .map_or(0, |changes| changes.other_flag)
    }

    /// Whether some code has too few seats.
    pub fn is_short(&self) -> bool {
        self.codes.iter().any(|code| code.short > 0)
    }

    /// Whether an import would end with failures, as far as can be seen.
    pub fn has_failures(&self) -> bool {
        let held_back = self.users.total - self.users.to_send - self.users.hold_already;
        held_back > 0 || self.bad_row_count > 0 || self.is_short()
    }
}

fn users(proposal: &PlannedChanges, first: usize) -> Users {
    let roster = &proposal.roster;
    let mut users = Users {
        total: (roster.sendable_count + roster.skipped.len()) as u64,
        to_send: 0,
        to_send_now: 0,
        hold_already: 0,
        without_seat: 0,
        withheld: WithheldUsers::default(),
    };
    if proposal.sends_all() {
        users.to_send = roster.sendable_count as u64;
    } else {
        for user in roster.assignments.sendable_users() {
            match proposal.action(user) {
                Action::Sent => users.to_send += 1,
                Action::AlreadyAssigned => users.hold_already += 1,
                Action::NoSeat(_) => users.without_seat += 1,
            }
        }
    }
    users.to_send_now = users.to_send.min(first as u64);
    for (_, why) in &roster.skipped {
        match why {
            SkipReason::BadRow | SkipReason::PossiblyBadRow => users.withheld.bad_row += 1,
            SkipReason::CurrentUnknown => users.withheld.holdings_unknown += 1,
            SkipReason::OtherExternalFlag => users.withheld.held_otherwise += 1,
        }
    }
    users
}

fn changes(proposal: &PlannedChanges, most: usize) -> Option<Changes> {
    proposal.holdings.as_ref()?;
    let all = &proposal.roster.assignments;
    let mut changes = Changes::default();
    for user in proposal.to_send() {
        let Some(change) = proposal.change(user) else {
            changes.unknown += 1;
            continue;
        };
        changes.gaining += u64::from(!change.gained.is_empty());
        changes.losing += u64::from(!change.lost.is_empty());
        changes.other_flag += u64::from(change.external_flag_changes);
        if !change.lost.is_empty() && changes.losses.len() < most {
            changes.losses.push(Loss {
                user_id: all.user_id(user).to_string(),
                line: all.line(user),
                codes: names(proposal, &change.lost),
            });
        }
    }
    Some(changes)
}

fn sets(proposal: &PlannedChanges, first: usize, batch_size: NonZeroUsize) -> Vec<Set> {
    let all = &proposal.roster.assignments;
    let set = |size: GroupSize| Set {
        user_bundle_codes: all
            .sets()
            .codes(size.group.set)
            .map(str::to_owned)
            .collect(),
        use_external_license: size.group.external,
        users: size.users as u64,
        requests: size.requests(batch_size) as u64,
    };
    let sizes = group_sizes(all, proposal.to_send().take(first));
    sizes.into_iter().map(set).collect()
}

fn codes(proposal: &PlannedChanges) -> Vec<Code> {
    let all = &proposal.roster.assignments;
    let names = all.sets().all_codes();
    let code = |demand: crate::plan::SeatDemand| {
        let code = &names[demand.code.index()];
        Code {
            code: code.clone(),
            name: catalog::find(code).map(|entry| entry.name),
            users: demand.users,
            needed: demand.needed,
            freed: demand.released,
            free: demand.free,
            short: demand.short(),
            first_short: demand.first_user_without_seat.map(|user| FirstShort {
                user_id: all.user_id(user).to_string(),
                line: all.line(user),
            }),
        }
    };
    proposal.demand().into_iter().map(code).collect()
}

/// The names of codes.
fn names(proposal: &PlannedChanges, codes: &[CodeIndex]) -> Vec<String> {
    let all = proposal.roster.assignments.sets().all_codes();
    codes.iter().map(|code| all[code.index()].clone()).collect()
}
