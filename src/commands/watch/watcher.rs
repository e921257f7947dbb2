//! The loop of a watch: first the file in `working`, then files that have arrived, one after the other.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::commands::watch::attempt::{Attempt, AttemptResult};
use crate::commands::watch::poller::Poller;
use crate::commands::watch::run_state::{has_started, started_fingerprint};
use crate::commands::watch::{WatchArgs, WatchMode, file_settings, on_done};
use crate::diagnostic::render;
use crate::event::StopReason;
use crate::exit_code::ExitCode;
use crate::humanize::count_of;
use crate::humanize::duration::duration;
use crate::import::connection::Connection;
use crate::import::send_times::SendTimes;
use crate::report::{Progress, print_final};
use crate::settings::ImportSettings;
use crate::signals;
use crate::watch::{
    Disposition, FileCounts, ImportLog, Job, TargetFolder, WatchFolder, delay, run_in,
};

const RESUME_HINT: &str =
    "the watch has ended; it resumes the file in working when it is started again";

/// Printed when a second signal ends the process.
const EXIT_MESSAGE: &str = "ended at once; start the watch again to resume the file in working";

/// A running watch.
pub struct Watcher {
    args: WatchArgs,
    until: WatchMode,
    folder: WatchFolder,
    import_log: ImportLog,
    poller: Poller,
    progress: Progress,
    runtime: Runtime,
    interrupt: CancellationToken,
    send_times: SendTimes,
    /// Created anew after a failure, since its token may be to blame.
    connection: Option<Connection>,
    counts: FileCounts,
    failures_in_a_row: u32,
    previous_was_not_found: bool,
}

/// What follows a step.
enum Step {
    Next,
    End(ExitCode),
}

impl Watcher {
    /// Opens the folder and checks that files can be moved in it.
    pub fn open(args: WatchArgs, path: &Path, checked: &ImportSettings) -> anyhow::Result<Self> {
        let folder = WatchFolder::open(path)?;
        let import_log = ImportLog::open(&folder.state_dir())?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let interrupt = CancellationToken::new();
        signals::install(interrupt.clone(), || print_final(EXIT_MESSAGE))
            .context("cannot listen for signals")?;
        let mode = checked.run.progress;
        Ok(Self {
            until: if args.once {
                WatchMode::Once
            } else {
                WatchMode::Continuous
            },
            poller: Poller::new(args.settle, mode),
            progress: Progress::new(mode),
            send_times: SendTimes::after_heartbeat(folder.earlier_heartbeat()),
            connection: Some(Connection::new(&checked.run, None)?),
            args,
            folder,
            import_log,
            runtime: runtime.context("cannot start the runtime")?,
            interrupt,
            counts: FileCounts::default(),
            failures_in_a_row: 0,
            previous_was_not_found: false,
        })
    }

    /// Runs until a signal, or with `--once` until no file is left.
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        if self.until == WatchMode::Continuous {
            self.print_start();
        }
        let mut idle_since = Instant::now();
        loop {
            if self.interrupt.is_cancelled() {
                return Ok(self.interrupted());
            }
            let step = match self.next() {
                Ok(Some(job)) => {
                    let step = self.process(&job);
                    idle_since = Instant::now();
                    step
                }
                Ok(None) if self.is_over(idle_since) => Step::End(self.finish_once()),
                Ok(None) => {
                    self.wait(self.poller.period());
                    Step::Next
                }
                Err(error) => self.back_off(&error, None),
            };
            if let Step::End(code) = step {
                return Ok(code);
            }
        }
    }

    /// Prints the start, and tries the sign-in before the first file needs it.
    fn print_start(&mut self) {
        let path = self.args.folder.display();
        self.progress
            .info(&format!("watching {path}; Ctrl-C ends it"));
        let Some(connection) = &self.connection else {
            return;
        };
        let signed_in = connection.sign_in(0, &self.interrupt, &self.progress);
        if let Err(error) = signed_in
            && !self.interrupt.is_cancelled()
        {
            self.progress
                .message(&format!("warning: {}", render(&error)));
            self.connection = None;
        }
    }

    /// The next file: the one in `working`, or else the first that has arrived.
    fn next(&mut self) -> anyhow::Result<Option<Job>> {
        let path = self.args.folder.display();
        let job = self.folder.current_job();
        if let Some(job) = job.with_context(|| format!("cannot read {path}"))? {
            return Ok(Some(job));
        }
        let polled = self.poller.poll(&self.folder);
        polled.with_context(|| format!("cannot read {path}"))?;
        let Some(name) = self.poller.next() else {
            return Ok(None);
        };
        let claimed = self.folder.claim(&name, Timestamp::now());
        claimed.with_context(|| format!("cannot move {} to working", Path::new(&name).display()))
    }

    /// Whether `--once` is over: files that are not complete by now are still being written.
    fn is_over(&self, idle_since: Instant) -> bool {
        let long_enough = self.args.settle + 2 * self.poller.period();
        let is_empty = self.poller.waiting().is_empty();
        self.until == WatchMode::Once && (is_empty || idle_since.elapsed() > long_enough)
    }

    fn process(&mut self, job: &Job) -> Step {
        let name = job.shown();
        let activity = if has_started(job) {
            format!("resuming {name}")
        } else {
            format!("importing {name}")
        };
        self.progress.info(&activity);
        match self.attempt(job, activity) {
            AttemptResult::Interrupted => Step::Next,
            AttemptResult::Retry { error, until } => self.back_off(&error, until),
            AttemptResult::Done(disposition) => match self.file_away(job, &disposition) {
                Ok(()) => Step::Next,
                Err(error) => self.back_off(&error, None),
            },
        }
    }

    fn attempt(&mut self, job: &Job, activity: String) -> AttemptResult {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let input = self.args.folder.clone();
                let made = file_settings(&self.args.settings, input)
                    .and_then(|settings| Connection::new(&settings.run, None));
                match made {
                    Ok(connection) => connection,
                    Err(error) => return error.into(),
                }
            }
        };
        let connection = self.connection.insert(connection);
        let attempt = Attempt {
            args: &self.args.settings,
            folder: &self.folder,
            import_log: &self.import_log,
            connection,
            send_times: &self.send_times,
            interrupt: &self.interrupt,
            previous_was_not_found: self.previous_was_not_found,
        };
        let progress = &mut self.progress;
        let work = || attempt.run(job, progress);
        let has_sent = || self.send_times.has_any();
        self.poller
            .poll_while(activity, &self.folder, has_sent, work)
    }

    /// Moves a file that is done to its target folder.
    fn file_away(&mut self, job: &Job, disposition: &Disposition) -> anyhow::Result<()> {
        let name = job.shown();
        let place = disposition.place();
        let destination = self.folder.destination(job, place);
        let run = run_in(&destination);
        let has_run = has_started(job);
        if let Some(fingerprint) = started_fingerprint(job)? {
            let folder = destination.file_name().unwrap_or(OsStr::new(&job.name));
            let folder = folder.to_string_lossy();
            self.import_log
                .add(&fingerprint, &name, &folder, Timestamp::now())?;
        }
        let note = disposition.note_text(&name, &run);
        self.folder
            .file_away(job, &destination, note.as_deref())
            .with_context(|| format!("cannot move {name} to {}", destination.display()))?;
        self.counts.count(place);
        self.poller.set_counts(self.counts);
        self.failures_in_a_row = 0;
        self.previous_was_not_found = matches!(
            disposition,
            Disposition::Stopped(StopReason::NoUserFound { .. })
        );
        let what = disposition.message();
        let shown = destination.display();
        match place {
            TargetFolder::Done => self.progress.info(&format!("{name}: {what}; see {shown}")),
            _ => self
                .progress
                .message(&format!("{name}: {what}; see {shown}")),
        }
        let folder = if has_run { run } else { destination };
        self.run_on_done(&folder);
        Ok(())
    }

    fn run_on_done(&self, folder: &Path) {
        let Some(program) = &self.args.on_done else {
            return;
        };
        if let Err(error) = on_done::run(program, folder, &self.runtime, &self.interrupt) {
            let program = program.display();
            let warning = format!("warning: --on-done {program} {error}");
            self.progress.message(&warning);
        }
    }

    /// Reports a failure and waits, since the next file would fail the same way.
    fn back_off(&mut self, error: &anyhow::Error, until: Option<Timestamp>) -> Step {
        if self.interrupt.is_cancelled() {
            return Step::Next;
        }
        self.progress.message(&format!("error: {}", render(error)));
        self.connection = None;
        if self.until == WatchMode::Once {
            self.progress.message(RESUME_HINT);
            return Step::End(ExitCode::Stopped);
        }
        let asked = until.and_then(|until| Duration::try_from(until - Timestamp::now()).ok());
        let wait = asked.unwrap_or_default().max(delay(self.failures_in_a_row));
        self.failures_in_a_row += 1;
        self.progress
            .message(&format!("retrying in {}; new files wait", duration(wait)));
        let end = Instant::now() + wait;
        while !self.interrupt.is_cancelled() && Instant::now() < end {
            // The next poll after the wait reports what is wrong.
            let _ = self.poller.poll(&self.folder);
            self.wait(
                end.saturating_duration_since(Instant::now())
                    .min(self.poller.period()),
            );
        }
        Step::Next
    }

    fn wait(&self, time: Duration) {
        // Runs the connection, so that one that the service closes is noticed.
        let runtime = self.connection.as_ref();
        let runtime = runtime.map_or(&self.runtime, |connection| &connection.runtime);
        // An interrupt ends the wait.
        let _ = runtime.block_on(async { timeout(time, self.interrupt.cancelled()).await });
    }

    fn interrupted(&self) -> ExitCode {
        let is_at_work = matches!(self.folder.current_job(), Ok(Some(_)));
        if is_at_work {
            self.progress.message(RESUME_HINT);
        } else {
            self.progress.info("the watch has ended");
        }
        let is_unfinished = self.until == WatchMode::Once && !self.poller.waiting().is_empty();
        if is_at_work || is_unfinished {
            ExitCode::Interrupted
        } else {
            ExitCode::AllSucceeded
        }
    }

    /// The end of `--once`.
    fn finish_once(&self) -> ExitCode {
        let waiting = self.poller.waiting();
        if !waiting.is_empty() {
            self.progress.message(&format!(
                "{} not imported, since another program has it open: {}",
                count_of(waiting.len() as u64, "file"),
                waiting.join(", ")
            ));
        }
        if self.counts.needs_attention() {
            ExitCode::SomeFailed
        } else {
            ExitCode::AllSucceeded
        }
    }
}
