//! Which file comes next: the first complete one in order of arrival.
//!
//! A file is complete when it has not changed for a while, or when it got its name after it was written. Polling the
//! folder shows both, wherever the folder is and whichever machine writes there. Times of arrival come from the caller's
//! clock. Another machine may set a file's own times, so only the differences between them count.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::time::{Duration, SystemTime};

use crate::watch::names::{FileKind, in_use_markers, kind};

/// A file, as one poll finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    pub name: OsString,
    pub version: FileVersion,
}

/// What shows whether a file has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVersion {
    /// In bytes.
    pub size: u64,
    pub written: Option<SystemTime>,
    /// When its content, name or rights last changed, if the system records that.
    pub changed: Option<SystemTime>,
    /// Its identity under any name, if the system has one.
    pub id: Option<FileId>,
}

/// The identity of a file under any name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId {
    /// The disk, and the file's number there.
    pub number: (u64, u64),
    /// When it was created, if the system records that: numbers are reused.
    pub made: Option<SystemTime>,
}

impl FileVersion {
    /// Whether both are the same file with the same content.
    fn is_same(&self, other: &Self) -> bool {
        (self.size, self.written, self.id) == (other.size, other.written, other.id)
    }

    /// Whether the file got its name so long after it was written.
    fn complete_for(&self, quiet_period: Duration) -> bool {
        let since =
            |(changed, written): (SystemTime, SystemTime)| changed.duration_since(written).ok();
        self.changed
            .zip(self.written)
            .and_then(since)
            .is_some_and(|since| since >= quiet_period)
    }
}

#[derive(Debug)]
struct PendingFile {
    version: FileVersion,
    /// When a poll first found this version.
    since: Duration,
    /// The file was complete when it got its name.
    is_complete: bool,
    is_open_elsewhere: bool,
}

/// The files of a folder, poll by poll.
#[derive(Debug)]
pub struct PendingFiles {
    quiet_period: Duration,
    files: BTreeMap<OsString, PendingFile>,
    /// Files that had a temporary name at the last poll.
    unfinished: HashSet<FileId>,
}

impl PendingFiles {
    /// Files are complete when they have not changed for `quiet_period`.
    pub fn new(quiet_period: Duration) -> Self {
        Self {
            quiet_period,
            files: BTreeMap::new(),
            unfinished: HashSet::new(),
        }
    }

    /// Adds what a poll finds. `now` is the time since any fixed moment.
    pub fn update(&mut self, now: Duration, found: Vec<FoundFile>) {
        let names: HashSet<_> = found
            .iter()
            .map(|found| found.name.to_string_lossy().into_owned())
            .collect();
        let mut before = std::mem::take(&mut self.files);
        let mut unfinished = HashSet::new();
        for FoundFile { name, version } in found {
            let text = name.to_string_lossy();
            match kind(&text) {
                FileKind::Other => {}
                FileKind::Temporary => unfinished.extend(version.id),
                FileKind::Import => {
                    let same = before
                        .remove(&name)
                        .filter(|before| before.version.is_same(&version));
                    let is_open_elsewhere =
                        in_use_markers(&text).any(|marker| names.contains(&marker));
                    let was_renamed = version.id.is_some_and(|id| self.unfinished.contains(&id));
                    let file = PendingFile {
                        since: same.as_ref().map_or(now, |same| same.since),
                        is_complete: same.is_some_and(|same| same.is_complete)
                            || was_renamed
                            || version.complete_for(self.quiet_period),
                        is_open_elsewhere,
                        version,
                    };
                    self.files.insert(name, file);
                }
            }
        }
        self.unfinished = unfinished;
    }

    /// The next file to import, if one is complete. Files that arrived earlier come first: a complete file waits, at most
    /// for the quiet period, until an earlier one is known to be complete.
    pub fn next(&self, now: Duration) -> Option<&OsStr> {
        let free = self
            .files
            .iter()
            .filter(|(_, file)| !file.is_open_elsewhere);
        let (name, file) = free.min_by_key(|(name, file)| {
            let version = &file.version;
            (file.since, version.changed.or(version.written), *name)
        })?;
        let is_quiet = now.saturating_sub(file.since) >= self.quiet_period;
        (file.is_complete || is_quiet).then_some(name)
    }

    /// The files that wait, complete or not.
    pub fn waiting(&self) -> impl Iterator<Item = &OsStr> {
        self.files.keys().map(OsString::as_os_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const QUIET_PERIOD: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn time(seconds: u64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + at(1_000_000 + seconds))
    }

    /// A file that has not changed since it was written.
    fn file(name: &str, size: u64, written: u64) -> FoundFile {
        FoundFile {
            name: name.into(),
            version: FileVersion {
                size,
                written: time(written),
                changed: time(written),
                id: None,
            },
        }
    }

    fn numbered(name: &str, number: u64, written: u64) -> FoundFile {
        let mut file = file(name, 9, written);
        file.version.id = Some(FileId {
            number: (1, number),
            made: time(0),
        });
        file
    }

    #[test]
    fn a_file_is_taken_when_it_has_not_changed_for_a_while() {
        let mut files = PendingFiles::new(QUIET_PERIOD);
        files.update(at(0), vec![file("a.csv", 1, 100)]);
        assert_eq!(files.next(at(0)), None);
        for (now, size) in [(3, 1), (4, 2), (8, 2)] {
            files.update(at(now), vec![file("a.csv", size, 100)]);
            assert_eq!(files.next(at(now)), None, "{now}");
        }
        // Overwritten with the same length.
        files.update(at(9), vec![file("a.csv", 2, 101)]);
        assert_eq!(files.next(at(9)), None);
        files.update(at(14), vec![file("a.csv", 2, 101)]);
        assert_eq!(files.next(at(14)), Some(OsStr::new("a.csv")));
    }

    #[test]
    fn a_file_that_was_renamed_into_the_folder_is_taken_at_once() {
        let mut files = PendingFiles::new(QUIET_PERIOD);
        files.update(at(0), vec![numbered("a.csv.part", 7, 1)]);
        // More was written to it before it got its name.
        files.update(at(1), vec![numbered("a.csv", 7, 2)]);
        assert_eq!(files.next(at(1)), Some(OsStr::new("a.csv")));
        // It stays complete.
        files.update(at(2), vec![numbered("a.csv", 7, 2)]);
        assert_eq!(files.next(at(2)), Some(OsStr::new("a.csv")));

        // Written elsewhere, and moved here a while later.
        let mut moved = file("b.csv", 9, 1);
        moved.version.changed = time(60);
        let mut files = PendingFiles::new(QUIET_PERIOD);
        files.update(at(0), vec![moved]);
        assert_eq!(files.next(at(0)), Some(OsStr::new("b.csv")));
    }

    #[test]
    fn another_file_with_the_number_of_a_temporary_one_is_not_confused_with_it() {
        let mut other = numbered("b.csv", 7, 2);
        other.version.id = other.version.id.map(|id| FileId {
            made: time(1),
            ..id
        });
        let mut files = PendingFiles::new(QUIET_PERIOD);
        files.update(at(0), vec![numbered("a.tmp", 7, 1)]);
        files.update(at(1), vec![other]);
        assert_eq!(files.next(at(1)), None);
    }

    #[test]
    fn a_file_that_is_open_elsewhere_waits_and_delays_no_other() {
        for marker in ["a.xlsx.part", "~$a.xlsx", ".~lock.a.xlsx#"] {
            let mut files = PendingFiles::new(QUIET_PERIOD);
            for now in [0, 5] {
                let found = vec![
                    file("a.xlsx", 0, 1),
                    file(marker, 1, 1),
                    file("b.csv", 1, 2),
                ];
                files.update(at(now), found);
            }
            assert_eq!(files.next(at(5)), Some(OsStr::new("b.csv")), "{marker}");
            files.update(at(6), vec![file("a.xlsx", 0, 1)]);
            assert_eq!(files.next(at(6)), Some(OsStr::new("a.xlsx")), "{marker}");
        }
    }

    #[test]
    fn files_are_taken_in_the_order_in_which_they_arrived() {
        let mut files = PendingFiles::new(QUIET_PERIOD);
        files.update(at(0), vec![file("z.csv", 1, 3), file("b.csv", 1, 7)]);
        // Another machine's clock is late; but it came later.
        let found = vec![
            file("z.csv", 1, 3),
            file("b.csv", 1, 7),
            file("a.csv", 1, 0),
        ];
        let mut left = found.clone();
        files.update(at(1), found);
        let mut order = Vec::new();
        while let Some(next) = files.next(at(60)).map(OsStr::to_owned) {
            left.retain(|file| file.name != next);
            order.push(next);
            files.update(at(60), left.clone());
        }
        assert_eq!(order, ["z.csv", "b.csv", "a.csv"]);
    }

    #[test]
    fn a_complete_file_waits_for_an_earlier_one_and_not_for_one_that_grows() {
        let mut renamed = file("b.csv", 9, 1);
        renamed.version.changed = time(60);
        let mut files = PendingFiles::new(QUIET_PERIOD);
        files.update(at(0), vec![file("a.csv", 1, 50)]);
        files.update(at(1), vec![file("a.csv", 1, 50), renamed.clone()]);
        assert_eq!(files.next(at(1)), None, "a.csv may be complete");
        files.update(at(2), vec![file("a.csv", 2, 61), renamed]);
        assert_eq!(files.next(at(2)), Some(OsStr::new("b.csv")));
    }

    #[test]
    fn no_file_waits_without_a_quiet_period() {
        let mut files = PendingFiles::new(Duration::ZERO);
        files.update(at(0), vec![file("a.csv", 1, 0)]);
        assert_eq!(files.next(at(0)), Some(OsStr::new("a.csv")));
    }

    proptest! {
        /// No file is taken within the quiet period after it was written.
        #[test]
        fn nothing_is_taken_while_it_is_written(
            writes in prop::collection::vec((0_usize..3, 0_u64..40), 0..30),
            made in any::<u64>(),
        ) {
            let names = ["a.csv", "b.xlsx", "c.csv.gz"];
            let mut files = PendingFiles::new(QUIET_PERIOD);
            for now in 0..50 {
                let found = names.iter().enumerate().filter_map(|(nth, name)| {
                    let written = writes.iter().filter(|(file, at)| *file == nth && *at <= now);
                    let last = written.clone().map(|(_, at)| *at).max()?;
                    Some(file(name, written.count() as u64 + made % 7, last))
                });
                files.update(at(now), found.collect());
                if let Some(next) = files.next(at(now)) {
                    let nth = names.iter().position(|name| OsStr::new(name) == next).unwrap();
                    let is_fresh = |(file, at): &(usize, u64)| *file == nth && *at <= now && *at + 5 > now;
                    prop_assert!(!writes.iter().any(is_fresh));
                }
            }
            let last = files.next(at(50)).is_some();
            prop_assert_eq!(last, !writes.is_empty());
        }
    }
}
