//! From an input to a run that may begin: everything is read, checked and agreed to, and nothing is sent.

use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::Context;

use crate::event::StopReason;
use crate::import::confirm::confirm;
use crate::import::connection::Connection;
use crate::import::execute::{self, PreparedRun, RunFiles, RunResult, Session, StartTime};
use crate::import::load::{self, LoadedInput, SideTables};
use crate::import::strict::{strict_violation, write_strict_reports};
use crate::import::unsent::record_unsent;
use crate::input::Source;
use crate::plan::PlannedChanges;
use crate::report::Progress;
use crate::run::{InputFingerprints, NewRunFolder, RunFolder, RunManifest, SAVED_STDIN};
use crate::run::{Journal, RunFileError, WriteAheadLog};
use crate::settings::{ImportPlan, ImportSettings};

/// A file that has been read, and that may be sent unless it is refused.
pub struct PreparedImport {
    proposal: PlannedChanges,
    as_read: InputFingerprints,
    /// Why it is not sent, if it is refused.
    refused: Option<StopReason>,
}

impl PreparedImport {
    /// Reports who would have been sent and who would not, if the file is refused, and says why it is. Then nothing is
    /// sent, and no run has begun.
    pub fn report_refusal(
        &self,
        settings: &ImportSettings,
        connection: &Connection,
        folder: &RunFolder,
    ) -> anyhow::Result<Option<&StopReason>> {
        if let Some(refused) = &self.refused {
            let endpoint = &connection.endpoint;
            write_strict_reports(settings, endpoint, &self.proposal, refused, folder)
                .with_context(|| format!("cannot write reports to {}", folder.path().display()))?;
        }
        Ok(self.refused.as_ref())
    }

    /// Starts a run in a folder, and takes it to its end. An error means that nothing was sent, and that the folder is
    /// removed.
    pub fn run(
        self,
        settings: &ImportSettings,
        folder: NewRunFolder,
        way: Session<'_>,
        progress: &mut Progress,
    ) -> anyhow::Result<RunResult> {
        // After the confirmation, which may have taken a while.
        let begin = StartTime::now();
        let Self {
            proposal, as_read, ..
        } = self;
        let records = open_run_files(settings, &as_read, &folder, &proposal)
            .with_context(|| format!("cannot write reports to {}", folder.path().display()))?;
        let ready = PreparedRun {
            begin,
            input: &settings.plan.input,
            reading: &settings.plan.input_settings,
            batch_size: settings.plan.batch_size,
            settings: &settings.run,
            way,
            folder: folder.keep(),
            to_send: records
                .standing
                .pending(&proposal.roster.assignments)
                .collect(),
            proposal: &proposal,
            not_before: None,
        };
        execute::execute(&ready, records, progress)
    }
}

/// Reads everything, says what was read, and finds that the run may begin.
pub fn prepare(
    settings: &ImportSettings,
    beside: SideTables,
    folder: Option<&RunFolder>,
    progress: &mut Progress,
) -> anyhow::Result<PreparedImport> {
    let plan = &settings.plan;
    let (read, as_read) = match folder {
        None => {
            load::load_with_fingerprint(plan.input.open()?, &plan.input_settings, beside, progress)?
        }
        Some(folder) => load_and_save_stdin(folder, plan, beside, progress)?,
    };
    load::reject_all_emails(&read)?;
    let columns = read.columns.clone();
    let proposal = read.into_changes(&plan.input_settings, plan.seats.clone());
    progress.finish();
    load::print_input(&plan.input, &columns, &proposal.roster, progress);
    let refused = strict_violation(settings, &proposal);
    if refused.is_none() {
        confirm(settings, &proposal, progress)?;
    }
    Ok(PreparedImport {
        proposal,
        as_read,
        refused,
    })
}

/// Writes what a run begins with, and everything that is known before anything is sent.
fn open_run_files<'a>(
    settings: &ImportSettings,
    as_read: &InputFingerprints,
    folder: &RunFolder,
    proposal: &'a PlannedChanges,
) -> Result<RunFiles<'a>, RunFileError> {
    let (mut journal, mut standing) = Journal::open(folder, &proposal.roster)?;
    record_unsent(proposal, &mut journal, &mut standing)?;
    let ahead = WriteAheadLog::create(folder, proposal, settings.run.sync)?;
    folder.sync()?;
    // Last: from here on the run has begun, and everything that going on with it needs is there.
    RunManifest::new(
        &settings.plan,
        settings.resume_input,
        as_read,
        &settings.run,
    )?
    .write(folder)?;
    Ok(RunFiles {
        journal,
        standing,
        ahead,
    })
}

fn load_and_save_stdin(
    folder: &RunFolder,
    plan: &ImportPlan,
    beside: SideTables,
    progress: &mut Progress,
) -> anyhow::Result<(LoadedInput, InputFingerprints)> {
    let source = plan.input.open()?;
    let kept = File::create_new(folder.path().join(SAVED_STDIN))
        .with_context(|| format!("cannot keep the input in {}", folder.path().display()))?;
    let on_disk = kept.try_clone()?;
    let source = Source {
        reader: Box::new(TeeReader {
            inner: source.reader,
            kept,
        }),
        ..source
    };
    let read = load::load_with_fingerprint(source, &plan.input_settings, beside, progress)?;
    on_disk.sync_all()?;
    Ok(read)
}

/// Writes down what is read through it.
struct TeeReader<R> {
    inner: R,
    kept: File,
}

impl<R: Read> Read for TeeReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.kept.write_all(&buffer[..read])?;
        Ok(read)
    }
}
