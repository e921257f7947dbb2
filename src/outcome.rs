//! The outcome of an assignment. Every assignment has exactly one, or is pending.

use std::sync::Arc;

use crate::roster::UserIndex;

/// The final result for one assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The service confirmed that the user has exactly the requested codes.
    Success {
        organization_id: Arc<str>,
        confirmed_by: ConfirmedBy,
    },
    /// The user does not have the requested codes, or it is unknown whether it does.
    Failure {
        kind: FailureKind,
        /// The status of the response that decided it, if there was one.
        status: Option<u16>,
        /// The service's message or seatload's, with a hint.
        message: Arc<str>,
    },
}

/// What confirms that a user has exactly the requested codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmedBy {
    /// The response to the request.
    Response,
    /// Reading what the user has: before the run, or after a response that was lost.
    Reading,
}

impl Outcome {
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success { .. })
    }
}

/// The kinds of failure, as in the column `outcome` of `failures.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// 404: no account licence, or no such user.
    NotFound,
    /// 409: the allocation would exceed the account's licence quantities.
    Conflict,
    /// 400, 413, 422: the service does not accept the request.
    Rejected,
    /// Two successful responses that do not confirm the user's codes.
    Unconfirmed,
    /// The retries are used up, and no attempt was applied.
    Unavailable,
    /// The retries are used up, and an attempt may have been applied: its response was lost.
    Unknown,
    Invalid,
    /// A user with a bad row elsewhere.
    Withheld,
}

impl FailureKind {
    /// Every kind, in the order in which reports list them.
    pub const ALL: [Self; 8] = [
        Self::Conflict,
        Self::NotFound,
        Self::Rejected,
        Self::Unconfirmed,
        Self::Unavailable,
        Self::Unknown,
        Self::Withheld,
        Self::Invalid,
    ];

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::Unconfirmed => "unconfirmed",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::Withheld => "withheld",
        }
    }

    /// A message and the hint of this kind.
    pub fn with_hint(self, message: &str) -> String {
        with_hint(message, self.hint())
    }

    /// The next step.
    pub fn hint(self) -> &'static str {
        match self {
            Self::NotFound => {
                "check that the organisation has this user and licences of these codes, then import this row again"
            }
            Self::Conflict => "free or buy seats of these codes, then import this row again",
            Self::Rejected => "correct the user ID or the codes, then import this row again",
            Self::Unconfirmed => {
                "check this user in the portal: the service accepted the request and did not confirm it"
            }
            Self::Unavailable => "nothing was changed for this user; import this row again later",
            Self::Unknown => {
                "the codes may have been allocated; import this row again, which is harmless"
            }
            Self::Invalid => "correct this row, then import failures.csv",
            Self::Withheld => "correct the user's bad rows in failures.csv, then import that file",
        }
    }
}

/// Between a message and its hint in a report.
const HINT: &str = " Hint: ";

/// A message and a hint, for the column `message`.
pub fn with_hint(message: &str, hint: &str) -> String {
    let stop = if message.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{message}{stop}{HINT}{hint}")
}

/// The message and the hint that [`with_hint`] has joined. `None` if the end has been cut off.
pub fn split_hint(message: &str) -> Option<(&str, &str)> {
    if message.ends_with('…') {
        return None;
    }
    message.rsplit_once(HINT)
}

/// Whether the service may have applied a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Applied {
    #[default]
    No,
    Maybe,
}

impl Applied {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
        }
    }
}

/// The outcome of users that were decided together with the same result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub users: Vec<UserIndex>,
    pub outcome: Outcome,
    /// How many requests named each of the users.
    pub attempts: u32,
    /// Whether one of the requests may have been applied, whatever the outcome.
    pub applied: Applied,
}

/// Every kind of failure with its hint, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    let text = |kind: FailureKind| format!("{}: {}", kind.name(), kind.with_hint("the message"));
    FailureKind::ALL
        .map(|kind| crate::diagnostic::Sample::text(text(kind)))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_and_its_hint_can_be_split_again() {
        for kind in FailureKind::ALL {
            let message = kind.with_hint("the service says: Hint: nothing");
            let split = split_hint(&message);
            assert_eq!(
                split,
                Some(("the service says: Hint: nothing.", kind.hint()))
            );
        }
        assert_eq!(split_hint("so long that it was cut. Hint: fr…"), None);
        assert_eq!(split_hint("no hint"), None);
    }
}
