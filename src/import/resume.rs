//! Takes a run that stopped from where it is to its end.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::humanize::{count, count_of};
use crate::import::execute::{self, PreparedRun, RunFiles, RunResult, Session, StartTime};
use crate::import::load;
use crate::import::unsent::record_unsent;
use crate::input::{Fingerprint, Input};
use crate::plan::PlannedChanges;
use crate::report::{Progress, remove_page};
use crate::run::{InputFingerprints, RunFolder, RunManifest};
use crate::run::{Journal, SUMMARY, SavedSummary, UserStates, WriteAheadLog, record_not_before};
use crate::settings::RunSettings;

/// Who is sent again when a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeScope {
    /// Those who are neither a success nor failed.
    Pending,
    /// Those who failed for want of an answer as well.
    PendingAndUnavailable,
    AllUnsuccessful,
}

/// Takes a run from where it stands to its end. An error means that nothing was sent.
pub fn resume_run(
    (begin, folder, record): (StartTime, RunFolder, &RunManifest),
    proposal: &PlannedChanges,
    whom: ResumeScope,
    settings: RunSettings,
    way: Session<'_>,
    progress: &mut Progress,
) -> anyhow::Result<RunResult> {
    let roster = &proposal.roster;
    let (mut journal, mut standing) = Journal::open(&folder, roster)?;
    // It may have been killed before that was done.
    record_unsent(proposal, &mut journal, &mut standing)
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    let all = &roster.assignments;
    let ahead = WriteAheadLog::open(&folder, proposal, &standing, settings.sync)?;
    let settings = RunSettings {
        first: settings
            .first
            .or_else(|| remaining_first(record, proposal, &standing)),
        ..settings
    };
    let to_send: Vec<_> = match whom {
        ResumeScope::AllUnsuccessful => standing.unsuccessful(all).collect(),
        ResumeScope::PendingAndUnavailable => standing.unavailable_or_pending(all).collect(),
        ResumeScope::Pending => standing.pending(all).collect(),
    };
    let not_before = SavedSummary::read(folder.path()).not_before;
    if let Some(until) = not_before {
        record_not_before(&folder, until)
            .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    }
    // From here on they are out of date, and the journal alone tells.
    folder
        .remove(SUMMARY)
        .and_then(|()| Journal::remove_pending(&folder))
        .and_then(|()| remove_page(&folder))
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    progress.info(&format!(
        "{}: {} of {} decided",
        folder.path().display(),
        count((roster.sendable_count - standing.pending(all).count()) as u64),
        count_of(roster.sendable_count as u64, "user"),
    ));
    let input = record.input(folder.path());
    let ready = PreparedRun {
        begin,
        input: &input,
        reading: &record.input_settings,
        batch_size: NonZeroUsize::new(record.batch_size).unwrap_or(NonZeroUsize::MIN),
        settings: &settings,
        way,
        folder,
        proposal,
        to_send,
        not_before,
    };
    let records = RunFiles {
        journal,
        standing,
        ahead,
    };
    execute::execute(&ready, records, progress)
}

/// How many of the first users with which the run began are not done yet, if it was for a first few and any are left.
fn remaining_first(
    record: &RunManifest,
    proposal: &PlannedChanges,
    standing: &UserStates,
) -> Option<NonZeroUsize> {
    let users = proposal.to_send();
    let done = users.filter(|&user| !standing.is_pending(user)).count();
    NonZeroUsize::new(record.first?.get().saturating_sub(done))
}

/// Reads the input, which must be the one that the run began with.
pub fn reload_input(
    record: &RunManifest,
    folder: &Path,
    progress: &mut Progress,
) -> anyhow::Result<PlannedChanges> {
    let input = record.input(folder);
    let read = load::load_side_tables(&record.input_settings).and_then(|beside| {
        load::load_with_fingerprint(input.open()?, &record.input_settings, beside, progress)
    });
    match read {
        Ok((read, as_read)) => {
            record.check(&input, &as_read)?;
            Ok(read.into_changes(&record.input_settings, record.seats.clone()))
        }
        Err(error) => {
            // If a file is another than it was, then that is what to say.
            let fingerprint = |input: &Input| {
                let read = Fingerprint::of(input.open()?.reader);
                read.with_context(|| format!("cannot read {input}"))
            };
            let beside = |path: Option<&PathBuf>| {
                let path = path.cloned();
                path.and_then(|path| fingerprint(&Input::Path(path)).ok())
            };
            let current = record.input_settings.current.as_ref();
            let now = InputFingerprints {
                input: fingerprint(&input)?,
                directory: beside(record.input_settings.directory.as_ref()),
                current: beside(current.map(|current| &current.path)),
            };
            record.check(&input, &now)?;
            Err(error)
        }
    }
}
