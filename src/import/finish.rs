//! The end of a run: its numbers, and the files that can only be written then.

use std::io;
use std::num::NonZeroUsize;

use jiff::Timestamp;

use crate::api::Endpoint;
use crate::dispatch;
use crate::event::StopReason;
use crate::import::context::{PreparedRun, resume_command};
use crate::import::recorder::RecordedRun;
use crate::input::Input;
use crate::report::{PageData, SessionTotals, write_page, write_workbook};
use crate::run::{Journal, RunEnd, Summary, SummarySettings, Undo, UndoSummary};
use crate::settings::{InputSettings, RunSettings, Target};

/// What is known of a finished run, apart from its users.
pub struct RunTotals<'a> {
    pub summary: &'a Summary,
    pub stop: Option<&'a StopReason>,
    pub requests: usize,
    pub finished_at: Timestamp,
}

/// What the last lines on the screen say about the reports.
pub struct FinalReports {
    pub headline: String,
    /// None if the run has no current licences to go back to.
    pub undo: Option<UndoSummary>,
}

/// Writes what can only be written at the end. The summary comes last, since it marks a finished run.
pub fn finish(
    run: &PreparedRun<'_>,
    recorded: RecordedRun,
    undo: Option<Undo<'_>>,
    totals: &RunTotals<'_>,
) -> io::Result<FinalReports> {
    let session = session_totals(run, &recorded, totals);
    let states = &recorded.states;
    let folder = &run.folder;
    let assignments = &run.changes.roster.assignments;
    if totals.stop.is_some() {
        Journal::write_pending(folder, assignments, states.pending(assignments))?;
    }
    let undo = undo
        .map(|undo| undo.finish(folder, run.changes, states))
        .transpose()?;
    if states.has_superseded() {
        recorded
            .journal
            .remove_superseded(folder, assignments, states)
            .map_err(io::Error::other)?;
    }
    let page = PageData {
        summary: totals.summary,
        planned: run.changes,
        states,
        timeline: &recorded.timeline,
        session,
        stop: totals.stop,
        resume_command: Some(resume_command(folder.path())),
        finished: totals.finished_at,
    };
    let page = write_workbook(folder).and_then(|()| write_page(folder, &page));
    // A finished run cannot be resumed, so it is finished only once it has its page.
    if page.is_ok() || totals.stop.is_some() {
        totals.summary.write(folder)?;
    }
    page.map(|headline| FinalReports { headline, undo })
}

/// What this session planned and did.
fn session_totals(
    run: &PreparedRun<'_>,
    recorded: &RecordedRun,
    totals: &RunTotals<'_>,
) -> SessionTotals {
    let requests = &run.settings.requests;
    SessionTotals {
        is_resumed: run.folder.since_last_heartbeat().is_some(),
        users: run.users_to_send().len() as u64,
        requests: totals.requests as u64,
        min_duration: dispatch::min_duration(totals.requests, requests.rate, requests.burst),
        decided: recorded.stats.decided,
        sent: totals.summary.requests.sent,
        duration: totals.summary.duration(),
    }
}

/// The run in numbers.
pub fn summary(
    run: &PreparedRun<'_>,
    recorded: &RecordedRun,
    stop: Option<&StopReason>,
    finished: Timestamp,
) -> Summary {
    Summary::new(RunEnd {
        settings: summary_settings(&SettingsSource {
            input: run.input,
            input_settings: run.input_settings,
            batch_size: run.batch_size,
            run: run.settings,
            endpoint: &run.session.located.endpoint,
        }),
        roster: &run.changes.roster,
        stats: &recorded.stats,
        states: &recorded.states,
        stop,
        not_before: recorded.not_before,
        started: run.start.timestamp,
        finished,
        duration: run.start.instant.elapsed(),
    })
}

/// Where the settings in a summary come from.
pub struct SettingsSource<'a> {
    pub input: &'a Input,
    pub input_settings: &'a InputSettings,
    pub batch_size: NonZeroUsize,
    pub run: &'a RunSettings,
    pub endpoint: &'a Endpoint,
}

pub fn summary_settings(source: &SettingsSource<'_>) -> SummarySettings {
    let requests = &source.run.requests;
    let current = source.input_settings.current.as_ref();
    SummarySettings {
        input: source.input.to_string(),
        method: source.endpoint.method().to_string(),
        url: source.endpoint.url().to_string(),
        batch_size: source.batch_size.get(),
        rate: requests.rate.to_string(),
        burst: requests.burst.get(),
        concurrency: requests.concurrency.get(),
        max_retries: requests.max_retries,
        timeout_seconds: requests.timeout.as_secs_f64(),
        keep_trying: requests.keep_trying,
        external_license: source.input_settings.external_license,
        mode: source.input_settings.mode,
        current: current.map(|current| current.path.display().to_string()),
        in_order: requests.in_order,
        sandbox: matches!(source.run.target, Target::Sandbox { .. }),
    }
}
