//! What a response means for its request: the whole table in one place.

use crate::api::{Confirmation, ResponseKind, SignInError, is_transient};
use crate::event::StopReason;
use crate::outcome::{Applied, FailureKind};

/// What follows from a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    Allocated(Confirmation),
    /// Send the same request after a wait.
    Retry(TransientFailure),
    /// Send the same request at once: there is another token.
    RetryWithNewToken,
    /// Send the same request once there is a token.
    WaitForToken {
        reason: String,
    },
    Rejected(Rejection),
    Stop(StopReason),
}

/// A failure that may not happen again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransientFailure {
    pub reason: String,
    pub applied: Applied,
    /// The failure is about the run as a whole, so no request should be sent for now.
    pub affects_run: bool,
}

/// A permanent response about a request's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub status: RejectionStatus,
    pub message: String,
}

/// The statuses that reject a request for its content.
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

    /// Whether this may be the response to a request with too many users.
    pub fn may_be_too_large(self) -> bool {
        matches!(
            self,
            Self::BadRequest | Self::TooLarge | Self::Unprocessable
        )
    }
}

impl Rejection {
    /// The failure of a single user.
    pub fn failure(&self) -> FailureKind {
        match self.status {
            RejectionStatus::NotFound => FailureKind::NotFound,
            RejectionStatus::Conflict => FailureKind::Conflict,
            // Whatever the status, what the user needs is a seat.
            _ if speaks_of_seats(&self.message) => FailureKind::Conflict,
            RejectionStatus::BadRequest
            | RejectionStatus::TooLarge
            | RejectionStatus::Unprocessable => FailureKind::Rejected,
        }
    }
}

fn speaks_of_seats(message: &str) -> bool {
    let message = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    has(&["seat", "quantit"])
        || (has(&["licen"])
            && has(&[
                "not enough",
                "insufficient",
                "exceed",
                "no more",
                "available",
            ]))
}

pub fn next_step(kind: ResponseKind) -> NextStep {
    let retry = |reason, applied| {
        NextStep::Retry(TransientFailure {
            reason,
            applied,
            affects_run: false,
        })
    };
    match kind {
        ResponseKind::Allocated(confirmation) => NextStep::Allocated(confirmation),
        ResponseKind::InvalidBody { reason, .. } => retry(reason, Applied::Maybe),
        ResponseKind::ReadInstead => NextStep::Stop(StopReason::ReadsOnly),
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
        ResponseKind::NoResponse { reason, was_sent } => {
            let applied = if was_sent {
                Applied::Maybe
            } else {
                Applied::No
            };
            retry(reason, applied)
        }
        ResponseKind::Status {
            status: 403,
            message,
            is_html: true,
        } => NextStep::Stop(StopReason::Blocked { message }),
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
        status if is_transient(status) => NextStep::Retry(TransientFailure {
            reason: match message.as_str() {
                "" => format!("status {status}"),
                _ => format!("status {status}: {message}"),
            },
            applied: match status {
                // The service failed while it worked on the request, or a gateway lost the response.
                500.. => Applied::Maybe,
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
    fn transient_statuses_are_retried() {
        for (status, applied) in [
            (408, Applied::No),
            (425, Applied::No),
            (429, Applied::No),
            (500, Applied::Maybe),
            (502, Applied::Maybe),
            (503, Applied::Maybe),
            (504, Applied::Maybe),
            (520, Applied::Maybe),
            (524, Applied::Maybe),
            (530, Applied::Maybe),
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
    fn rejections_are_about_the_content() {
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
                (rejection.status.code(), rejection.failure()),
                (status, kind)
            );
        }
    }

    #[test]
    fn a_rejection_for_lack_of_seats_is_a_conflict_with_any_status() {
        let failure = |status, message: &str| {
            let message = message.to_owned();
            Rejection { status, message }.failure()
        };
        let bad = RejectionStatus::BadRequest;
        for message in [
            "Not enough seats of ATTUNU",
            "The allocation exceeds the license quantity",
            "Insufficient licenses",
        ] {
            assert_eq!(failure(bad, message), FailureKind::Conflict, "{message}");
        }
        for message in ["userIds is too long", "Unknown license code", ""] {
            assert_eq!(failure(bad, message), FailureKind::Rejected, "{message}");
        }
        let missing = failure(RejectionStatus::NotFound, "no seats");
        assert_eq!(missing, FailureKind::NotFound);
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
        let page = ResponseKind::Status {
            status: 403,
            message: message(),
            is_html: true,
        };
        let blocked = NextStep::Stop(StopReason::Blocked { message: message() });
        assert_eq!(next_step(page), blocked);
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
    fn what_could_not_be_recorded_stops_the_run() {
        let stop = NextStep::Stop(StopReason::CannotWriteReports);
        assert_eq!(next_step(ResponseKind::NotLogged), stop);
    }

    #[test]
    fn a_lost_response_may_have_been_applied_only_if_the_request_was_sent() {
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
