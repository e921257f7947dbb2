//! Events as lines of JSON, for programs. docs/json.md describes their fields.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::RunStats;
use crate::event::{Event, StopReason, WaitCause};
use crate::outcome::{Decision, Outcome};

#[derive(Serialize)]
struct Line<'a> {
    /// In UTC.
    at: String,
    #[serde(flatten)]
    what: JsonEvent<'a>,
}

/// What there is to tell.
#[derive(Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum JsonEvent<'a> {
    Begin {
        to_send: u64,
    },
    Sent {
        batch: usize,
        users: usize,
    },
    Answered {
        batch: usize,
    },
    Retrying {
        batch: usize,
        wait_seconds: f64,
        reason: &'a str,
    },
    Split {
        batch: usize,
        users: usize,
    },
    Waiting {
        wait_seconds: f64,
        cause: &'static str,
    },
    Decided {
        success: u64,
        failures: BTreeMap<&'static str, u64>,
        done: u64,
        to_send: u64,
    },
    Exhausted {
        user_bundle_codes: &'a str,
    },
    Misdirected {
        answer: &'a str,
    },
    Stopping {
        reason: String,
        advice: &'static str,
        in_flight: u64,
    },
    Message {
        text: &'a str,
    },
    End {
        report_dir: &'a str,
        exit_code: u8,
    },
}

/// A line without its end.
pub fn line(what: JsonEvent<'_>) -> String {
    let line = Line {
        at: format!("{:.3}", Timestamp::now()),
        what,
    };
    serde_json::to_string(&line).expect("text and numbers are JSON")
}

impl<'a> JsonEvent<'a> {
    /// An event that has been counted.
    pub fn of(event: &'a Event, stats: &RunStats) -> Self {
        match event {
            Event::Sent { batch, users } => Self::Sent {
                batch: *batch,
                users: *users,
            },
            Event::ResponseReceived { batch, .. } => Self::Answered { batch: *batch },
            Event::Retrying {
                batch,
                wait,
                reason,
            } => Self::Retrying {
                batch: *batch,
                wait_seconds: wait.as_secs_f64(),
                reason,
            },
            Event::Split { batch, users } => Self::Split {
                batch: *batch,
                users: *users,
            },
            Event::Waiting { wait, cause } => Self::Waiting {
                wait_seconds: wait.as_secs_f64(),
                cause: name(*cause),
            },
            Event::Decided(decision) => Self::decided(decision, stats),
            Event::SeatsExhausted { codes } => Self::Exhausted {
                user_bundle_codes: codes,
            },
            Event::WrongAddress { answer } => Self::Misdirected { answer },
            Event::Stopping(stop) => Self::stopping(stop, stats),
        }
    }

    fn decided(decision: &Decision, stats: &RunStats) -> Self {
        let users = decision.users.len() as u64;
        let (success, failures) = match &decision.outcome {
            Outcome::Success { .. } => (users, BTreeMap::new()),
            Outcome::Failure { kind, .. } => (0, BTreeMap::from([(kind.name(), users)])),
        };
        Self::Decided {
            success,
            failures,
            done: stats.decided,
            to_send: stats.to_send,
        }
    }

    fn stopping(stop: &StopReason, stats: &RunStats) -> Self {
        Self::Stopping {
            reason: stop.message(),
            advice: stop.hint(),
            in_flight: stats.in_flight(),
        }
    }
}

fn name(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::RetryAfter => "toldToWait",
        WaitCause::QuotaExhausted => "quotaTold",
        WaitCause::Rate => "rate",
        WaitCause::SignIn => "signIn",
        WaitCause::Retry => "retry",
    }
}
