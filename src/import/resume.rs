//! Resumes a run that stopped early or was killed.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use crate::humanize::{count, count_of};
use crate::import::context::{PreparedRun, RunFiles, Session, StartTime};
use crate::import::execute::execute;
use crate::import::load;
use crate::import::result::RunResult;
use crate::import::unsent::record_unsent;
use crate::input::{Fingerprint, Input};
use crate::plan::PlannedChanges;
use crate::report::{Progress, remove_page, remove_workbook};
use crate::roster::UserIndex;
use crate::run::{InputFingerprints, RemovalStats, RunFolder, RunManifest};
use crate::run::{Journal, SUMMARY, SavedSummary, UserStates, WriteAheadLog, record_not_before};
use crate::settings::RunSettings;

/// The users that a resumed run sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeScope {
    /// Users without an outcome.
    Pending,
    /// And users who failed because the service was unavailable.
    PendingAndUnavailable,
    AllUnsuccessful,
}

/// A run that stopped, with its input loaded again.
pub struct StoppedRun<'a> {
    pub start: StartTime,
    pub folder: RunFolder,
    pub manifest: &'a RunManifest,
    pub changes: &'a PlannedChanges,
}

/// Resumes a run, and takes it to its end. An error means that nothing was sent.
pub fn resume_run(
    stopped: StoppedRun<'_>,
    scope: ResumeScope,
    settings: RunSettings,
    session: Session<'_>,
    progress: &mut Progress,
) -> anyhow::Result<RunResult> {
    let StoppedRun {
        start,
        folder,
        manifest,
        changes,
    } = stopped;
    let files = open_files(&folder, changes, &settings)?;
    let first = settings.first;
    let settings = RunSettings {
        first: first.or_else(|| remaining_first(manifest, changes, &files.states)),
        ..settings
    };
    let not_before = SavedSummary::read(folder.path()).not_before;
    begin_session(&folder, not_before, session)
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    print_decided(&folder, changes, &files.states, progress);
    let input = manifest.input(folder.path());
    let run = PreparedRun {
        start,
        input: &input,
        input_settings: &manifest.input_settings,
        batch_size: NonZeroUsize::new(manifest.batch_size).unwrap_or(NonZeroUsize::MIN),
        settings: &settings,
        session,
        folder,
        changes,
        users: users_in_scope(scope, changes, &files.states),
        not_before,
    };
    Ok(execute(&run, files, progress))
}

/// Opens the files of a run, and completes what a kill may have kept from being recorded before anything was sent.
fn open_files<'a>(
    folder: &RunFolder,
    changes: &'a PlannedChanges,
    settings: &RunSettings,
) -> anyhow::Result<RunFiles<'a>> {
    let (mut journal, mut states) = Journal::open(folder, &changes.roster)?;
    record_unsent(changes, &mut journal, &mut states)
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    let write_ahead_log = WriteAheadLog::open(folder, changes, &states, settings.sync)?;
    Ok(RunFiles {
        journal,
        states,
        write_ahead_log,
        removed: RemovalStats::default(),
        error: None,
    })
}

/// Keeps what the next session must know, and removes what only the end of this one can write.
fn begin_session(
    folder: &RunFolder,
    not_before: Option<Timestamp>,
    session: Session<'_>,
) -> io::Result<()> {
    if let Some(until) = not_before {
        record_not_before(folder, until)?;
    }
    remove_outdated_reports(folder)?;
    session.connection.keep_sandbox_in(folder.path())
}

fn users_in_scope(
    scope: ResumeScope,
    changes: &PlannedChanges,
    states: &UserStates,
) -> Vec<UserIndex> {
    let assignments = &changes.roster.assignments;
    match scope {
        ResumeScope::AllUnsuccessful => states.unsuccessful(assignments).collect(),
        ResumeScope::PendingAndUnavailable => states.unavailable_or_pending(assignments).collect(),
        ResumeScope::Pending => states.pending(assignments).collect(),
    }
}

/// Removes the reports that only a finished session can write. The journal alone is up to date now.
fn remove_outdated_reports(folder: &RunFolder) -> io::Result<()> {
    folder.remove(SUMMARY)?;
    Journal::remove_pending(folder)?;
    remove_workbook(folder)?;
    remove_page(folder)
}

fn print_decided(
    folder: &RunFolder,
    changes: &PlannedChanges,
    states: &UserStates,
    progress: &Progress,
) {
    let roster = &changes.roster;
    let pending = states.pending(&roster.assignments).count();
    progress.info(&format!(
        "{}: {} of {} decided",
        folder.path().display(),
        count((roster.sendable_count - pending) as u64),
        count_of(roster.sendable_count as u64, "user"),
    ));
}

/// How many of the first users are left, if the run started with `--first`.
fn remaining_first(
    manifest: &RunManifest,
    changes: &PlannedChanges,
    states: &UserStates,
) -> Option<NonZeroUsize> {
    let users = changes.to_send();
    let done = users.filter(|&user| !states.is_pending(user)).count();
    NonZeroUsize::new(manifest.first?.get().saturating_sub(done))
}

/// Loads the input again, which must be unchanged.
pub fn reload_input(
    manifest: &RunManifest,
    folder: &Path,
    progress: &mut Progress,
) -> anyhow::Result<PlannedChanges> {
    let input = manifest.input(folder);
    let plan = manifest.plan(input.clone());
    let loaded = load::load_side_tables(&manifest.input_settings, None, progress)
        .and_then(|side_tables| load::load(&input, &plan, side_tables, None, progress));
    match loaded {
        Ok(loaded) => {
            manifest.check(&input, &loaded.fingerprints)?;
            Ok(loaded.into_changes(plan.input_settings.mode))
        }
        Err(error) => {
            // A changed file explains the error.
            manifest.check(&input, &fingerprints(manifest, &input)?)?;
            Err(error)
        }
    }
}

/// The fingerprints of the files as they are now.
fn fingerprints(manifest: &RunManifest, input: &Input) -> anyhow::Result<InputFingerprints> {
    let fingerprint = |input: &Input| {
        let read = Fingerprint::of(input.open()?.reader);
        read.with_context(|| format!("cannot read {input}"))
    };
    let of_file = |path: &PathBuf| fingerprint(&Input::Path(path.clone())).ok();
    let settings = &manifest.input_settings;
    let current = settings.current.as_ref();
    Ok(InputFingerprints {
        input: fingerprint(input)?,
        directory: settings.directory.as_ref().and_then(of_file),
        current: current.and_then(|current| of_file(&current.path)),
    })
}
