//! Polls the folder, and prints the status of the watch now and then.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::Progress;
use crate::sanitize::printable;
use crate::settings::ProgressMode;
use crate::watch::{FileCounts, FileKind, PendingFiles, WatchFolder, kind, status};

/// The time between two heartbeats while a file is imported.
const HEARTBEAT_PERIOD: Duration = Duration::from_millis(500);

/// How often the folder is polled, at most and at least.
const MOST_OFTEN: Duration = Duration::from_millis(20);
const LEAST_OFTEN: Duration = Duration::from_secs(1);

/// How often the status is printed.
const STATUS_PERIOD: Duration = Duration::from_secs(60);

/// Polls a folder.
pub struct Poller {
    files: PendingFiles,
    started: Instant,
    period: Duration,
    last_status: Instant,
    /// Files of other kinds that have been reported.
    others: BTreeSet<OsString>,
    progress: Progress,
    counts: FileCounts,
    activity: Option<(String, Instant)>,
}

impl Poller {
    pub fn new(settle: Duration, progress: ProgressMode) -> Self {
        let now = Instant::now();
        Self {
            files: PendingFiles::new(settle),
            started: now,
            period: settle.clamp(MOST_OFTEN, LEAST_OFTEN),
            last_status: now,
            others: BTreeSet::new(),
            progress: Progress::new(progress),
            counts: FileCounts::default(),
            activity: None,
        }
    }

    /// The time between two polls.
    pub fn period(&self) -> Duration {
        self.period
    }

    pub fn set_counts(&mut self, counts: FileCounts) {
        self.counts = counts;
    }

    /// Polls once.
    pub fn poll(&mut self, folder: &WatchFolder) -> io::Result<()> {
        let found = folder.files()?;
        for file in &found {
            let name = file.name.to_string_lossy();
            if kind(&name) == FileKind::Other && self.others.insert(file.name.clone()) {
                let name = printable(&name, 255);
                self.progress.info(&format!(
                    "ignored: {name} is neither a CSV nor an .xlsx file"
                ));
            }
        }
        self.files.update(self.started.elapsed(), found);
        self.print_status();
        Ok(())
    }

    /// The next file that is complete.
    pub fn next(&self) -> Option<OsString> {
        let next = self.files.next(self.started.elapsed());
        next.map(ToOwned::to_owned)
    }

    /// The names of the files that wait.
    pub fn waiting(&self) -> Vec<String> {
        let names = self.files.waiting();
        names
            .map(|name| printable(&name.to_string_lossy(), 255))
            .collect()
    }

    /// Polls and records heartbeats while `work` runs. The heartbeats are kept only if it has sent a request.
    pub fn poll_while<T>(
        &mut self,
        activity: String,
        folder: &WatchFolder,
        has_sent: impl FnOnce() -> bool,
        work: impl FnOnce() -> T,
    ) -> T {
        self.activity = Some((activity, Instant::now()));
        let heartbeat = folder.last_heartbeat();
        let done = thread::scope(|scope| {
            let (working, is_done) = mpsc::channel::<()>();
            let poller = &mut *self;
            scope.spawn(move || {
                let period = poller.period.max(MOST_OFTEN);
                let mut polled = Instant::now();
                while is_done.recv_timeout(period.min(HEARTBEAT_PERIOD))
                    == Err(RecvTimeoutError::Timeout)
                {
                    // Requests may be sent at any moment.
                    folder.heartbeat();
                    if polled.elapsed() >= period {
                        polled = Instant::now();
                        // The next poll after the work reports what is wrong.
                        let _ = poller.poll(folder);
                    }
                }
            });
            let done = work();
            drop(working);
            done
        });
        self.activity = None;
        if has_sent() {
            folder.heartbeat();
        } else {
            folder.restore_heartbeat(heartbeat);
        }
        done
    }

    fn print_status(&mut self) {
        if self.last_status.elapsed() < STATUS_PERIOD {
            return;
        }
        self.last_status = Instant::now();
        let waiting = self.files.waiting().count() as u64;
        let activity = self.activity.as_ref();
        let activity = activity.map(|(what, since)| (what.as_str(), since.elapsed()));
        self.progress.info(&status(self.counts, waiting, activity));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next watch waits for the quota of requests that were sent, and of no others.
    #[test]
    fn work_leaves_a_heartbeat_if_it_has_sent_anything_however_short_it_was() {
        let parent = tempfile::tempdir().unwrap();
        let folder = WatchFolder::open(parent.path()).unwrap();
        let mut poller = Poller::new(Duration::ZERO, ProgressMode::None);
        let long_ago = folder.last_heartbeat();
        let until_there_is_a_heartbeat = || {
            while folder.last_heartbeat() == long_ago {
                thread::yield_now();
            }
        };
        let mut poll_while = |has_sent: bool, work: &dyn Fn()| {
            poller.poll_while("importing".to_owned(), &folder, || has_sent, work);
            folder.last_heartbeat()
        };
        // A kill in the middle of the work leaves a heartbeat, whether or not something was sent.
        assert_eq!(poll_while(false, &until_there_is_a_heartbeat), long_ago);
        assert!(poll_while(true, &|| ()) > long_ago);
    }
}
