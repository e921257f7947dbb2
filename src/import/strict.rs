//! What `--strict` refuses: nothing is sent, no run begins, and reports say why.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::Endpoint;
use crate::dispatch::min_duration;
use crate::event::StopReason;
use crate::import::finish::about;
use crate::plan::{PlannedChanges, group_sizes};
use crate::report::{PageData, SessionTotals, Timeline, write_page};
use crate::run::RunFolder;
use crate::run::{Journal, RunEnd, RunFileError, RunStats, Summary};
use crate::settings::ImportSettings;

/// Why nothing is sent, if there is a bad row where there may be none.
pub fn strict_violation(
    settings: &ImportSettings,
    proposal: &PlannedChanges,
) -> Option<StopReason> {
    let rows = proposal.roster.bad_rows.len() as u64;
    (settings.is_strict && rows > 0).then_some(StopReason::BadRows { rows })
}

/// Reports who would have been sent and who would not.
pub fn write_strict_reports(
    settings: &ImportSettings,
    endpoint: &Endpoint,
    proposal: &PlannedChanges,
    stop: &StopReason,
    folder: &RunFolder,
) -> Result<(), RunFileError> {
    let (plan, roster, now) = (&settings.plan, &proposal.roster, Timestamp::now());
    let all = &roster.assignments;
    let (_, standing) = Journal::open(folder, roster)?;
    Journal::write_pending(folder, all, all.sendable_users())?;
    let summary = Summary::new(RunEnd {
        settings: about(
            (&plan.input, &plan.input_settings, plan.batch_size),
            &settings.run,
            endpoint,
        ),
        roster,
        stats: &RunStats::new(&standing, all, 0),
        states: &standing,
        stop: Some(stop),
        not_before: None,
        started: now,
        finished: now,
        duration: Duration::ZERO,
    });
    let told = PageData {
        summary: &summary,
        planned: proposal,
        states: &standing,
        timeline: &Timeline::default(),
        session: planned_totals(settings, proposal),
        stop: Some(stop),
        resume_command: None,
        finished: now,
    };
    write_page(folder, &told)?;
    Ok(summary.write(folder)?)
}

/// What would have been sent.
fn planned_totals(settings: &ImportSettings, proposal: &PlannedChanges) -> SessionTotals {
    let groups = group_sizes(&proposal.roster.assignments, proposal.to_send());
    let requests = groups
        .iter()
        .map(|group| group.requests(settings.plan.batch_size))
        .sum();
    let rate = &settings.run.requests;
    SessionTotals {
        users: proposal.to_send().count() as u64,
        requests: requests as u64,
        min_duration: min_duration(requests, rate.rate, rate.burst),
        ..SessionTotals::default()
    }
}
