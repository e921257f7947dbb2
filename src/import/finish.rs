//! The end of a run: its numbers, and the files that can only be written then.

use std::io;
use std::num::NonZeroUsize;

use jiff::Timestamp;

use crate::api::Endpoint;
use crate::dispatch;
use crate::event::StopReason;
use crate::import::execute::{PreparedRun, go_on_command};
use crate::import::recorder::RecordedRun;
use crate::input::Input;
use crate::report::{PageData, SessionTotals, write_page};
use crate::run::{Journal, RunEnd, Summary, SummarySettings, Undo, UndoSummary};
use crate::settings::{InputSettings, RunSettings, Target};

/// How a run ended, as far as it is not a matter of single users.
pub struct RunTotals<'a> {
    pub summary: &'a Summary,
    pub stop: Option<&'a StopReason>,
    pub requests: usize,
    pub span: (Timestamp, Timestamp),
}

/// What the end of a run brings forth, beside files.
pub struct FinalReports {
    pub sentence: String,
    /// How to go back, if anything was written down for that.
    pub way_back: Option<UndoSummary>,
}

/// Writes what can only be written at the end. The summary comes last: it says that all is done.
pub fn finish(
    ready: &PreparedRun<'_>,
    recorded: RecordedRun,
    undo: Option<Undo<'_>>,
    end: &RunTotals<'_>,
) -> io::Result<FinalReports> {
    let part = part(ready, &recorded, end);
    let RecordedRun {
        journal,
        standing,
        timeline,
        ..
    } = recorded;
    let (folder, proposal) = (&ready.folder, ready.proposal);
    let all = &proposal.roster.assignments;
    if end.stop.is_some() {
        Journal::write_pending(folder, all, standing.pending(all))?;
    }
    let way_back = match undo {
        Some(undo) => Some(undo.finish(folder, proposal, &standing)?),
        None => None,
    };
    if standing.has_superseded() {
        journal
            .remove_superseded(folder, all, &standing)
            .map_err(io::Error::other)?;
    }
    let told = PageData {
        summary: end.summary,
        planned: proposal,
        states: &standing,
        timeline: &timeline,
        session: part,
        stop: end.stop,
        resume_command: Some(go_on_command(folder.path())),
        finished: end.span.1,
    };
    let page = write_page(folder, &told);
    // A run that has finished is not gone on with, so whoever wants its page must be able to do that.
    if page.is_ok() || end.stop.is_some() {
        end.summary.write(folder)?;
    }
    page.map(|sentence| FinalReports { sentence, way_back })
}

/// What this part of the run was to do, and what it did.
fn part(ready: &PreparedRun<'_>, recorded: &RecordedRun, end: &RunTotals<'_>) -> SessionTotals {
    let requests = &ready.settings.requests;
    SessionTotals {
        is_resumed: ready.folder.since_last_heartbeat().is_some(),
        users: ready.users_to_send().len() as u64,
        requests: end.requests as u64,
        min_duration: dispatch::min_duration(end.requests, requests.rate, requests.burst),
        decided: recorded.tally.decided,
        sent: end.summary.requests.sent,
        duration: end.summary.duration(),
    }
}

/// The run in numbers.
pub fn summary(
    ready: &PreparedRun<'_>,
    recorded: &RecordedRun,
    stop: Option<&StopReason>,
    (began, ended): (Timestamp, Timestamp),
) -> Summary {
    Summary::new(RunEnd {
        settings: about(
            (ready.input, ready.reading, ready.batch_size),
            ready.settings,
            &ready.way.connection.endpoint,
        ),
        roster: &ready.proposal.roster,
        stats: &recorded.tally,
        states: &recorded.standing,
        stop,
        not_before: recorded.not_before,
        started: began,
        finished: ended,
        duration: ready.begin.clock.elapsed(),
    })
}

/// What the summary says of the run's settings.
pub fn about(
    (input, reading, batch_size): (&Input, &InputSettings, NonZeroUsize),
    run: &RunSettings,
    endpoint: &Endpoint,
) -> SummarySettings {
    let requests = &run.requests;
    let current = reading.current.as_ref();
    SummarySettings {
        input: input.to_string(),
        method: endpoint.method().to_string(),
        url: endpoint.url().to_string(),
        batch_size: batch_size.get(),
        rate: requests.rate.to_string(),
        burst: requests.burst.get(),
        concurrency: requests.concurrency.get(),
        max_retries: requests.max_retries,
        timeout_seconds: requests.timeout.as_secs_f64(),
        keep_trying: requests.keep_trying,
        external_license: reading.external_license,
        mode: reading.mode,
        current: current.map(|current| current.path.display().to_string()),
        in_order: requests.in_order,
        sandbox: matches!(run.target, Target::Sandbox { .. }),
    }
}
