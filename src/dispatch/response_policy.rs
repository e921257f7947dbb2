//! What an answer means for the request that it answers: the table in one place.

use crate::api::{Confirmation, ResponseKind, SignInError};
use crate::event::StopReason;
use crate::outcome::{Applied, FailureKind};

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// The service says who holds what now.
    Allocated(Confirmation),
    /// The same request again, after a wait.
    Retry(TransientFailure),
    /// The same request again at once: there is another token.
    RetryWithNewToken,
    /// The same request again, once there is a token.
    WaitForToken {
        reason: String,
    },
    /// A permanent answer about what the request asks.
    Rejected(Rejection),
    Stop(StopReason),
}

/// A passing trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransientFailure {
    pub reason: String,
    pub applied: Applied,
    /// It is about the run as a whole: nobody should send for now.
    pub affects_run: bool,
}

/// A permanent answer about a request's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub status: RejectionStatus,
    pub message: String,
}

/// The statuses that refuse a request for what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionStatus {
    BadRequest,
    NotFound,
    Conflict,
    TooLarge,
    Unprocessable,
}

impl RejectionStatus {
    fn of(status: u16) -> Option<Self> {
        Some(match status {
            400 => Self::BadRequest,
            404 => Self::NotFound,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            422 => Self::Unprocessable,
            _ => return None,
        })
    }

    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unprocessable => 422,
        }
    }

    /// Whether a request that holds too many users may be refused so.
    pub fn may_be_too_large(self) -> bool {
        matches!(
            self,
            Self::BadRequest | Self::TooLarge | Self::Unprocessable
        )
    }

    pub fn failure(self) -> FailureKind {
        match self {
            Self::NotFound => FailureKind::NotFound,
            Self::Conflict => FailureKind::Conflict,
            Self::BadRequest | Self::TooLarge | Self::Unprocessable => FailureKind::Rejected,
        }
    }
}

/// Decides an answer.
pub fn next_step(answer: ResponseKind) -> NextStep {
    let again = |reason, applied| {
        NextStep::Retry(TransientFailure {
            reason,
            applied,
            affects_run: false,
        })
    };
    match answer {
        ResponseKind::Allocated(confirmation) => NextStep::Allocated(confirmation),
        ResponseKind::InvalidBody { reason, .. } => again(reason, Applied::Maybe),
        ResponseKind::TokenRejected => NextStep::RetryWithNewToken,
        ResponseKind::NotSignedIn(SignInError::Transient { reason, .. }) => {
            NextStep::WaitForToken {
                reason: format!("cannot sign in: {reason}"),
            }
        }
        ResponseKind::NotSignedIn(SignInError::Rejected(message)) => {
            NextStep::Stop(StopReason::SignInRefused { message })
        }
        ResponseKind::NotLogged => NextStep::Stop(StopReason::CannotWriteReports),
        ResponseKind::NoResponse {
            reason,
            was_sent: departed,
        } => {
            let applied = if departed {
                Applied::Maybe
            } else {
                Applied::No
            };
            again(reason, applied)
        }
        ResponseKind::Status {
            status, message, ..
        } => for_status(status, message),
    }
}

fn for_status(status: u16, message: String) -> NextStep {
    if let Some(status) = RejectionStatus::of(status) {
        return NextStep::Rejected(Rejection { status, message });
    }
    match status {
        408 | 425 | 429 | 500 | 502 | 503 | 504 => NextStep::Retry(TransientFailure {
            reason: match message.as_str() {
                "" => format!("status {status}"),
                _ => format!("status {status}: {message}"),
            },
            applied: match status {
                // The server failed in the middle of it, or a gateway lost the answer: some say 503 of that, too.
                500 | 502 | 503 | 504 => Applied::Maybe,
                _ => Applied::No,
            },
            affects_run: status == 429,
        }),
        401 => NextStep::Stop(StopReason::Unauthorized { message }),
        403 => NextStep::Stop(StopReason::Forbidden { message }),
        _ => NextStep::Stop(StopReason::UnexpectedStatus { status, message }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16) -> NextStep {
        next_step(ResponseKind::Status {
            status,
            message: "said".into(),
            is_html: false,
        })
    }

    #[test]
    fn transient_statuses_are_tried_again() {
        for (status, applied) in [
            (408, Applied::No),
            (425, Applied::No),
            (429, Applied::No),
            (500, Applied::Maybe),
            (502, Applied::Maybe),
            (503, Applied::Maybe),
            (504, Applied::Maybe),
        ] {
            let NextStep::Retry(failure) = of(status) else {
                panic!("{status}");
            };
            assert_eq!(failure.applied, applied, "{status}");
            assert_eq!(failure.affects_run, status == 429);
            assert_eq!(failure.reason, format!("status {status}: said"));
        }
    }

    #[test]
    fn refusals_are_about_the_content() {
        for (status, kind) in [
            (400, FailureKind::Rejected),
            (404, FailureKind::NotFound),
            (409, FailureKind::Conflict),
            (413, FailureKind::Rejected),
            (422, FailureKind::Rejected),
        ] {
            let NextStep::Rejected(rejection) = of(status) else {
                panic!("{status}");
            };
            assert_eq!(
                (rejection.status.code(), rejection.status.failure()),
                (status, kind)
            );
        }
    }

    #[test]
    fn every_other_status_stops_the_run() {
        let message = || "said".to_owned();
        assert_eq!(
            of(401),
            NextStep::Stop(StopReason::Unauthorized { message: message() })
        );
        assert_eq!(
            of(403),
            NextStep::Stop(StopReason::Forbidden { message: message() })
        );
        for status in [
            100, 201, 204, 301, 302, 307, 308, 402, 405, 410, 411, 415, 418, 451, 501, 505, 599,
        ] {
            assert_eq!(
                of(status),
                NextStep::Stop(StopReason::UnexpectedStatus {
                    status,
                    message: message()
                })
            );
        }
    }

    #[test]
    fn what_could_not_be_written_down_stops_the_run() {
        let stop = NextStep::Stop(StopReason::CannotWriteReports);
        assert_eq!(next_step(ResponseKind::NotLogged), stop);
    }

    #[test]
    fn a_lost_answer_may_have_been_applied_only_if_the_request_had_left() {
        for (departed, applied) in [(false, Applied::No), (true, Applied::Maybe)] {
            let lost = ResponseKind::NoResponse {
                reason: "reset".into(),
                was_sent: departed,
            };
            assert!(matches!(next_step(lost), NextStep::Retry(h) if h.applied == applied));
        }
        let unreadable = ResponseKind::InvalidBody {
            reason: "cut".into(),
            is_html: true,
        };
        assert!(matches!(next_step(unreadable), NextStep::Retry(h) if h.applied == Applied::Maybe));
    }
}
