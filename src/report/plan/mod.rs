//! The plan of an import: the JSON of `seatload plan`, and what its other forms are made from.

mod counts;
mod rows;
mod text;

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use crate::plan::{Mode, PlannedChanges};
use crate::run::summary::seconds;
use crate::settings::{ImportPlan, RequestSettings};
use counts::{changes, codes, sets, users};

pub use rows::write_csv;
pub use text::{MAX_LISTED, input_section, plan_section};

/// The schema's number: it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

/// docs/json.md describes its fields.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    schema: u32,
    version: &'static str,
    /// The input's name.
    input: String,
    mode: Mode,
    /// Rows read, without the header and blank rows.
    rows: u64,
    users: Users,
    /// None without --current.
    changes: Option<Changes>,
    bad_row_count: u64,
    bad_rows: Vec<BadRow>,
    sets: Vec<Set>,
    /// In the order of their names.
    codes: Vec<Code>,
    requests: RequestPlan,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Users {
    total: u64,
    to_send: u64,
    /// Those of them who are sent before the run stops.
    to_send_now: u64,
    #[serde(rename = "holdAlready")]
    already_assigned: u64,
    without_seat: u64,
    #[serde(rename = "withheld")]
    skipped: SkippedUsers,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkippedUsers {
    bad_row: u64,
    #[serde(rename = "holdingsUnknown")]
    current_unknown: u64,
    #[serde(rename = "heldOtherwise")]
    other_external_flag: u64,
}

/// Changes for the users to send.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    gaining: u64,
    losing: u64,
    #[serde(rename = "otherFlag")]
    external_flag_changes: u64,
    /// Users whose current licences are unknown.
    unknown: u64,
    losses: Vec<Loss>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Loss {
    user_id: String,
    line: u32,
    codes: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct BadRow {
    line: u32,
    user_id: String,
    user_bundle_codes: String,
    #[serde(rename = "complaint")]
    error: String,
}

/// Users to send with one bundle set and external flag.
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
    #[serde(rename = "freed")]
    released: u64,
    free: Option<u64>,
    short: u64,
    #[serde(rename = "firstShort")]
    first_without_seat: Option<UserWithoutSeat>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserWithoutSeat {
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
    /// The least time from the first request to the last.
    seconds: f64,
}

/// What a plan is made from.
pub struct PlanSource<'a> {
    pub plan: &'a ImportPlan,
    pub changes: &'a PlannedChanges,
    pub requests: &'a RequestSettings,
    /// The value of --first.
    pub first: Option<NonZeroUsize>,
    /// The least time that a number of requests takes.
    pub min_duration: &'a dyn Fn(usize) -> Duration,
    /// The most bad rows and losses that are listed.
    pub limit: usize,
}

impl PlanReport {
    pub fn new(source: &PlanSource<'_>) -> Self {
        let (plan, requests) = (source.plan, source.requests);
        let roster = &source.changes.roster;
        let first = source.first.map_or(usize::MAX, NonZeroUsize::get);
        let sets = sets(source.changes, first, plan.batch_size);
        let count: u64 = sets.iter().map(|set| set.requests).sum();
        let bad_rows = roster.bad_rows.iter().take(source.limit);
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            input: plan.input.to_string(),
            mode: plan.input_settings.mode,
            rows: roster.rows,
            users: users(source.changes, first),
            changes: changes(source.changes, source.limit),
            bad_row_count: roster.bad_rows.len() as u64,
            bad_rows: bad_rows.map(BadRow::new).collect(),
            sets,
            codes: codes(source.changes),
            requests: RequestPlan {
                count,
                batch_size: plan.batch_size.get(),
                rate: requests.rate.to_string(),
                burst: requests.burst.get(),
                seconds: seconds((source.min_duration)(count as usize)),
            },
        }
    }

    pub fn requests(&self) -> u64 {
        self.requests.count
    }

    pub fn to_send(&self) -> u64 {
        self.users.to_send
    }

    /// Users to send before the run stops.
    pub fn to_send_now(&self) -> u64 {
        self.users.to_send_now
    }

    pub fn losing(&self) -> u64 {
        self.changes.as_ref().map_or(0, |changes| changes.losing)
    }

    /// Users who may lose licences, since their current licences are unknown.
    pub fn maybe_losing(&self) -> u64 {
        self.changes.as_ref().map_or(0, |changes| changes.unknown)
    }

    pub fn external_flag_changes(&self) -> u64 {
        let changes = self.changes.as_ref();
        changes.map_or(0, |changes| changes.external_flag_changes)
    }

    /// Whether a code has too few seats.
    pub fn is_short(&self) -> bool {
        self.codes.iter().any(|code| code.short > 0)
    }

    /// Whether an import would end with failures, as far as a plan can see.
    pub fn has_failures(&self) -> bool {
        let users = &self.users;
        let not_sent = users.total - users.to_send - users.already_assigned;
        not_sent > 0 || self.bad_row_count > 0 || self.is_short()
    }
}

impl BadRow {
    fn new(bad: &crate::roster::BadRow) -> Self {
        Self {
            line: bad.line,
            user_id: bad.user.clone(),
            user_bundle_codes: bad.codes.clone(),
            error: bad.error.to_string(),
        }
    }
}
