//! `report.html`: the run for people, in one file that fetches nothing.
//!
//! What the page says is worked out in the files below this one as plain values; the template only lays it out, and
//! escapes every text that it is given.

mod charts;
mod codes;
mod csp;
mod failure_groups;
mod headline;
mod labels;
mod settings_table;
mod share_bar;
#[cfg(test)]
mod tests;
mod timeline_chart;

use std::io;
use std::time::Duration;

use askama::Template;
use jiff::Timestamp;

use super::Timeline;
use crate::event::StopReason;
use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};
use crate::outcome::FailureKind;
use crate::plan::PlannedChanges;
use crate::run::RunFolder;
use crate::run::journal::{FAILURES, Journal, PENDING, SUCCESS};
use crate::run::{SUMMARY, Summary, UNDO, UserStates};
use crate::sanitize::printable;
use failure_groups::Failures;
use headline::Counts;
use share_bar::{Fate, Shares};

/// The file's name.
pub const REPORT: &str = "report.html";

/// How much of a reason to stop is shown, in characters.
const STOP_CHARS: usize = 600;

/// What the page is made from, beside `failures.csv`.
pub struct PageData<'a> {
    /// The run in numbers.
    pub summary: &'a Summary,
    /// What was to be done.
    pub proposal: &'a PlannedChanges,
    /// How every user stands.
    pub standing: &'a UserStates,
    /// How the last part went over time.
    pub timeline: &'a Timeline,
    /// The last part, or the only one.
    pub part: Part,
    /// Why the run stopped early, if it did.
    pub stop: Option<&'a StopReason>,
    /// What goes on with it, if anything can.
    pub go_on: Option<String>,
    /// When the last part began and ended.
    pub span: (Timestamp, Timestamp),
}

/// The last part of a run, or the only one: what was planned, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    /// There was an earlier part.
    pub is_last_of_several: bool,
    /// Users that were to be sent.
    pub users: u64,
    /// Requests that were to be sent for them.
    pub requests: u64,
    /// How long that takes at the given rate, at least.
    pub at_least: Duration,
    /// Those of the users who were decided.
    pub decided: u64,
    /// Requests that were sent.
    pub sent: u64,
    /// How long it took.
    pub took: Duration,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Finished,
    Interrupted,
    FirstDone,
    Refused,
    StoppedEarly,
}

/// What to do about a run that stopped early.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Halt {
    reason: String,
    advice: String,
    go_on: Option<String>,
    not_before: Option<String>,
}

/// A file of the run folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct File {
    name: &'static str,
    holds: &'static str,
}

/// What the page says.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    policy: String,
    input: String,
    eyebrow: &'static str,
    sentence: String,
    when: String,
    remarks: Vec<String>,
    halt: Option<Halt>,
    shares: Shares,
    /// Some are not confirmed by the service, but said to hold it by the file of `--current`.
    held_by_file: bool,
    failures: Failures,
    codes: Vec<codes::Code>,
    codes_left_out: Option<String>,
    has_free_seats: bool,
    planned: Vec<settings_table::Planned>,
    is_last_of_several: bool,
    course: Option<timeline_chart::Course>,
    settings: Vec<(&'static str, String)>,
    files: Vec<File>,
    version: &'static str,
}

/// Writes the page of a run that has ended, and gives the sentence that it begins with. `failures.csv` must stand there as
/// it stays.
///
/// # Errors
/// When `failures.csv` cannot be read, or the page cannot be written.
pub fn write_page(folder: &RunFolder, told: &PageData<'_>) -> io::Result<String> {
    let page = Page::new(told, Failures::of(Journal::read_failures(folder)?));
    let html = page.render().map_err(io::Error::other)?;
    folder.replace(REPORT, |out| out.write_all(html.as_bytes()))?;
    Ok(page.sentence)
}

/// Takes away the page of an earlier part of the run.
///
/// # Errors
/// When it is there and cannot be taken away.
pub fn remove_page(folder: &RunFolder) -> io::Result<()> {
    folder.remove(REPORT)
}

impl Page {
    fn new(told: &PageData<'_>, failures: Failures) -> Self {
        let (summary, part) = (told.summary, &told.part);
        let about = &summary.settings;
        let counts = counts(summary, failures.maybe);
        let ending = ending(told.stop);
        let (codes, left_out) = codes::codes(told.proposal, told.standing);
        let when = match ending {
            Ending::Finished => "Finished on",
            _ => "Stopped on",
        };
        Self {
            policy: csp::policy(),
            input: printable(file_name(&about.input), 200),
            eyebrow: headline::eyebrow(ending),
            sentence: headline::sentence(&counts, about.sandbox),
            when: format!(
                "{when} {}, after {}",
                labels::moment(told.span.1),
                duration(tenths(part.took))
            ),
            remarks: headline::remarks(&counts, about.sandbox, part),
            halt: halt(told),
            shares: Shares {
                held: counts.success,
                attention: counts.failed,
                pending: counts.pending,
            },
            held_by_file: counts.held_already > 0,
            failures,
            has_free_seats: codes.iter().any(|code| code.free.is_some()),
            codes,
            codes_left_out: (left_out > 0).then(|| count_of(left_out as u64, "more code")),
            planned: settings_table::planned(
                part,
                summary.requests.retried,
                told.proposal,
                told.standing,
            ),
            is_last_of_several: part.is_last_of_several,
            course: timeline_chart::course(told.timeline),
            settings: settings_table::settings(about),
            files: files(told),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The shares in the order in which the bar shows them, with what each means.
    fn legend(&self) -> Vec<(Fate, String, &'static str)> {
        let Shares {
            held,
            attention,
            pending,
        } = self.shares;
        let holding = match self.held_by_file {
            true => "hold exactly what the file says",
            false => "confirmed to hold exactly what the file says",
        };
        let all = [
            (Fate::Held, held, holding),
            (Fate::Attention, attention, "need attention"),
            (Fate::Pending, pending, "not decided yet"),
        ];
        let told = all.into_iter().filter(|(_, users, _)| *users > 0);
        told.map(|(fate, users, what)| (fate, count(users), what))
            .collect()
    }

    /// What the list of failures leaves out.
    fn not_listed(&self) -> Option<String> {
        let (listed, total) = (self.failures.listed.len() as u64, self.failures.total);
        (listed < total)
            .then(|| format!("These are the first {} of {}.", count(listed), count(total)))
    }
}

/// The last part of a path; whoever does not know the machine does not miss the rest.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\'])
        .find(|part| !part.is_empty())
        .unwrap_or(path)
}

/// How many did what: the whole run.
fn counts(summary: &Summary, maybe: u64) -> Counts {
    let users = &summary.users;
    let is_row = |kind: &str| kind == FailureKind::Invalid.name();
    let failures = users.failures.iter();
    let (rows, failed): (Vec<_>, Vec<_>) = failures.partition(|(kind, _)| is_row(kind));
    let sum = |counts: Vec<(_, &u64)>| counts.into_iter().map(|(_, count)| count).sum();
    Counts {
        total: users.total,
        success: users.success,
        held_already: users.already_assigned,
        failed: sum(failed),
        maybe,
        pending: users.pending,
        bad_rows: sum(rows),
    }
}

fn ending(stop: Option<&StopReason>) -> Ending {
    match stop {
        None => Ending::Finished,
        Some(StopReason::Interrupted) => Ending::Interrupted,
        Some(StopReason::FirstUsersDone) => Ending::FirstDone,
        Some(StopReason::BadRows { .. }) => Ending::Refused,
        Some(_) => Ending::StoppedEarly,
    }
}

fn halt(told: &PageData<'_>) -> Option<Halt> {
    let stop = told.stop?;
    let until = told.summary.stopped.as_ref();
    let until = until.and_then(|stopped| stopped.not_before.as_ref());
    let until = until
        .and_then(|until| until.parse().ok())
        .map(labels::moment);
    Some(Halt {
        reason: printable(&stop.message(), STOP_CHARS),
        advice: stop.hint().to_owned(),
        go_on: told
            .go_on
            .as_ref()
            .map(|go_on| printable(go_on, STOP_CHARS)),
        not_before: until,
    })
}

/// The files that stand beside the page.
fn files(told: &PageData<'_>) -> Vec<File> {
    let file = |name, holds| File { name, holds };
    let mut files = vec![
        file(
            SUCCESS,
            "users who are confirmed to hold exactly what the input says",
        ),
        file(
            FAILURES,
            "users who failed and bad rows, each with its reason; mend it and import it",
        ),
    ];
    files.extend(
        told.stop
            .map(|_| file(PENDING, "users who are not decided yet")),
    );
    files.extend(told.proposal.holdings.as_ref().map(|_| {
        file(
            UNDO,
            "what users held before, to be imported if it shall be so again",
        )
    }));
    files.push(file(SUMMARY, "the run in numbers, for programs"));
    files
}
