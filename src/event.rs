//! What dispatch reports to the rest of the program. Events are data; there are no callbacks.

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
        /// Whether the request was sent; there may have been no connection.
        was_sent: bool,
    },
    /// The same users will be sent again.
    Retrying {
        /// The plan's batch, from 1.
        batch: usize,
        wait: Duration,
        reason: String,
    },
    /// A rejected batch is split to find the users that it is about.
    Split {
        /// The plan's batch, from 1.
        batch: usize,
        /// Users in the rejected slice.
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
        /// The set's codes, with `;` between them.
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
    /// The service asked for it, with status 429 or `Retry-After`.
    RetryAfter,
    /// The service's `RateLimit` headers say that its quota is used up.
    QuotaExhausted,
    /// `--rate` allows no request earlier.
    Rate,
    /// The sign-in failed, and is retried then.
    SignIn,
    /// Failed batches are retried then, and nothing else is left to send.
    Retry,
}

impl fmt::Display for WaitCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RetryAfter => "the service asked to wait",
            Self::QuotaExhausted => "the service's quota is used up",
            Self::Rate => "--rate allows no more requests for now",
            Self::SignIn => "the sign-in failed and will be retried",
            Self::Retry => "failed requests will be retried",
        })
    }
}

/// Why a run stops before every user is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    Interrupted,
    /// 401: the token is missing, expired, or lacks the scope.
    Unauthorized {
        message: String,
    },
    /// The token service rejects this caller.
    SignInRefused {
        message: String,
    },
    /// There was no token after all retries.
    NotSignedIn {
        reason: String,
    },
    /// 403: the caller lacks the permission.
    Forbidden {
        message: String,
    },
    /// 403 with a web page, which the service does not send: a firewall or a proxy refuses the request.
    Blocked {
        /// The title of the page.
        message: String,
    },
    /// The address reads licences and does not allocate them.
    ReadsOnly,
    /// A status that the call does not document.
    UnexpectedStatus {
        status: u16,
        message: String,
    },
    /// The service asks for a wait of more than 15 minutes.
    RetryAfterTooLong {
        wait: Duration,
    },
    /// Several batches in a row used up their retries.
    ServiceDown {
        reason: String,
    },
    /// The responses to the first users were all 404.
    NoUserFound {
        message: String,
    },
    /// The run cannot be recorded: its folder cannot be written, or no thread for it can be started.
    CannotWriteReports,
    /// The file has bad rows, and `--strict` allows none.
    BadRows {
        rows: u64,
    },
    /// The users of `--first` are decided.
    FirstUsersDone,
}

impl StopReason {
    /// What happened, in one line.
    pub fn message(&self) -> String {
        let detail = |message: &str| match message {
            "" => String::new(),
            message => format!(": {message}"),
        };
        match self {
            Self::Interrupted => "interrupted".to_owned(),
            Self::Unauthorized { message } => {
                format!("the service rejected the token (401){}", detail(message))
            }
            Self::SignInRefused { message } => format!("the sign-in was rejected: {message}"),
            Self::NotSignedIn { reason } => reason.clone(),
            Self::Forbidden { message } => {
                format!(
                    "the caller is not allowed to allocate licences (403){}",
                    detail(message)
                )
            }
            Self::Blocked { message } => {
                format!("a firewall or a proxy refused the request (403): {message}")
            }
            Self::ReadsOnly => "this address reads licences and does not allocate them".to_owned(),
            Self::UnexpectedStatus { status, message } => {
                format!(
                    "the service responded with status {status}{}",
                    detail(message)
                )
            }
            Self::RetryAfterTooLong { wait } => {
                format!("the service asked to wait for {}", duration(*wait))
            }
            Self::ServiceDown { reason } => {
                format!("the service is not available: {reason}")
            }
            Self::NoUserFound { message } => {
                format!(
                    "the service found none of the first users, or the organisation has no licences (404){}",
                    detail(message)
                )
            }
            Self::CannotWriteReports => "the run cannot be recorded any further".to_owned(),
            Self::BadRows { rows } => format!(
                "the file has {}, which --strict does not allow; nothing was sent",
                count_of(*rows, "bad row")
            ),
            Self::FirstUsersDone => "the users of --first are done".to_owned(),
        }
    }

    /// The next step, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Interrupted => "nothing is lost; resume the run at any time",
            Self::Unauthorized { .. } => {
                "get a new token (for an external application, with the scope PM.License.Write), put it into SEATLOAD_TOKEN or the token file, then resume"
            }
            Self::SignInRefused { .. } => {
                "check the client ID, the secret, the scope and --token-url; `seatload check` tests the sign-in"
            }
            Self::NotSignedIn { .. } => {
                "check the network and the sign-in settings; `seatload check` tests them"
            }
            Self::Forbidden { .. } => {
                "use the token of an organisation administrator, then resume; if --url, --account or --organization is wrong, import the input again with the right one, since `resume` keeps those of the run"
            }
            Self::Blocked { .. } => {
                "ask the administrators of the network to allow requests to the service, or give their proxy with --proxy; then resume"
            }
            Self::ReadsOnly => "import the input again with --endpoint put-lease",
            Self::UnexpectedStatus {
                status: 300..400, ..
            } => {
                "the address has moved, or a proxy requires a sign-in; check --url or --base-url, and --endpoint"
            }
            Self::UnexpectedStatus { .. } => {
                "check --url or --base-url, --endpoint, --organization and --account"
            }
            Self::RetryAfterTooLong { .. } => "resume the run after that time",
            Self::ServiceDown { .. } => {
                "check the network and the service's status page, then resume"
            }
            Self::NoUserFound { .. } => {
                "check --url, --account, --organization and --endpoint, the organisation's licences of these codes, and the first user IDs of the file; if a setting is wrong, import the input again with the right one, since `resume` keeps those of the run"
            }
            Self::BadRows { .. } => {
                "correct the rows that are listed in failures.csv, then import the input again"
            }
            Self::FirstUsersDone => {
                "check the reports and the portal, then resume to send the rest"
            }
            Self::CannotWriteReports => {
                "free some disk space or restore the access to the report folder, then resume"
            }
        }
    }
}

/// Every reason to stop, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    let message = || "the service's message".to_owned();
    let reasons = [
        StopReason::Interrupted,
        StopReason::Unauthorized { message: message() },
        StopReason::SignInRefused {
            message: "invalid_client".to_owned(),
        },
        StopReason::NotSignedIn {
            reason: "cannot sign in: status 503".to_owned(),
        },
        StopReason::Forbidden {
            message: String::new(),
        },
        StopReason::Blocked {
            message: "Attention Required! | Cloudflare".to_owned(),
        },
        StopReason::ReadsOnly,
        StopReason::UnexpectedStatus {
            status: 302,
            message: String::new(),
        },
        StopReason::UnexpectedStatus {
            status: 418,
            message: message(),
        },
        StopReason::RetryAfterTooLong {
            wait: Duration::from_secs(3600),
        },
        StopReason::ServiceDown {
            reason: "status 503".to_owned(),
        },
        StopReason::NoUserFound { message: message() },
        StopReason::CannotWriteReports,
        StopReason::BadRows { rows: 3 },
        StopReason::FirstUsersDone,
    ];
    let text = |reason: &StopReason| {
        format!(
            "stopped early: {}\n  hint: {}",
            reason.message(),
            reason.hint()
        )
    };
    let reasons = reasons.iter().map(text);
    let causes = [
        WaitCause::RetryAfter,
        WaitCause::QuotaExhausted,
        WaitCause::Rate,
        WaitCause::SignIn,
        WaitCause::Retry,
    ];
    let causes = causes.iter().map(|cause| format!("waiting: {cause}"));
    reasons
        .chain(causes)
        .map(crate::diagnostic::Sample::text)
        .collect()
}
