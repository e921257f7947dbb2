//! One attempt at a file: its import, or the resumption of its run.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::args::settings::SettingsArgs;
use crate::commands::watch::file_settings;
use crate::commands::watch::run_state::{empty_run_folder, has_started};
use crate::diagnostic::render;
use crate::hint::Failure;
use crate::humanize::count_of;
use crate::import::connection::Connection;
use crate::import::context::{Session, StartTime};
use crate::import::load;
use crate::import::lookups::Lookups;
use crate::import::prepare;
use crate::import::result::RunResult;
use crate::import::resume::{ResumeScope, StoppedRun, reload_input, resume_run};
use crate::import::send_times::SendTimes;
use crate::input::{Fingerprint, InputError};
use crate::lookup::LookupError;
use crate::report::Progress;
use crate::run::{ManifestError, RunFolder, RunManifest};
use crate::run::{RunFileError, SavedSummary};
use crate::settings::RunSettings;
use crate::watch::{
    AfterStop, Disposition, ImportLog, Job, WatchFolder, after_no_response, after_stop, run_in,
};

/// The result of an attempt.
pub enum AttemptResult {
    /// The file is done.
    Done(Disposition),
    /// The file stays in `working` and is retried, since the failure would happen to every file.
    Retry {
        error: anyhow::Error,
        /// Not before this time.
        until: Option<Timestamp>,
    },
    /// The file stays in `working`, and the watch ends.
    Interrupted,
}

impl AttemptResult {
    fn not_imported(error: &anyhow::Error) -> Self {
        Self::Done(Disposition::NotImported {
            error: render(error),
        })
    }

    fn cannot_resume(error: &anyhow::Error) -> Self {
        Self::Done(Disposition::CannotResume {
            error: render(error),
        })
    }
}

impl From<anyhow::Error> for AttemptResult {
    fn from(error: anyhow::Error) -> Self {
        Self::Retry { error, until: None }
    }
}

/// What an attempt uses.
pub struct Attempt<'a> {
    pub args: &'a SettingsArgs,
    pub folder: &'a WatchFolder,
    pub import_log: &'a ImportLog,
    pub connection: &'a Connection,
    pub send_times: &'a SendTimes,
    pub interrupt: &'a CancellationToken,
    /// Whether the run of the file before stopped with [`StopReason::NoUserFound`].
    pub previous_was_not_found: bool,
}

impl Attempt<'_> {
    /// Imports the file, or resumes its run if it has one.
    pub fn run(&self, job: &Job, progress: &mut Progress) -> AttemptResult {
        let attempted = job
            .remove_note()
            .with_context(|| format!("cannot write to {}", job.path.display()))
            .map_err(AttemptResult::from)
            .and_then(|()| {
                if has_started(job) {
                    self.resume(job, progress)
                } else {
                    self.import(job, progress)
                }
            });
        attempted.unwrap_or_else(|early| early)
    }

    fn import(&self, job: &Job, progress: &mut Progress) -> Result<AttemptResult, AttemptResult> {
        let Some(input) = job.input() else {
            return Err(AttemptResult::not_imported(&file_missing()));
        };
        let fingerprint = fingerprint(&input)?;
        if let Some(duplicate) = self.duplicate(&fingerprint) {
            return Ok(AttemptResult::Done(duplicate));
        }
        let mut settings = file_settings(self.args, input)?;
        let session = self.sign_in(settings.run.requests.max_retries, progress)?;
        let located = session.located;
        settings.run.target = settings.run.target.with_account(&located.account_id);
        let retries = settings.run.requests.max_retries;
        let lookups = Lookups::new(self.connection, located, settings.plan.questions, retries);
        let lookups = lookups.as_ref();
        // An error in a side table concerns every file; an error in the input concerns this one.
        let beside = load::load_side_tables(&settings.plan.input_settings, lookups, progress)?;
        let prepared =
            prepare::prepare(&settings, beside, self.connection, lookups, None, progress).map_err(
                |error| {
                    if is_machine_error(&error) {
                        error.into()
                    } else {
                        AttemptResult::not_imported(&error)
                    }
                },
            )?;
        let run = empty_run_folder(job)?;
        if let Some(refused) = prepared.report_violation(&settings, &located.endpoint, &run)? {
            run.keep();
            let error = Failure::new(refused.message())
                .hint("correct the rows that run/failures.csv beside this note lists");
            return Err(AttemptResult::not_imported(&error.into()));
        }
        if self.interrupt.is_cancelled() {
            return Ok(AttemptResult::Interrupted);
        }
        self.folder.heartbeat();
        let ended = prepared.run(&settings, run, session, progress)?;
        self.after(job, &ended, progress)
    }

    fn resume(&self, job: &Job, progress: &mut Progress) -> Result<AttemptResult, AttemptResult> {
        let run = RunFolder::open(&job.run()).map_err(anyhow::Error::from)?;
        let manifest =
            RunManifest::read(&run).map_err(|error| AttemptResult::cannot_resume(&error.into()))?;
        let saved = SavedSummary::read(run.path());
        if saved.is_finished && saved.unavailable() == 0 {
            drop(run);
            return finished(job);
        }
        if let Some(until) = saved.not_before.filter(|until| *until > Timestamp::now()) {
            return Err(AttemptResult::Retry {
                error: anyhow!("the service accepts no requests before {until:.0}"),
                until: Some(until),
            });
        }
        let mut settings = self.resume_settings(job)?;
        let session = self.sign_in(settings.requests.max_retries, progress)?;
        let account = &session.located.account_id;
        settings.target = settings.target.with_account(account);
        // Others may write to the folder of the manifest, so it does not decide where the token is sent.
        if manifest.target != settings.target {
            return Err(AttemptResult::cannot_resume(
                &Failure::new("the run uses another service or account than the watch")
                    .hint("resume it by hand, if its settings are right")
                    .into(),
            ));
        }
        let changes = reload_input(&manifest, run.path(), progress);
        let changes = changes.map_err(not_reloaded)?;
        self.folder.heartbeat();
        let stopped = StoppedRun {
            start: StartTime::now(),
            folder: run,
            manifest: &manifest,
            changes: &changes,
        };
        let scope = ResumeScope::PendingAndUnavailable;
        let result = resume_run(stopped, scope, settings, session, progress);
        self.after(job, &result.map_err(not_resumed)?, progress)
    }

    fn resume_settings(&self, job: &Job) -> Result<RunSettings, AttemptResult> {
        let Some(input) = job.input() else {
            return Err(AttemptResult::cannot_resume(&file_missing()));
        };
        Ok(RunSettings {
            // With `--first`, the users that are left of the first.
            first: None,
            ..file_settings(self.args, input)?.run
        })
    }

    fn sign_in(&self, retries: u32, progress: &Progress) -> Result<Session<'_>, AttemptResult> {
        match self.connection.sign_in(retries, self.interrupt, progress) {
            Err(_) if self.interrupt.is_cancelled() => Err(AttemptResult::Interrupted),
            located => Ok(Session {
                connection: self.connection,
                located: located?,
                send_times: self.send_times,
                interrupt: self.interrupt,
            }),
        }
    }

    /// What follows when a run has finished.
    fn after_end(&self, job: &Job) -> Result<AttemptResult, AttemptResult> {
        let unanswered = SavedSummary::read(&job.run()).unavailable();
        if unanswered == 0 {
            return finished(job);
        }
        let before = self.import_log.last();
        let before = before.and_then(|before| self.folder.find_filed(&before.folder));
        let unanswered_before = before.is_some_and(|folder| has_unanswered(&run_in(&folder)));
        let begun = RunManifest::started_at(&job.run());
        let age = begun.and_then(|begun| begun.elapsed().ok());
        match after_no_response(age.unwrap_or_default(), unanswered_before) {
            AfterStop::SetAside => finished(job),
            AfterStop::Retry | AfterStop::Exit => Err(anyhow::Error::from(
                Failure::new(format!(
                    "the service did not respond for {}",
                    count_of(unanswered, "user")
                ))
                .hint("check the network and the service's status page"),
            )
            .into()),
        }
    }

    fn duplicate(&self, fingerprint: &Fingerprint) -> Option<Disposition> {
        let before = self.import_log.find(fingerprint)?;
        let folder = self.folder.find_filed(&before.folder);
        Some(Disposition::Duplicate {
            file: before.file.clone(),
            when: before.imported_at.clone(),
            folder: folder.map(|folder| folder.display().to_string()),
        })
    }

    /// What follows when a session of a run has ended.
    fn after(
        &self,
        job: &Job,
        ended: &RunResult,
        progress: &Progress,
    ) -> Result<AttemptResult, AttemptResult> {
        self.folder.heartbeat();
        let Some(stop) = &ended.stop else {
            return self.after_end(job);
        };
        match after_stop(stop, self.previous_was_not_found) {
            AfterStop::Exit => {
                progress.stopped(stop);
                Ok(AttemptResult::Interrupted)
            }
            AfterStop::SetAside => Ok(AttemptResult::Done(Disposition::Stopped(stop.clone()))),
            AfterStop::Retry => Err(AttemptResult::Retry {
                error: Failure::new(stop.message()).hint(stop.hint()).into(),
                until: SavedSummary::read(&job.run()).not_before,
            }),
        }
    }
}

/// A changed input concerns this file; any other error would concern every file.
fn not_reloaded(error: anyhow::Error) -> AttemptResult {
    if error.is::<ManifestError>() {
        AttemptResult::cannot_resume(&error)
    } else {
        error.into()
    }
}

/// Damaged reports concern this file; a full disk concerns every file.
fn not_resumed(error: anyhow::Error) -> AttemptResult {
    match error.downcast_ref::<RunFileError>() {
        None | Some(RunFileError::Io(_)) => error.into(),
        Some(_) => AttemptResult::cannot_resume(&error),
    }
}

/// Whether users of a run got no response.
fn has_unanswered(run: &Path) -> bool {
    SavedSummary::read(run).unavailable() > 0
}

/// The disposition of a file whose run has finished.
fn finished(job: &Job) -> Result<AttemptResult, AttemptResult> {
    let run = RunFolder::open(&job.run()).map_err(anyhow::Error::from)?;
    let record = RunManifest::read(&run).map_err(anyhow::Error::from)?;
    let Some(counts) = SavedSummary::read(run.path()).counts else {
        return Err(AttemptResult::cannot_resume(
            &Failure::new("the run's summary.json cannot be read")
                .hint("see success.csv and failures.csv")
                .into(),
        ));
    };
    let is_same = match job.input() {
        Some(input) => fingerprint(&input)? == record.fingerprints.input,
        // The run has read it to its end.
        None => true,
    };
    Ok(AttemptResult::Done(if is_same {
        Disposition::Finished(counts)
    } else {
        Disposition::Changed
    }))
}

/// Whether loading a file failed for a reason that is about the machine or the service.
fn is_machine_error(error: &anyhow::Error) -> bool {
    if error.is::<LookupError>() {
        return true;
    }
    match error.downcast_ref::<InputError>() {
        Some(InputError::Temporary { .. }) => true,
        // An error without a code of the system is about the content.
        Some(InputError::Open { source, .. } | InputError::Read { source, .. }) => {
            source.raw_os_error().is_some() && source.kind() != io::ErrorKind::PermissionDenied
        }
        _ => false,
    }
}

fn fingerprint(input: &Path) -> Result<Fingerprint, AttemptResult> {
    let read = File::open(input).and_then(Fingerprint::of);
    read.map_err(|error| {
        let is_of_the_file = error.kind() == io::ErrorKind::PermissionDenied;
        let error = anyhow::Error::from(error).context(format!("cannot read {}", input.display()));
        if !is_of_the_file || fs::metadata(input).is_err() {
            return error.into();
        }
        AttemptResult::not_imported(
            &Failure::new("this user may not read the file")
                .caused_by(error)
                .hint("make the file readable")
                .into(),
        )
    })
}

fn file_missing() -> anyhow::Error {
    Failure::new("the file is missing from working")
        .hint("put it back, or remove its folder in working")
        .into()
}
