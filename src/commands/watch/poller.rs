//! Looks at the folder again and again, and says now and then how far the watch is.

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

/// How often there is a sign of life while something is done.
const BEAT: Duration = Duration::from_millis(500);

/// How often the folder is looked at, at most and at least.
const MOST_OFTEN: Duration = Duration::from_millis(20);
const LEAST_OFTEN: Duration = Duration::from_secs(1);

/// How often it is said how far the watch is.
const STATUS_PERIOD: Duration = Duration::from_secs(60);

/// Looks at a folder.
pub struct Poller {
    arrivals: PendingFiles,
    begin: Instant,
    period: Duration,
    told: Instant,
    /// Files of other kinds that have been told of.
    others: BTreeSet<OsString>,
    progress: Progress,
    tally: FileCounts,
    activity: Option<(String, Instant)>,
}

impl Poller {
    pub fn new(settle: Duration, progress: ProgressMode) -> Self {
        let now = Instant::now();
        Self {
            arrivals: PendingFiles::new(settle),
            begin: now,
            period: settle.clamp(MOST_OFTEN, LEAST_OFTEN),
            told: now,
            others: BTreeSet::new(),
            progress: Progress::new(progress),
            tally: FileCounts::default(),
            activity: None,
        }
    }

    /// How long to wait between two looks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What was done, for the status.
    pub fn set_tally(&mut self, tally: FileCounts) {
        self.tally = tally;
    }

    /// Looks once.
    pub fn poll(&mut self, folder: &WatchFolder) -> io::Result<()> {
        let seen = folder.look()?;
        for seen in &seen {
            let name = seen.name.to_string_lossy();
            if kind(&name) == FileKind::Other && self.others.insert(seen.name.clone()) {
                let name = printable(&name, 255);
                self.progress
                    .info(&format!("let alone: {name} is neither a CSV nor an .xlsx"));
            }
        }
        self.arrivals.update(self.begin.elapsed(), seen);
        self.tell_status();
        Ok(())
    }

    /// The file to take, if one is complete.
    pub fn next(&self) -> Option<OsString> {
        let next = self.arrivals.next(self.begin.elapsed());
        next.map(ToOwned::to_owned)
    }

    /// The names of the files that wait, for people.
    pub fn waiting(&self) -> Vec<String> {
        let names = self.arrivals.waiting();
        names
            .map(|name| printable(&name.to_string_lossy(), 255))
            .collect()
    }

    /// Goes on looking while something is done.
    pub fn poll_while<T>(
        &mut self,
        activity: String,
        folder: &WatchFolder,
        what: impl FnOnce() -> T,
    ) -> T {
        self.activity = Some((activity, Instant::now()));
        let done = thread::scope(|scope| {
            let (working, is_done) = mpsc::channel::<()>();
            let looker = &mut *self;
            scope.spawn(move || {
                let period = looker.period.max(MOST_OFTEN);
                let mut looked = Instant::now();
                while is_done.recv_timeout(period.min(BEAT)) == Err(RecvTimeoutError::Timeout) {
                    // Requests may leave all the while.
                    folder.beat();
                    if looked.elapsed() >= period {
                        looked = Instant::now();
                        // Who looks next, with nothing else to do, tells what is wrong.
                        let _ = looker.poll(folder);
                    }
                }
            });
            let done = what();
            drop(working);
            done
        });
        self.activity = None;
        done
    }

    fn tell_status(&mut self) {
        if self.told.elapsed() < STATUS_PERIOD {
            return;
        }
        self.told = Instant::now();
        let waiting = self.arrivals.waiting().count() as u64;
        let activity = self.activity.as_ref();
        let activity = activity.map(|(what, since)| (what.as_str(), since.elapsed()));
        self.progress.info(&status(self.tally, waiting, activity));
    }
}
