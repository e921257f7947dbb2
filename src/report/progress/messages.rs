//! What the display says in words.

use std::time::Duration;

use crate::event::StopReason;
use crate::humanize::duration::duration;
use crate::humanize::{count, count_of};
use crate::report::progress::{RunStats, Wait};
use crate::sanitize::printable;

/// What is going on, apart from how far it is.
pub fn activity(stats: &RunStats) -> String {
    let mut parts = vec![format!(
        "{} in flight",
        count_of(stats.in_flight(), "request")
    )];
    if stats.retried > 0 {
        parts.push(format!("{} retried", count(stats.retried)));
    }
    if stats.failed_count() > 0 {
        parts.push(format!("{} failed so far", count(stats.failed_count())));
    }
    parts.join(", ")
}

/// How long it will take from now.
pub fn left(left: Duration, stats: &RunStats) -> String {
    match stats.decided {
        // Nobody can tell yet.
        0 => String::new(),
        _ => format!("{} left", duration(in_seconds(left))),
    }
}

fn in_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs_f64().ceil() as u64)
}

/// Why nothing is sent, and until when.
pub fn waiting(wait: &Wait) -> String {
    format!(
        "waiting until {} ({} left): {}",
        wait.until.strftime("%H:%M:%S"),
        duration(in_seconds(wait.left())),
        wait.cause
    )
}

pub fn misdirected(answer: &str, advice: &str) -> String {
    format!(
        "warning: there may be nothing at this address: the first answer was {}\n  hint: {advice}",
        printable(answer, 200)
    )
}

pub fn exhausted(codes: &str) -> String {
    format!("warning: no seats are left for {codes}: the users who remain are not sent")
}

pub fn stopping(stop: &StopReason, in_flight: u64) -> String {
    let hint = match stop {
        StopReason::Interrupted => " (Ctrl-C again leaves at once)",
        _ => "",
    };
    format!(
        "stopping; waiting for {} in flight{hint}",
        count_of(in_flight, "request")
    )
}

pub fn stopped(stop: &StopReason) -> String {
    format!(
        "stopped early: {}\n  hint: {}",
        printable(&stop.message(), 400),
        stop.hint()
    )
}
