//! Which file comes next: who has arrived first and is complete.
//!
//! A file is complete when it has not changed for a while, or when it was given its name after it was written. Both are
//! seen by looking at the folder again and again, so it does not matter where the folder is and who writes there. The
//! clock is the looker's own; of the file's times only their distance from each other counts, since another machine
//! sets them.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::time::{Duration, SystemTime};

use crate::watch::names::{FileKind, kind, marks};

/// A file as one look finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    pub name: OsString,
    pub stamp: FileVersion,
}

/// What tells whether a file has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVersion {
    /// Its size in bytes.
    pub size: u64,
    pub written: Option<SystemTime>,
    /// When anything about it last changed, its name included, where the system tells.
    pub changed: Option<SystemTime>,
    /// Which file it is, whatever its name, where the system tells.
    pub id: Option<FileId>,
}

/// A file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId {
    /// The disk, and the file's number there.
    pub number: (u64, u64),
    /// When it was made, where the system tells: numbers are used again.
    pub made: Option<SystemTime>,
}

impl FileVersion {
    /// Whether it is the same file with the same content.
    fn is_same(&self, other: &Self) -> bool {
        (self.size, self.written, self.id) == (other.size, other.written, other.id)
    }

    /// Whether the file got its name, or whatever else about it changed, so long after it was written.
    fn was_complete_for(&self, settle: Duration) -> bool {
        let since =
            |(changed, written): (SystemTime, SystemTime)| changed.duration_since(written).ok();
        self.changed
            .zip(self.written)
            .and_then(since)
            .is_some_and(|since| since >= settle)
    }
}

#[derive(Debug)]
struct PendingFile {
    stamp: FileVersion,
    /// When it was first seen as it is now.
    since: Duration,
    /// It was complete when it got its name.
    is_in_place: bool,
    is_held: bool,
}

/// The files of a folder, look by look.
#[derive(Debug)]
pub struct PendingFiles {
    settle: Duration,
    files: BTreeMap<OsString, PendingFile>,
    /// Files that had a temporary name at the last look.
    unfinished: HashSet<FileId>,
}

impl PendingFiles {
    /// Files are complete when they have not changed for `settle`.
    pub fn new(settle: Duration) -> Self {
        Self {
            settle,
            files: BTreeMap::new(),
            unfinished: HashSet::new(),
        }
    }

    /// Takes note of what a look finds, at a time that is counted from any beginning.
    pub fn update(&mut self, now: Duration, seen: Vec<FoundFile>) {
        let names: HashSet<_> = seen
            .iter()
            .map(|seen| seen.name.to_string_lossy().into_owned())
            .collect();
        let mut before = std::mem::take(&mut self.files);
        let mut unfinished = HashSet::new();
        for FoundFile { name, stamp } in seen {
            let text = name.to_string_lossy();
            match kind(&text) {
                FileKind::Other => {}
                FileKind::Temporary => unfinished.extend(stamp.id),
                FileKind::Import => {
                    let same = before
                        .remove(&name)
                        .filter(|before| before.stamp.is_same(&stamp));
                    let is_held = marks(&text).any(|mark| names.contains(&mark));
                    let was_renamed = stamp.id.is_some_and(|id| self.unfinished.contains(&id));
                    let arrival = PendingFile {
                        since: same.as_ref().map_or(now, |same| same.since),
                        is_in_place: same.is_some_and(|same| same.is_in_place)
                            || was_renamed
                            || stamp.was_complete_for(self.settle),
                        is_held,
                        stamp,
                    };
                    self.files.insert(name, arrival);
                }
            }
        }
        self.unfinished = unfinished;
    }

    /// The next file to import, if one is complete. Files that arrived earlier go first, so it may have to wait for a
    /// file that was complete earlier and is not known to be; that is never for long.
    pub fn next(&self, now: Duration) -> Option<&OsStr> {
        let free = self.files.iter().filter(|(_, arrival)| !arrival.is_held);
        let (name, arrival) = free.min_by_key(|(name, arrival)| {
            let stamp = &arrival.stamp;
            (arrival.since, stamp.changed.or(stamp.written), *name)
        })?;
        let is_settled = now.saturating_sub(arrival.since) >= self.settle;
        (arrival.is_in_place || is_settled).then_some(name)
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

    const SETTLE: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn time(seconds: u64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + at(1_000_000 + seconds))
    }

    /// A file that was written then, and nothing else has happened to it.
    fn file(name: &str, size: u64, written: u64) -> FoundFile {
        FoundFile {
            name: name.into(),
            stamp: FileVersion {
                size,
                written: time(written),
                changed: time(written),
                id: None,
            },
        }
    }

    fn numbered(name: &str, number: u64, written: u64) -> FoundFile {
        let mut file = file(name, 9, written);
        file.stamp.id = Some(FileId {
            number: (1, number),
            made: time(0),
        });
        file
    }

    #[test]
    fn a_file_is_taken_when_it_has_not_changed_for_a_while() {
        let mut arrivals = PendingFiles::new(SETTLE);
        arrivals.update(at(0), vec![file("a.csv", 1, 100)]);
        assert_eq!(arrivals.next(at(0)), None);
        for (now, size) in [(3, 1), (4, 2), (8, 2)] {
            arrivals.update(at(now), vec![file("a.csv", size, 100)]);
            assert_eq!(arrivals.next(at(now)), None, "{now}");
        }
        // Written over in place: as long as before.
        arrivals.update(at(9), vec![file("a.csv", 2, 101)]);
        assert_eq!(arrivals.next(at(9)), None);
        arrivals.update(at(14), vec![file("a.csv", 2, 101)]);
        assert_eq!(arrivals.next(at(14)), Some(OsStr::new("a.csv")));
    }

    #[test]
    fn a_file_that_was_renamed_into_place_is_taken_at_once() {
        let mut arrivals = PendingFiles::new(SETTLE);
        arrivals.update(at(0), vec![numbered("a.csv.part", 7, 1)]);
        // More was written to it before it got its name.
        arrivals.update(at(1), vec![numbered("a.csv", 7, 2)]);
        assert_eq!(arrivals.next(at(1)), Some(OsStr::new("a.csv")));
        // Still so at the next look.
        arrivals.update(at(2), vec![numbered("a.csv", 7, 2)]);
        assert_eq!(arrivals.next(at(2)), Some(OsStr::new("a.csv")));

        // Written elsewhere, and moved here a while later.
        let mut moved = file("b.csv", 9, 1);
        moved.stamp.changed = time(60);
        let mut arrivals = PendingFiles::new(SETTLE);
        arrivals.update(at(0), vec![moved]);
        assert_eq!(arrivals.next(at(0)), Some(OsStr::new("b.csv")));
    }

    #[test]
    fn another_file_with_the_number_of_a_temporary_one_is_not_taken_for_it() {
        let mut other = numbered("b.csv", 7, 2);
        other.stamp.id = other.stamp.id.map(|id| FileId {
            made: time(1),
            ..id
        });
        let mut arrivals = PendingFiles::new(SETTLE);
        arrivals.update(at(0), vec![numbered("a.tmp", 7, 1)]);
        arrivals.update(at(1), vec![other]);
        assert_eq!(arrivals.next(at(1)), None);
    }

    #[test]
    fn a_file_that_a_program_is_at_waits_and_holds_up_nobody() {
        for mark in ["a.xlsx.part", "~$a.xlsx", ".~lock.a.xlsx#"] {
            let mut arrivals = PendingFiles::new(SETTLE);
            for now in [0, 5] {
                let seen = vec![file("a.xlsx", 0, 1), file(mark, 1, 1), file("b.csv", 1, 2)];
                arrivals.update(at(now), seen);
            }
            assert_eq!(arrivals.next(at(5)), Some(OsStr::new("b.csv")), "{mark}");
            arrivals.update(at(6), vec![file("a.xlsx", 0, 1)]);
            assert_eq!(arrivals.next(at(6)), Some(OsStr::new("a.xlsx")), "{mark}");
        }
    }

    #[test]
    fn files_are_taken_in_the_order_in_which_they_arrived() {
        let mut arrivals = PendingFiles::new(SETTLE);
        arrivals.update(at(0), vec![file("z.csv", 1, 3), file("b.csv", 1, 7)]);
        // Another machine's clock is late; but it came later.
        let seen = vec![
            file("z.csv", 1, 3),
            file("b.csv", 1, 7),
            file("a.csv", 1, 0),
        ];
        let mut left = seen.clone();
        arrivals.update(at(1), seen);
        let mut order = Vec::new();
        while let Some(next) = arrivals.next(at(60)).map(OsStr::to_owned) {
            left.retain(|file| file.name != next);
            order.push(next);
            arrivals.update(at(60), left.clone());
        }
        assert_eq!(order, ["z.csv", "b.csv", "a.csv"]);
    }

    #[test]
    fn a_complete_file_waits_for_an_earlier_one_and_not_for_one_that_grows() {
        let mut renamed = file("b.csv", 9, 1);
        renamed.stamp.changed = time(60);
        let mut arrivals = PendingFiles::new(SETTLE);
        arrivals.update(at(0), vec![file("a.csv", 1, 50)]);
        arrivals.update(at(1), vec![file("a.csv", 1, 50), renamed.clone()]);
        assert_eq!(arrivals.next(at(1)), None, "a.csv may be complete");
        arrivals.update(at(2), vec![file("a.csv", 2, 61), renamed]);
        assert_eq!(arrivals.next(at(2)), Some(OsStr::new("b.csv")));
    }

    #[test]
    fn nobody_waits_where_files_need_not_settle() {
        let mut arrivals = PendingFiles::new(Duration::ZERO);
        arrivals.update(at(0), vec![file("a.csv", 1, 0)]);
        assert_eq!(arrivals.next(at(0)), Some(OsStr::new("a.csv")));
    }

    proptest! {
        /// Whatever is written when, nothing is taken that was written less than the time to settle ago.
        #[test]
        fn nothing_is_taken_while_it_is_written(
            writes in prop::collection::vec((0_usize..3, 0_u64..40), 0..30),
            made in any::<u64>(),
        ) {
            let names = ["a.csv", "b.xlsx", "c.csv.gz"];
            let mut arrivals = PendingFiles::new(SETTLE);
            for now in 0..50 {
                let seen = names.iter().enumerate().filter_map(|(nth, name)| {
                    let written = writes.iter().filter(|(file, at)| *file == nth && *at <= now);
                    let last = written.clone().map(|(_, at)| *at).max()?;
                    Some(file(name, written.count() as u64 + made % 7, last))
                });
                arrivals.update(at(now), seen.collect());
                if let Some(next) = arrivals.next(at(now)) {
                    let nth = names.iter().position(|name| OsStr::new(name) == next).unwrap();
                    let is_fresh = |(file, at): &(usize, u64)| *file == nth && *at <= now && *at + 5 > now;
                    prop_assert!(!writes.iter().any(is_fresh));
                }
            }
            let last = arrivals.next(at(50)).is_some();
            prop_assert_eq!(last, !writes.is_empty());
        }
    }
}
