//! What became of an assignment. Every assignment has exactly one outcome, or is still pending.

use std::sync::Arc;

use crate::roster::UserIndex;

/// What became of one assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The service confirmed that the user holds what was asked.
    Success { organization_id: Arc<str> },
    /// The user does not hold it, or nobody knows.
    Failure {
        kind: FailureKind,
        /// The status of the answer that decided it, where there was one.
        status: Option<u16>,
        /// What the service or seatload says about it.
        message: Arc<str>,
    },
}

impl Outcome {
    /// Whether it is a success.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success { .. })
    }
}

/// The ways to fail, as the column `outcome` of `failures.csv` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// 404: no account licence, or no such user.
    NotFound,
    /// 409: it would exceed the account's licence quantities.
    Conflict,
    /// 400, 413, 422: the service does not take the request.
    Rejected,
    /// A 200 that does not name the user with what was asked, twice.
    Unconfirmed,
    /// Retries used up, and every attempt was surely not applied.
    Unavailable,
    /// Retries used up, and an attempt may have been applied: its answer was lost.
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

    /// The kind of that name.
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

    /// What happened, in the words of whoever said it, and what the admin can do about it.
    pub fn with_hint(self, said: &str) -> String {
        explain(said, self.hint())
    }

    /// What the admin can do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::NotFound => {
                "check that the user ID exists in this organisation and that the account has licences of these codes"
            }
            Self::Conflict => "free or buy seats of these codes, then import this row again",
            Self::Rejected => "correct the user ID or the codes, then import this row again",
            Self::Unconfirmed => {
                "look the user up in the portal: the service accepted the request and did not say that it was done"
            }
            Self::Unavailable => "nothing was changed for this user: import this row again later",
            Self::Unknown => {
                "the licences may or may not have been allocated: import this row again, which is harmless"
            }
            Self::Invalid => "correct this row, then import failures.csv",
            Self::Withheld => "mend what failures.csv says of the user, then import that file",
        }
    }
}

/// Stands between what happened and what to do about it.
const TO_DO: &str = " To do: ";

/// What happened, and what to do about it.
pub fn explain(said: &str, advice: &str) -> String {
    let stop = if said.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{said}{stop}{TO_DO}{advice}")
}

/// What [`explain`] put together: what happened, and what to do about it. None if the end of it has been cut off.
pub fn split_hint(message: &str) -> Option<(&str, &str)> {
    match message.ends_with('…') {
        true => None,
        false => message.rsplit_once(TO_DO),
    }
}

/// Whether the service may have done what a request asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Applied {
    #[default]
    No,
    Maybe,
}

/// The outcome of users who were decided together, and to whom the same happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub users: Vec<UserIndex>,
    /// What became of the assignment of each.
    pub outcome: Outcome,
    /// How many requests that named a user were sent, for each of them.
    pub attempts: u32,
    /// Whether one of them may have been applied, whatever the outcome.
    pub applied: Applied,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_and_what_to_do_are_told_apart_again() {
        for kind in FailureKind::ALL {
            let message = kind.with_hint("the service said: To do: nothing");
            let told = split_hint(&message);
            assert_eq!(
                told,
                Some(("the service said: To do: nothing.", kind.hint()))
            );
        }
        assert_eq!(split_hint("so long that it was cut. To do: fr…"), None);
        assert_eq!(split_hint("no advice"), None);
    }
}
