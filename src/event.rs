//! What the rest of the program hears from dispatch. Events are data; nobody calls back.

use std::fmt;
use std::time::Duration;

use crate::humanize::count_of;
use crate::humanize::duration::duration;
use crate::outcome::Decision;

/// Something happened in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Sent {
        /// The plan's batch that it belongs to, from 1.
        batch: usize,
        users: usize,
    },
    ResponseReceived {
        /// The plan's batch, from 1.
        batch: usize,
        /// Whether the request had left at all; there may have been no connection.
        was_sent: bool,
    },
    /// The same users will be sent again.
    Retrying {
        /// The plan's batch, from 1.
        batch: usize,
        wait: Duration,
        reason: String,
    },
    /// A refused batch was split, to find out who is to blame.
    Split {
        /// The plan's batch, from 1.
        batch: usize,
        /// Users in the part that was refused.
        users: usize,
    },
    /// Nothing will be sent for a while.
    Waiting {
        wait: Duration,
        cause: WaitCause,
    },
    Decided(Decision),
    /// A bundle set's seats count as used up: its remaining users are not sent.
    SeatsExhausted {
        /// The set's codes, joined by `;`.
        codes: String,
    },
    /// The first response suggests that the service is not at this address.
    WrongAddress {
        response: String,
    },
    Stopping(StopReason),
}

/// Why nothing is sent for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitCause {
    /// The service said so, by the status 429 or by `Retry-After`.
    RetryAfter,
    /// The service's `RateLimit` headers say that its quota is used up.
    QuotaExhausted,
    /// The given rate allows no request earlier.
    Rate,
    /// Signing in did not work, and is tried again then.
    SignIn,
    /// Batches that failed are tried again then, and nothing else is left to send.
    Retry,
}

impl fmt::Display for WaitCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RetryAfter => "the service asked to wait",
            Self::QuotaExhausted => "the service's quota is used up",
            Self::Rate => "the rate given allows no more for now",
            Self::SignIn => "signing in does not work; trying again then",
            Self::Retry => "the service did not answer; trying again then",
        })
    }
}

/// Why a run stops before every user is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    Interrupted,
    /// 401: the token is missing, expired, or has not the right scope.
    Unauthorized {
        message: String,
    },
    /// Whoever gives tokens gives none to this caller.
    SignInRefused {
        message: String,
    },
    /// No token was to be had, however often it was tried.
    NotSignedIn {
        reason: String,
    },
    /// 403: the caller may not do it.
    Forbidden {
        message: String,
    },
    /// A status for which nothing sensible can follow.
    UnexpectedStatus {
        status: u16,
        message: String,
    },
    /// The service asks for a wait that nobody should sit through.
    RetryAfterTooLong {
        wait: Duration,
    },
    /// Several batches in a row used up their retries.
    ServiceDown {
        reason: String,
    },
    /// The first users were all answered with 404.
    NoUserFound {
        message: String,
    },
    /// What became of users, or what they held before, could not be recorded.
    CannotWriteReports,
    /// Rows are bad, and none may be.
    BadRows {
        rows: u64,
    },
    /// Those who come first are decided, and no more were to be sent for now.
    FirstUsersDone,
}

impl StopReason {
    /// What happened, in one line.
    pub fn message(&self) -> String {
        let said = |message: &str| match message {
            "" => String::new(),
            message => format!(": {message}"),
        };
        match self {
            Self::Interrupted => "interrupted".to_owned(),
            Self::Unauthorized { message } => {
                format!("the service refused the token (401){}", said(message))
            }
            Self::SignInRefused { message } => format!("signing in was refused: {message}"),
            Self::NotSignedIn { reason } => reason.clone(),
            Self::Forbidden { message } => {
                format!("the service forbids the call (403){}", said(message))
            }
            Self::UnexpectedStatus { status, message } => {
                format!(
                    "the service answered with the status {status}{}",
                    said(message)
                )
            }
            Self::RetryAfterTooLong { wait } => {
                format!("the service asked to wait for {}", duration(*wait))
            }
            Self::ServiceDown { reason } => {
                format!("the service does not answer as it should: {reason}")
            }
            Self::NoUserFound { message } => {
                format!(
                    "the service knows none of the first users, or has no licence for this organisation (404){}",
                    said(message)
                )
            }
            Self::CannotWriteReports => "the reports cannot be written".to_owned(),
            Self::BadRows { rows } => format!(
                "nothing was sent, since --strict is given, and the file has {}",
                count_of(*rows, "bad row")
            ),
            Self::FirstUsersDone => "the users that --first asks for are done".to_owned(),
        }
    }

    /// What the admin can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Interrupted => "nothing is lost: go on whenever it suits",
            Self::Unauthorized { .. } => {
                "get a new token (for an external application, one with the scope PM.License.Write) and put it into SEATLOAD_TOKEN or the token file"
            }
            Self::SignInRefused { .. } => {
                "check the client ID and secret, the scope and --token-url, or whatever else you sign in with: `seatload check` tries it out"
            }
            Self::NotSignedIn { .. } => {
                "check the network and how you sign in: `seatload check` tries it out"
            }
            Self::Forbidden { .. } => {
                "use the token of an organisation administrator; if --account or --organization was wrong, import the input again with the right one, since `resume` keeps those of the run"
            }
            Self::UnexpectedStatus {
                status: 300..400, ..
            } => {
                "the address has moved, or a proxy asks for a sign-in: check --base-url and --endpoint"
            }
            Self::UnexpectedStatus { .. } => {
                "check --base-url, --endpoint, --organization and --account"
            }
            Self::RetryAfterTooLong { .. } => "go on when that time is over",
            Self::ServiceDown { .. } => {
                "check the network and the service's status page, then go on"
            }
            Self::NoUserFound { .. } => {
                "check --account, --organization and --endpoint, that the organisation has licences of these codes, and the first user IDs of the file; if an address was wrong, import the input again with the right one, since `resume` keeps that of the run"
            }
            Self::BadRows { .. } => "mend the input where failures.csv says, and import it again",
            Self::FirstUsersDone => {
                "look at the reports and at the portal, then go on with the rest"
            }
            Self::CannotWriteReports => {
                "make space, or let the report folder be written to again, then go on"
            }
        }
    }
}
