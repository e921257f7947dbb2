//! Executes a prepared run: sends, then writes the reports.

use std::io;

use jiff::Timestamp;

use crate::diagnostic::render;
use crate::event::StopReason;
use crate::import::context::{PreparedRun, RunFiles};
use crate::import::finish::{RunTotals, finish, summary};
use crate::import::leavers::remove_leavers;
use crate::import::result::RunResult;
use crate::import::send::{SendResult, send};
use crate::import::settle::{may_ask, settle_by_reading};
use crate::report::Progress;
use crate::run::RunFolder;

/// Sends the users of a run, and writes its reports.
pub fn execute(run: &PreparedRun<'_>, files: RunFiles<'_>, progress: &mut Progress) -> RunResult {
    let files = remove_leavers(run, files, progress);
    let mut sent = send(run, files, progress);
    if sent.error.is_none() && may_ask(sent.stop.as_ref()) {
        sent.error = settle_by_reading(run, &mut sent.recorded, progress).err();
    }
    if let Some(error) = sent.error.take() {
        progress.message(&cannot_write(&run.folder, error));
        sent.stop = Some(StopReason::CannotWriteReports);
    }
    let stop = stop_reason(run, &sent, progress);
    let finished_at = Timestamp::now();
    let summary = summary(run, &sent.recorded, stop.as_ref(), finished_at);
    let totals = RunTotals {
        summary: &summary,
        stop: stop.as_ref(),
        requests: sent.requests,
        finished_at,
    };
    let (stop, reports) = match finish(run, sent.recorded, sent.undo, &totals) {
        Ok(reports) => (stop, Some(reports)),
        // Its error has been printed.
        Err(_) if stop == Some(StopReason::CannotWriteReports) => (stop, None),
        Err(error) => {
            progress.message(&cannot_write(&run.folder, error));
            (Some(stop.unwrap_or(StopReason::CannotWriteReports)), None)
        }
    };
    RunResult {
        folder: run.folder.path().to_owned(),
        not_retried: not_retried(run, stop.as_ref()),
        stop,
        summary,
        reports,
    }
}

/// How many failures of earlier sessions `--first` left as they were, in a run that has ended.
fn not_retried(run: &PreparedRun<'_>, stop: Option<&StopReason>) -> u64 {
    if stop.is_some() {
        return 0;
    }
    (run.users.len() - run.users_to_send().len()) as u64
}

/// Why the run stops early, if it does.
fn stop_reason(
    run: &PreparedRun<'_>,
    sent: &SendResult<'_>,
    progress: &Progress,
) -> Option<StopReason> {
    let assignments = &run.changes.roster.assignments;
    let has_pending = sent.recorded.states.pending(assignments).next().is_some();
    match &sent.stop {
        // The reports are incomplete, even if every user is decided.
        Some(StopReason::CannotWriteReports) => sent.stop.clone(),
        // The run stopped when nothing was left to do.
        Some(stop) if !has_pending => {
            progress.stopped(stop);
            None
        }
        None if has_pending => Some(StopReason::FirstUsersDone),
        stop => stop.clone(),
    }
}

fn cannot_write(folder: &RunFolder, error: io::Error) -> String {
    let message = format!("cannot write to {}", folder.path().display());
    format!(
        "error: {}",
        render(&anyhow::Error::from(error).context(message))
    )
}
