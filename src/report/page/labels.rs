//! Names of the page for outcomes and times.

use jiff::Timestamp;

use crate::outcome::FailureKind;

/// An outcome, for readers who do not know the names of `failures.csv`.
pub fn outcome(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotFound => "Not found by the service",
        FailureKind::Conflict => "Too few seats",
        FailureKind::Rejected => "Rejected by the service",
        FailureKind::Unconfirmed => "Accepted, but not confirmed",
        FailureKind::Unavailable => "No response, nothing changed",
        FailureKind::Unknown => "No response, possibly applied",
        FailureKind::Invalid => "Bad row",
        FailureKind::Withheld => "Skipped",
    }
}

/// A time, such as `24 November 2026, 10:15:03 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}
