//! `summary.json`: the run in numbers, for programs. docs/json.md describes its fields.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog;
use crate::event::StopReason;
use crate::outcome::FailureKind;
use crate::plan::Mode;
use crate::roster::Roster;
use crate::run::{RunFolder, not_before};
use crate::run::{RunStats, UserStates};

/// The file's name.
pub const SUMMARY: &str = "summary.json";

/// The number of the schema: it changes when a field goes or changes its meaning.
const SCHEMA: u32 = 1;

/// What a run was about, as far as its summary tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SummarySettings {
    /// The input's name.
    pub input: String,
    /// `POST` or `PUT`.
    pub method: String,
    /// The address that requests went to.
    pub url: String,
    /// `--batch-size`.
    pub batch_size: usize,
    /// `--rate`.
    pub rate: String,
    /// `--burst`.
    pub burst: u32,
    /// `--concurrency`.
    pub concurrency: usize,
    /// `--max-retries`.
    pub max_retries: u32,
    /// `--timeout`.
    pub timeout_seconds: f64,
    /// `--keep-trying`.
    pub keep_trying: bool,
    /// `--external-license`.
    pub external_license: bool,
    /// `--mode`.
    pub mode: Mode,
    /// `--current`.
    pub current: Option<String>,
    /// `--in-order`, or what implies it.
    pub in_order: bool,
    /// Whether the run went to the built-in stand-in.
    pub sandbox: bool,
}

/// A run in numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    schema: u32,
    version: String,
    /// What the run was about.
    pub settings: SummarySettings,
    started_at: String,
    finished_at: String,
    seconds: f64,
    /// Why the run stopped early, if it did.
    pub stopped: Option<Stopped>,
    /// Rows read, without the header and blank ones.
    pub rows: u64,
    /// Users by what became of them.
    pub users: UserCounts,
    /// Codes in the order of their names.
    pub codes: Vec<CodeCounts>,
    /// What went over the wire.
    pub requests: RequestCounts,
}

/// Why a run stopped early.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// What happened.
    pub reason: String,
    /// What to do about it.
    pub advice: String,
    /// Before when the service does not want to be asked, in UTC, if it said so.
    pub not_before: Option<String>,
}

/// Users, and bad rows, by what became of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserCounts {
    /// Users that the file asks for; bad rows are not among them.
    pub total: u64,
    /// Rows of `success.csv`.
    pub success: u64,
    /// Those of them who were not sent, since they held what they shall hold.
    pub held_already: u64,
    /// Rows of `failures.csv`, by outcome.
    pub failures: BTreeMap<String, u64>,
    /// Rows of `pending.csv`.
    pub pending: u64,
}

/// What became of one code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeCounts {
    /// The code.
    pub code: String,
    /// The vendor's name for it.
    pub name: Option<String>,
    /// Users who shall hold it and were to be sent.
    pub wanted: u64,
    /// Users who hold it now, as the service confirmed.
    pub allocated: u64,
}

/// What went over the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestCounts {
    /// Requests sent, all included.
    pub sent: u64,
    /// Requests sent again after passing trouble.
    pub retried: u64,
    /// Refused batches that were split.
    pub splits: u64,
    /// Waits of more than two seconds.
    pub waits: u64,
    /// How long they were meant to last in all.
    pub waited_seconds: f64,
}

impl Summary {
    /// The summary of a run that has ended.
    pub fn new(
        about: SummarySettings,
        roster: &Roster,
        (tally, standing): (&RunStats, &UserStates),
        pending: u64,
        (stop, not_before): (Option<&StopReason>, Option<Timestamp>),
        (started, took, finished): (Timestamp, Duration, Timestamp),
    ) -> Self {
        let users = (roster.sendable_count + roster.skipped.len()) as u64;
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            settings: about,
            started_at: format!("{started:.3}"),
            finished_at: format!("{finished:.3}"),
            seconds: rounded(took),
            stopped: stop.map(|stop| Stopped {
                reason: stop.message(),
                advice: stop.hint().to_owned(),
                not_before: match stop {
                    StopReason::RetryAfterTooLong { wait } => {
                        Some(finished.saturating_add(*wait).unwrap_or(Timestamp::MAX))
                    }
                    _ => not_before.filter(|until| *until > finished),
                }
                .map(|until| format!("{until:.3}")),
            }),
            rows: roster.rows,
            users: UserCounts {
                total: users,
                success: tally.success,
                held_already: standing.held_already(),
                failures: FailureKind::ALL
                    .iter()
                    .map(|kind| {
                        let count = tally.failures.get(kind).copied().unwrap_or(0);
                        (kind.name().to_owned(), count)
                    })
                    .collect(),
                pending,
            },
            codes: codes(roster, tally),
            requests: RequestCounts {
                sent: tally.sent - tally.never_left,
                retried: tally.retried,
                splits: tally.splits,
                waits: tally.waits,
                waited_seconds: rounded(tally.waited),
            },
        }
    }

    /// As `summary.json` has it.
    pub fn json(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("numbers and text are JSON");
        json + "\n"
    }

    /// Writes `summary.json` into a run's folder. It then has what the file of the service's wait had.
    pub fn write(&self, folder: &RunFolder) -> io::Result<()> {
        folder.replace(SUMMARY, |out| out.write_all(self.json().as_bytes()))?;
        not_before::remove(folder)
    }

    /// Whether a user failed, or a row is bad.
    pub fn has_failures(&self) -> bool {
        self.users.failures.values().any(|&count| count > 0)
    }

    /// How long the run took, in seconds.
    pub fn took(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn codes(roster: &Roster, tally: &RunStats) -> Vec<CodeCounts> {
    let all = &roster.assignments;
    let mut wanted_by_set = BTreeMap::new();
    for user in all.sendable_users() {
        *wanted_by_set.entry(all.set(user)).or_insert(0_u64) += 1;
    }
    let mut by_code: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (set, wanted) in wanted_by_set {
        let allocated = tally.success_by_set.get(&set).copied().unwrap_or(0);
        for code in all.sets().codes(set) {
            let counts = by_code.entry(code).or_default();
            counts.0 += wanted;
            counts.1 += allocated;
        }
    }
    by_code
        .into_iter()
        .map(|(code, (wanted, allocated))| CodeCounts {
            code: code.to_owned(),
            name: catalog::find(code).map(|entry| entry.name.to_owned()),
            wanted,
            allocated,
        })
        .collect()
}

pub fn rounded(span: Duration) -> f64 {
    (span.as_secs_f64() * 1000.0).round() / 1000.0
}
