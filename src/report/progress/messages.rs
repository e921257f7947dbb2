//! The texts of the display.

use std::time::Duration;

use super::wait::Wait;
use crate::event::StopReason;
use crate::humanize::duration::duration;
use crate::humanize::{count, count_of};
use crate::run::RunStats;
use crate::sanitize::printable;

/// The longest response and reason that are shown, in characters.
const RESPONSE_CHARS: usize = 200;
const REASON_CHARS: usize = 400;

/// Requests in flight, retries and failures.
pub fn activity(stats: &RunStats) -> String {
    let in_flight = count_of(stats.in_flight(), "request");
    let mut parts = vec![format!("{in_flight} in flight")];
    if stats.retried > 0 {
        parts.push(format!("{} retried", count(stats.retried)));
    }
    if stats.failed_count() > 0 {
        parts.push(format!("{} failed so far", count(stats.failed_count())));
    }
    parts.join(", ")
}

/// The time that is left, once it can be estimated.
pub fn time_left(left: Duration, stats: &RunStats) -> String {
    if stats.decided == 0 {
        return String::new();
    }
    format!("{} left", duration(whole_seconds(left)))
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs_f64().ceil() as u64)
}

/// Why nothing is sent, and until when.
pub fn waiting(wait: &Wait) -> String {
    format!(
        "waiting until {} ({} left): {}",
        wait.until.strftime("%H:%M:%S"),
        duration(whole_seconds(wait.left())),
        wait.cause
    )
}

pub fn wrong_address(response: &str, hint: &str) -> String {
    format!(
        "warning: the address may be wrong: the first response was {}\n  hint: {hint}",
        printable(response, RESPONSE_CHARS)
    )
}

pub fn retrying(reason: &str) -> String {
    let reason = printable(reason, RESPONSE_CHARS);
    format!("a request failed and will be retried: {reason}")
}

pub fn seats_exhausted(codes: &str) -> String {
    format!("warning: no seats are left for {codes}: its remaining users are not sent")
}

pub fn stopping(stop: &StopReason, in_flight: u64) -> String {
    let hint = match stop {
        StopReason::Interrupted => " (press Ctrl-C again to exit at once)",
        _ => "",
    };
    format!(
        "stopping: waiting for {} in flight{hint}",
        count_of(in_flight, "request")
    )
}

pub fn stopped(stop: &StopReason) -> String {
    format!(
        "stopped early: {}\n  hint: {}",
        printable(&stop.message(), REASON_CHARS),
        stop.hint()
    )
}

/// Every warning and note of the display, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use crate::diagnostic::Sample;

    let stop = StopReason::Forbidden {
        message: "Forbidden".to_owned(),
    };
    [
        wrong_address("404 Not Found", "check --base-url"),
        retrying("status 503"),
        seats_exhausted("ATTUNU;IDU"),
        stopping(&StopReason::Interrupted, 8),
        stopping(&stop, 1),
        stopped(&stop),
    ]
    .map(Sample::text)
    .into()
}
