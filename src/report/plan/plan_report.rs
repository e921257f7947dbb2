//! The JSON of `seatload plan`, which its other forms are made from.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use super::counts::{Changes, Code, Set, Users, changes, codes, sets, users};
use crate::input::Columns;
use crate::plan::{Mode, PlannedChanges};
use crate::report::{Layout, UnusualIds};
use crate::run::summary::seconds;
use crate::settings::{ImportPlan, RequestSettings};

/// The schema's number: it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

/// docs/json.md describes its fields.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    schema: u32,
    version: &'static str,
    /// The input's name.
    pub input: String,
    pub layout: Layout,
    /// None if no user ID is unlike the others.
    pub unusual_ids: Option<UnusualIds>,
    mode: Mode,
    /// Rows read, without the header and blank rows.
    pub rows: u64,
    pub users: Users,
    /// None without --current.
    pub changes: Option<Changes>,
    pub bad_row_count: u64,
    pub bad_rows: Vec<BadRow>,
    pub sets: Vec<Set>,
    /// In the order of their names.
    pub codes: Vec<Code>,
    pub requests: RequestPlan,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BadRow {
    pub line: u32,
    pub user_id: String,
    pub user_bundle_codes: String,
    #[serde(rename = "complaint")]
    pub error: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestPlan {
    pub count: u64,
    pub batch_size: usize,
    pub rate: String,
    pub burst: u32,
    /// The least time from the first request to the last.
    pub seconds: f64,
}

/// What a plan is made from.
pub struct PlanSource<'a> {
    pub plan: &'a ImportPlan,
    pub columns: &'a Columns,
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
            layout: Layout::of(source.columns),
            unusual_ids: UnusualIds::of(&roster.assignments),
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

    /// Users who lose licences. Those whose rows take everything from them count even if it is unknown what they have.
    pub fn losing(&self) -> u64 {
        let changes = self.changes.as_ref();
        changes.map_or(self.users.to_remove, |changes| changes.losing)
    }

    /// Users who may lose licences, since their current licences are unknown.
    pub fn maybe_losing(&self) -> u64 {
        self.changes.as_ref().map_or(0, |changes| changes.unknown)
    }

    /// Users with licences from a group, which a direct allocation may replace.
    pub fn replacing_inherited(&self) -> u64 {
        let changes = self.changes.as_ref();
        changes.map_or(0, |changes| changes.replacing_inherited)
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
