//! Tables of the page that hold a line for each fact: the plan against what happened, and the settings.

use std::time::Duration;

use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};
use crate::plan::{Mode, PlannedChanges};
use crate::report::page::Part;
use crate::run::{SummarySettings, UserStates};
use crate::sanitize::printable;

/// How much of a setting is shown, in characters.
const SETTING_CHARS: usize = 400;

/// One thing as it was planned and as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub what: String,
    pub planned: String,
    pub happened: String,
}

/// The plan against what happened, but for the codes.
pub fn planned(
    part: &Part,
    retried: u64,
    proposal: &PlannedChanges,
    standing: &UserStates,
) -> Vec<Planned> {
    let row = |what: &str, planned, happened| Planned {
        what: what.to_owned(),
        planned,
        happened,
    };
    let sent = match retried {
        0 => count(part.sent),
        some => format!("{}, {} of them again", count(part.sent), count(some)),
    };
    let at_least = match tenths(part.at_least) {
        Duration::ZERO => "no wait".to_owned(),
        some => format!("at least {}", duration(some)),
    };
    let mut rows = vec![
        row(
            "Users to be sent",
            count(part.users),
            format!("{} decided", count(part.decided)),
        ),
        row("Requests", count(part.requests), sent),
        row(
            "Time at the given rate",
            at_least,
            duration(tenths(part.took)),
        ),
    ];
    if let Some([gaining, losing]) = changes(proposal, standing) {
        for (what, (planned, happened)) in [
            ("Users who get licences that they did not hold", gaining),
            ("Users who lose licences that they held", losing),
        ] {
            rows.push(row(what, count(planned), count(happened)));
        }
    }
    rows
}

/// Users who gain and who lose something: how many were to, and how many did for certain. None if nobody knows what
/// users held.
fn changes(proposal: &PlannedChanges, standing: &UserStates) -> Option<[(u64, u64); 2]> {
    proposal.holdings.as_ref()?;
    let [mut gaining, mut losing] = [(0, 0); 2];
    for user in proposal.to_send() {
        let Some(change) = proposal.change(user) else {
            continue;
        };
        for (changes, counts) in [(change.gained, &mut gaining), (change.lost, &mut losing)] {
            let is_changed = !changes.is_empty();
            counts.0 += u64::from(is_changed);
            counts.1 += u64::from(is_changed && standing.is_success(user));
        }
    }
    Some([gaining, losing])
}

/// What the run was told hint: no secret is among it.
pub fn settings(about: &SummarySettings) -> Vec<(&'static str, String)> {
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let place = match about.sandbox {
        true => "the built-in stand-in (--sandbox)".to_owned(),
        false => format!("{} {}", about.method, about.url),
    };
    let timeout = Duration::try_from_secs_f64(about.timeout_seconds).unwrap_or_default();
    let codes_not_named = match about.mode {
        Mode::Replace => "users lose them (--mode replace)",
        Mode::Add => "users keep them (--mode add)",
    };
    let mut rows = vec![
        ("Input", about.input.clone()),
        ("Sent to", place),
        (
            "Codes that the file does not name",
            codes_not_named.to_owned(),
        ),
    ];
    rows.extend(
        about
            .current
            .clone()
            .map(|file| ("What users held before", file)),
    );
    rows.extend([
        (
            "External licence, where a row does not say",
            yes_or_no(about.external_license),
        ),
        (
            "Users in one request",
            format!("at most {}", count(about.batch_size as u64)),
        ),
        (
            "Rate",
            format!(
                "at most {}; {} at once",
                about.rate,
                count_of(about.burst.into(), "request")
            ),
        ),
        (
            "Requests under way at once",
            format!("at most {}", count(about.concurrency as u64)),
        ),
        (
            "Retries",
            format!("at most {}", count(about.max_retries.into())),
        ),
        (
            "Time for an answer",
            format!("at most {}", duration(timeout)),
        ),
        ("Users of a code in their order", yes_or_no(about.in_order)),
        (
            "Ask for each user though seats seem used up",
            yes_or_no(about.keep_trying),
        ),
    ]);
    let shown = |(what, value): (&'static str, String)| (what, printable(&value, SETTING_CHARS));
    rows.into_iter().map(shown).collect()
}
