//! The settings of the run, without secrets.

use std::time::Duration;

use crate::humanize::duration::duration;
use crate::humanize::{count, count_of};
use crate::plan::Mode;
use crate::run::SummarySettings;
use crate::sanitize::printable;

/// The longest value of a setting, in characters.
const VALUE_CHARS: usize = 400;

type Row = (&'static str, String);

pub fn settings_rows(settings: &SummarySettings) -> Vec<Row> {
    let current = settings.current.clone();
    input_rows(settings)
        .into_iter()
        .chain(current.map(|file| ("Current licences", file)))
        .chain(request_rows(settings))
        .map(|(name, value)| (name, printable(&value, VALUE_CHARS)))
        .collect()
}

fn input_rows(settings: &SummarySettings) -> Vec<Row> {
    let target = if settings.sandbox {
        "the built-in sandbox (--sandbox)".to_owned()
    } else {
        format!("{} {}", settings.method, settings.url)
    };
    let other_codes = match settings.mode {
        Mode::Replace => "users lose them (--mode replace)",
        Mode::Add => "users keep them (--mode add)",
    };
    vec![
        ("Input", settings.input.clone()),
        ("Sent to", target),
        ("Codes that the file does not name", other_codes.to_owned()),
    ]
}

fn request_rows(settings: &SummarySettings) -> Vec<Row> {
    let timeout = Duration::try_from_secs_f64(settings.timeout_seconds).unwrap_or_default();
    let burst = count_of(settings.burst.into(), "request");
    vec![
        (
            "External licences, unless a row says otherwise",
            yes_or_no(settings.external_license),
        ),
        ("Users per request", at_most(settings.batch_size as u64)),
        (
            "Rate",
            format!("at most {}; {burst} at once", settings.rate),
        ),
        ("Concurrent requests", at_most(settings.concurrency as u64)),
        ("Retries", at_most(settings.max_retries.into())),
        (
            "Time for a response",
            format!("at most {}", duration(timeout)),
        ),
        (
            "Users of each code in the file's order",
            yes_or_no(settings.in_order),
        ),
        (
            "Send every user, even if seats seem used up",
            yes_or_no(settings.keep_trying),
        ),
    ]
}

fn at_most(number: u64) -> String {
    format!("at most {}", count(number))
}

fn yes_or_no(is_on: bool) -> String {
    if is_on { "yes" } else { "no" }.to_owned()
}
