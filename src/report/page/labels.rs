//! What the page calls things.

use jiff::Timestamp;

use crate::outcome::FailureKind;

/// A failure's reason, for people who do not know the names of `failures.csv`.
pub fn reason(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotFound => "Not found by the service",
        FailureKind::Conflict => "Too few seats",
        FailureKind::Rejected => "Refused by the service",
        FailureKind::Unconfirmed => "Accepted and not confirmed",
        FailureKind::Unavailable => "No answer, nothing changed",
        FailureKind::Unknown => "No answer, perhaps done",
        FailureKind::Invalid => "Bad row",
        FailureKind::Withheld => "Withheld",
    }
}

/// A moment, such as `24 November 2026, 10:15:03 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}
