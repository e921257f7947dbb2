//! Events as lines of JSON, for programs. docs/json.md describes their fields.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::event::{Event, StopReason, WaitCause};
use crate::outcome::{Decision, Outcome};
use crate::run::RunStats;

#[derive(Serialize)]
struct Line<'a> {
    /// In UTC.
    at: String,
    #[serde(flatten)]
    event: JsonEvent<'a>,
}

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
    #[serde(rename = "answered")]
    ResponseReceived {
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
        #[serde(rename = "done")]
        decided: u64,
        to_send: u64,
    },
    #[serde(rename = "exhausted")]
    SeatsExhausted {
        user_bundle_codes: &'a str,
    },
    #[serde(rename = "misdirected")]
    WrongAddress {
        #[serde(rename = "answer")]
        response: &'a str,
    },
    Stopping {
        reason: String,
        #[serde(rename = "advice")]
        hint: &'static str,
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
pub fn line(event: JsonEvent<'_>) -> String {
    let line = Line {
        at: format!("{:.3}", Timestamp::now()),
        event,
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
            Event::ResponseReceived { batch, .. } => Self::ResponseReceived { batch: *batch },
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
                cause: cause_name(*cause),
            },
            Event::Decided(decision) => Self::decided(decision, stats),
            Event::SeatsExhausted { codes } => Self::SeatsExhausted {
                user_bundle_codes: codes,
            },
            Event::WrongAddress { response } => Self::WrongAddress { response },
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
            decided: stats.decided,
            to_send: stats.to_send,
        }
    }

    fn stopping(stop: &StopReason, stats: &RunStats) -> Self {
        Self::Stopping {
            reason: stop.message(),
            hint: stop.hint(),
            in_flight: stats.in_flight(),
        }
    }
}

fn cause_name(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::RetryAfter => "toldToWait",
        WaitCause::QuotaExhausted => "quotaTold",
        WaitCause::Rate => "rate",
        WaitCause::SignIn => "signIn",
        WaitCause::Retry => "retry",
    }
}
