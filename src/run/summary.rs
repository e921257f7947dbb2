//! `summary.json`: the run in numbers, for programs. docs/json.md describes its fields.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RunFolder, RunStats, UserStates, not_before};
use crate::catalog;
use crate::event::StopReason;
use crate::outcome::FailureKind;
use crate::plan::Mode;
use crate::roster::Roster;

pub const SUMMARY: &str = "summary.json";

/// The schema's number: it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

/// The settings of a run; no secret is among them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SummarySettings {
    /// The input's name.
    pub input: String,
    /// `POST` or `PUT`.
    pub method: String,
    pub url: String,
    pub batch_size: usize,
    pub rate: String,
    pub burst: u32,
    pub concurrency: usize,
    pub max_retries: u32,
    pub timeout_seconds: f64,
    pub keep_trying: bool,
    pub external_license: bool,
    pub mode: Mode,
    pub current: Option<String>,
    pub in_order: bool,
    pub sandbox: bool,
}

/// A run in numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    schema: u32,
    version: String,
    pub settings: SummarySettings,
    started_at: String,
    finished_at: String,
    seconds: f64,
    /// Why the run stopped early, if it did.
    pub stopped: Option<Stopped>,
    /// Rows read, without the header and blank rows.
    pub rows: u64,
    pub users: UserCounts,
    /// In the order of their names.
    pub codes: Vec<CodeCounts>,
    pub requests: RequestCounts,
}

/// Why a run stopped early.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    pub reason: String,
    #[serde(rename = "advice")]
    pub hint: String,
    /// The service wants no request before this time.
    pub not_before: Option<String>,
}

/// Users and bad rows by outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserCounts {
    /// Users of the input, without bad rows.
    pub total: u64,
    /// Rows of `success.csv`.
    pub success: u64,
    /// Successes without a request: the users had exactly the requested codes.
    #[serde(rename = "heldAlready")]
    pub already_assigned: u64,
    /// Rows of `failures.csv`, by outcome.
    pub failures: BTreeMap<String, u64>,
    /// Rows of `pending.csv`.
    pub pending: u64,
}

/// Users of one code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeCounts {
    pub code: String,
    /// The vendor's name for it.
    pub name: Option<String>,
    /// Sendable users for whom it is requested.
    #[serde(rename = "wanted")]
    pub requested: u64,
    /// Users who have it now, as the service confirmed.
    pub allocated: u64,
}

/// Requests of the last session.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestCounts {
    pub sent: u64,
    /// Requests retried after a transient failure.
    pub retried: u64,
    /// Rejected batches that were split.
    pub splits: u64,
    /// Waits of more than two seconds.
    pub waits: u64,
    /// Their planned length in all.
    pub waited_seconds: f64,
}

/// What a summary is made from.
pub struct RunEnd<'a> {
    pub settings: SummarySettings,
    pub roster: &'a Roster,
    pub stats: &'a RunStats,
    pub states: &'a UserStates,
    /// Why the run stopped early, if it did.
    pub stop: Option<&'a StopReason>,
    /// The service wants no request before this time.
    pub not_before: Option<Timestamp>,
    pub started: Timestamp,
    pub finished: Timestamp,
    pub duration: Duration,
}

impl Summary {
    pub fn new(end: RunEnd<'_>) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: format!("{:.3}", end.started),
            finished_at: format!("{:.3}", end.finished),
            seconds: seconds(end.duration),
            stopped: end.stop.map(|stop| Stopped::new(stop, &end)),
            rows: end.roster.rows,
            users: UserCounts::new(&end),
            codes: code_counts(end.roster, end.stats),
            requests: RequestCounts::new(end.stats),
            settings: end.settings,
        }
    }

    /// The text of `summary.json`.
    pub fn json(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("numbers and text are JSON");
        json + "\n"
    }

    /// Writes `summary.json`. It has the time before which the service accepts no requests, so the file of that time is
    /// removed.
    pub fn write(&self, folder: &RunFolder) -> io::Result<()> {
        folder.replace(SUMMARY, |out| out.write_all(self.json().as_bytes()))?;
        not_before::remove(folder)
    }

    /// Whether a user failed, or a row is bad.
    pub fn has_failures(&self) -> bool {
        self.users.failures.values().any(|&count| count > 0)
    }

    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

impl Stopped {
    fn new(stop: &StopReason, end: &RunEnd<'_>) -> Self {
        let not_before = end.not_before.filter(|until| *until > end.finished);
        Self {
            reason: stop.message(),
            hint: stop.hint().to_owned(),
            not_before: not_before.map(|until| format!("{until:.3}")),
        }
    }
}

impl UserCounts {
    fn new(end: &RunEnd<'_>) -> Self {
        let RunEnd {
            roster,
            stats,
            states,
            ..
        } = end;
        let failures = FailureKind::ALL.into_iter().map(|kind| {
            let count = stats.failures.get(&kind).copied().unwrap_or(0);
            (kind.name().to_owned(), count)
        });
        Self {
            total: (roster.sendable_count + roster.skipped.len()) as u64,
            success: stats.success,
            already_assigned: states.already_assigned(),
            failures: failures.collect(),
            pending: states.pending(&roster.assignments).count() as u64,
        }
    }

    pub fn failed(&self, kind: FailureKind) -> u64 {
        self.failures.get(kind.name()).copied().unwrap_or(0)
    }
}

impl RequestCounts {
    fn new(stats: &RunStats) -> Self {
        Self {
            sent: stats.sent - stats.never_sent,
            retried: stats.retried,
            splits: stats.splits,
            waits: stats.waits,
            waited_seconds: seconds(stats.waited),
        }
    }
}

fn code_counts(roster: &Roster, stats: &RunStats) -> Vec<CodeCounts> {
    let assignments = &roster.assignments;
    let mut requested_by_set = BTreeMap::new();
    for user in assignments.sendable_users() {
        *requested_by_set
            .entry(assignments.set(user))
            .or_insert(0_u64) += 1;
    }
    let mut by_code: BTreeMap<&str, CodeCounts> = BTreeMap::new();
    for (set, requested) in requested_by_set {
        let allocated = stats.success_by_set.get(&set).copied().unwrap_or(0);
        for code in assignments.sets().codes(assignments.sets().wanted(set)) {
            let counts = by_code.entry(code).or_insert_with(|| CodeCounts {
                code: code.to_owned(),
                name: catalog::find(code).map(|entry| entry.name.to_owned()),
                requested: 0,
                allocated: 0,
            });
            counts.requested += requested;
            counts.allocated += allocated;
        }
    }
    by_code.into_values().collect()
}

/// Seconds to the millisecond.
pub fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
