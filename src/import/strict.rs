//! `--strict`: a bad row means that nothing is sent, and the reports say why.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::Endpoint;
use crate::dispatch::min_duration;
use crate::event::StopReason;
use crate::import::finish::{SettingsSource, summary_settings};
use crate::plan::{PlannedChanges, group_sizes};
use crate::report::{PageData, SessionTotals, Timeline, write_page, write_workbook};
use crate::run::{Journal, RunEnd, RunFileError, RunFolder, RunStats, Summary, SummarySettings};
use crate::settings::ImportSettings;

/// Why nothing is sent, if `--strict` forbids it.
pub fn strict_violation(settings: &ImportSettings, changes: &PlannedChanges) -> Option<StopReason> {
    let rows = changes.roster.bad_rows.len() as u64;
    (settings.is_strict && rows > 0).then_some(StopReason::BadRows { rows })
}

/// Reports the users who would have been sent, and the bad rows.
pub fn write_strict_reports(
    settings: &ImportSettings,
    endpoint: &Endpoint,
    changes: &PlannedChanges,
    stop: &StopReason,
    folder: &RunFolder,
) -> Result<(), RunFileError> {
    let now = Timestamp::now();
    let assignments = &changes.roster.assignments;
    let (_, states) = Journal::open(folder, &changes.roster)?;
    Journal::write_pending(folder, assignments, assignments.sendable_users())?;
    let end = RunEnd {
        settings: planned_settings(settings, endpoint),
        roster: &changes.roster,
        stats: &RunStats::new(&states, assignments, 0),
        states: &states,
        stop: Some(stop),
        not_before: None,
        started: now,
        finished: now,
        duration: Duration::ZERO,
    };
    let summary = Summary::new(end);
    let page = PageData {
        summary: &summary,
        planned: changes,
        states: &states,
        timeline: &Timeline::default(),
        session: planned_totals(settings, changes),
        stop: Some(stop),
        resume_command: None,
        finished: now,
    };
    write_workbook(folder)?;
    write_page(folder, &page)?;
    Ok(summary.write(folder)?)
}

fn planned_settings(settings: &ImportSettings, endpoint: &Endpoint) -> SummarySettings {
    let plan = &settings.plan;
    summary_settings(&SettingsSource {
        input: &plan.input,
        input_settings: &plan.input_settings,
        batch_size: plan.batch_size,
        run: &settings.run,
        endpoint,
    })
}

/// What would have been sent.
fn planned_totals(settings: &ImportSettings, changes: &PlannedChanges) -> SessionTotals {
    let groups = group_sizes(&changes.roster.assignments, changes.to_send());
    let requests = groups
        .iter()
        .map(|group| group.requests(settings.plan.batch_size))
        .sum();
    let rate = &settings.run.requests;
    SessionTotals {
        users: changes.to_send().count() as u64,
        requests: requests as u64,
        min_duration: min_duration(requests, rate.rate, rate.burst),
        ..SessionTotals::default()
    }
}
