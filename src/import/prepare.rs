//! From an input to a run that may start: everything is loaded, checked and confirmed, and nothing is sent.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context, bail};

use crate::api::Endpoint;
use crate::catalog::Removal;
use crate::event::StopReason;
use crate::hint::Failure;
use crate::humanize::count_of;
use crate::import::account::Located;
use crate::import::answers::DIRECTORY;
use crate::import::confirm::confirm;
use crate::import::connection::Connection;
use crate::import::context::{PreparedRun, RunFiles, Session, StartTime};
use crate::import::execute::execute;
use crate::import::load::{self, Answers, SideTables};
use crate::import::lookups::Lookups;
use crate::import::print_input::print_input;
use crate::import::result::RunResult;
use crate::import::strict::{strict_violation, write_strict_reports};
use crate::import::unsent::record_unsent;
use crate::input::Input;
use crate::plan::PlannedChanges;
use crate::report::Progress;
use crate::run::{InputFingerprints, NewRunFolder, RunFolder, RunManifest, SAVED_STDIN};
use crate::run::{Journal, RemovalStats, RunFileError, WriteAheadLog};
use crate::settings::{CURRENT, CurrentFile, ImportPlan, ImportSettings};

/// An input that is loaded, and that may be sent unless `--strict` forbids it.
pub struct PreparedImport {
    /// With the seats that the service says are free.
    plan: ImportPlan,
    changes: PlannedChanges,
    fingerprints: InputFingerprints,
    answers: Answers,
    violation: Option<StopReason>,
}

impl PreparedImport {
    /// Writes reports if `--strict` forbids the import, and gives the reason. Then nothing is sent.
    pub fn report_violation(
        &self,
        settings: &ImportSettings,
        endpoint: &Endpoint,
        folder: &RunFolder,
    ) -> anyhow::Result<Option<&StopReason>> {
        if let Some(violation) = &self.violation {
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
        require_account_for_leavers(&self.changes, session.located)?;
        // After the confirmation, which may have taken a while.
        let start = StartTime::now();
        let changes = &self.changes;
        let plan = self.plan_in(folder.path());
        session
            .connection
            .keep_sandbox_in(folder.path())
            .with_context(|| format!("cannot write to {}", folder.path().display()))?;
        let files = self
            .create_run_files(&plan, settings, &folder)
            .with_context(|| format!("cannot write reports to {}", folder.path().display()))?;
        let assignments = &changes.roster.assignments;
        let run = PreparedRun {
            start,
            input: &plan.input,
            input_settings: &plan.input_settings,
            batch_size: plan.batch_size,
            settings: &settings.run,
            session,
            folder: folder.keep(),
            users: files.states.pending(assignments).collect(),
            changes,
            not_before: None,
        };
        Ok(execute(&run, files, progress))
    }

    /// The plan of a run in this folder, which keeps what the service answered.
    fn plan_in(&self, folder: &Path) -> ImportPlan {
        let mut plan = self.plan.clone();
        let settings = &mut plan.input_settings;
        if self.answers.directory.is_some() {
            settings.directory = Some(folder.join(DIRECTORY));
        }
        if self.answers.current.is_some() {
            settings.current = Some(CurrentFile::answer(folder));
        }
        plan
    }

    /// Creates the files of a run, and records everything that is known before anything is sent.
    fn create_run_files(
        &self,
        plan: &ImportPlan,
        settings: &ImportSettings,
        folder: &RunFolder,
    ) -> Result<RunFiles<'_>, RunFileError> {
        let changes = &self.changes;
        for (name, answer) in [
            (DIRECTORY, &self.answers.directory),
            (CURRENT, &self.answers.current),
        ] {
            if let Some(answer) = answer {
                folder.replace(name, |out| out.write_all(answer))?;
            }
        }
        let (mut journal, mut states) = Journal::open(folder, &changes.roster)?;
        record_unsent(changes, &mut journal, &mut states)?;
        let write_ahead_log = WriteAheadLog::create(folder, changes, settings.run.sync)?;
        folder.sync()?;
        // The manifest comes last: with it the run has started, and can be resumed.
        RunManifest::new(plan, settings, &self.fingerprints, folder)?.write(folder)?;
        Ok(RunFiles {
            journal,
            states,
            write_ahead_log,
            removed: RemovalStats::default(),
            error: None,
        })
    }
}

/// Loads everything, prints what was loaded, and makes sure that the run may start. Standard input is saved in
/// `stdin_folder`.
pub fn prepare(
    settings: &ImportSettings,
    side_tables: SideTables,
    connection: &Connection,
    lookups: Option<&Lookups<'_>>,
    stdin_folder: Option<&RunFolder>,
    progress: &mut Progress,
) -> anyhow::Result<PreparedImport> {
    let mut plan = settings.plan.clone();
    let input = match stdin_folder {
        None => plan.input.clone(),
        Some(folder) => save(&plan.input, &folder.path().join(SAVED_STDIN), progress)?,
    };
    let loaded = load::load(&input, &plan, side_tables, lookups, progress)?;
    plan.seats.clone_from(&loaded.seats);
    let columns = loaded.columns.clone();
    let (fingerprints, answers) = (loaded.fingerprints.clone(), loaded.answers.clone());
    let changes = loaded.into_changes(plan.input_settings.mode);
    progress.finish();
    print_input(&plan.input, &columns, &changes.roster, progress);
    let violation = strict_violation(settings, &changes);
    if violation.is_none() {
        confirm(settings, &columns, &changes, connection, progress)?;
    }
    Ok(PreparedImport {
        plan,
        changes,
        fingerprints,
        answers,
        violation,
    })
}

/// Only the organisation's address has the call that removes users.
fn require_account_for_leavers(changes: &PlannedChanges, located: &Located) -> anyhow::Result<()> {
    let assignments = &changes.roster.assignments;
    let leavers = changes.to_remove();
    let leavers = leavers.filter(|&user| assignments.removal(user) == Some(Removal::Remove));
    let leavers = leavers.count() as u64;
    if leavers > 0 && located.account.is_none() {
        bail!(
            Failure::new(format!(
                "nothing was sent: {} cannot be removed without the name of the organisation",
                count_of(leavers, "user")
            ))
            .hint("give the portal's address: --url https://cloud.uipath.com/NAME")
        );
    }
    Ok(())
}

/// Saves an input that cannot be read again.
pub fn save(input: &Input, path: &Path, progress: &mut Progress) -> anyhow::Result<Input> {
    let source = input.open()?;
    let mut reader = progress.reading(source.reader, source.bytes);
    let cannot_save = || format!("cannot save the input in {}", path.display());
    let mut copy = File::create(path).with_context(cannot_save)?;
    io::copy(&mut reader, &mut copy).with_context(cannot_save)?;
    copy.sync_all().with_context(cannot_save)?;
    Ok(Input::Path(path.to_owned()))
}
