//! From an input to a run that may start: everything is loaded, checked and confirmed, and nothing is sent.

use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::Context;

use crate::event::StopReason;
use crate::import::confirm::confirm;
use crate::import::connection::Connection;
use crate::import::context::{PreparedRun, RunFiles, Session, StartTime};
use crate::import::execute::execute;
use crate::import::load::{self, LoadedInput, SideTables};
use crate::import::print_input::print_input;
use crate::import::result::RunResult;
use crate::import::strict::{strict_violation, write_strict_reports};
use crate::import::unsent::record_unsent;
use crate::input::Source;
use crate::plan::PlannedChanges;
use crate::report::Progress;
use crate::run::{InputFingerprints, NewRunFolder, RunFolder, RunManifest, SAVED_STDIN};
use crate::run::{Journal, RunFileError, WriteAheadLog};
use crate::settings::{ImportPlan, ImportSettings};

/// An input that is loaded, and that may be sent unless `--strict` forbids it.
pub struct PreparedImport {
    changes: PlannedChanges,
    fingerprints: InputFingerprints,
    violation: Option<StopReason>,
}

impl PreparedImport {
    /// Writes reports if `--strict` forbids the import, and gives the reason. Then nothing is sent.
    pub fn report_violation(
        &self,
        settings: &ImportSettings,
        connection: &Connection,
        folder: &RunFolder,
    ) -> anyhow::Result<Option<&StopReason>> {
        if let Some(violation) = &self.violation {
            let endpoint = &connection.endpoint;
            write_strict_reports(settings, endpoint, &self.changes, violation, folder)
                .with_context(|| format!("cannot write reports to {}", folder.path().display()))?;
        }
        Ok(self.violation.as_ref())
    }

    /// Starts a run in a folder, and takes it to its end. An error means that nothing was sent, and that the folder is
    /// removed.
    pub fn run(
        self,
        settings: &ImportSettings,
        folder: NewRunFolder,
        session: Session<'_>,
        progress: &mut Progress,
    ) -> anyhow::Result<RunResult> {
        // After the confirmation, which may have taken a while.
        let start = StartTime::now();
        let changes = &self.changes;
        let files = create_run_files(settings, &self.fingerprints, &folder, changes)
            .with_context(|| format!("cannot write reports to {}", folder.path().display()))?;
        let assignments = &changes.roster.assignments;
        let run = PreparedRun {
            start,
            input: &settings.plan.input,
            input_settings: &settings.plan.input_settings,
            batch_size: settings.plan.batch_size,
            settings: &settings.run,
            session,
            folder: folder.keep(),
            users: files.states.pending(assignments).collect(),
            changes,
            not_before: None,
        };
        execute(&run, files, progress)
    }
}

/// Loads everything, prints what was loaded, and makes sure that the run may start.
pub fn prepare(
    settings: &ImportSettings,
    side_tables: SideTables,
    stdin_folder: Option<&RunFolder>,
    progress: &mut Progress,
) -> anyhow::Result<PreparedImport> {
    let plan = &settings.plan;
    let (loaded, fingerprints) = match stdin_folder {
        None => {
            let input = plan.input.open()?;
            load::load_with_fingerprint(input, &plan.input_settings, side_tables, progress)?
        }
        Some(folder) => load_and_save_stdin(folder, plan, side_tables, progress)?,
    };
    load::reject_all_emails(&loaded)?;
    let columns = loaded.columns.clone();
    let changes = loaded.into_changes(&plan.input_settings, plan.seats.clone());
    progress.finish();
    print_input(&plan.input, &columns, &changes.roster, progress);
    let violation = strict_violation(settings, &changes);
    if violation.is_none() {
        confirm(settings, &changes, progress)?;
    }
    Ok(PreparedImport {
        changes,
        fingerprints,
        violation,
    })
}

/// Creates the files of a run, and records everything that is known before anything is sent.
fn create_run_files<'a>(
    settings: &ImportSettings,
    fingerprints: &InputFingerprints,
    folder: &RunFolder,
    changes: &'a PlannedChanges,
) -> Result<RunFiles<'a>, RunFileError> {
    let (mut journal, mut states) = Journal::open(folder, &changes.roster)?;
    record_unsent(changes, &mut journal, &mut states)?;
    let write_ahead_log = WriteAheadLog::create(folder, changes, settings.run.sync)?;
    folder.sync()?;
    // The manifest comes last: with it the run has started, and can be resumed.
    RunManifest::new(
        &settings.plan,
        settings.resume_input,
        fingerprints,
        &settings.run,
    )?
    .write(folder)?;
    Ok(RunFiles {
        journal,
        states,
        write_ahead_log,
    })
}

/// Loads standard input, and saves it in the run folder.
fn load_and_save_stdin(
    folder: &RunFolder,
    plan: &ImportPlan,
    side_tables: SideTables,
    progress: &mut Progress,
) -> anyhow::Result<(LoadedInput, InputFingerprints)> {
    let source = plan.input.open()?;
    let copy = File::create_new(folder.path().join(SAVED_STDIN))
        .with_context(|| format!("cannot save the input in {}", folder.path().display()))?;
    let on_disk = copy.try_clone()?;
    let source = Source {
        reader: Box::new(TeeReader {
            inner: source.reader,
            copy,
        }),
        ..source
    };
    let read = load::load_with_fingerprint(source, &plan.input_settings, side_tables, progress)?;
    on_disk.sync_all()?;
    Ok(read)
}

/// Copies what is read through it to a file.
struct TeeReader<R> {
    inner: R,
    copy: File,
}

impl<R: Read> Read for TeeReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.copy.write_all(&buffer[..read])?;
        Ok(read)
    }
}
