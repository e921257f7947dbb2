//! The status of a watch, in one line.

use std::time::Duration;

use super::TargetFolder;
use crate::humanize::duration::duration;
use crate::humanize::{count, count_of};

/// The files that a watch has filed away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileCounts {
    done: u64,
    attention: u64,
    duplicates: u64,
}

impl FileCounts {
    pub fn count(&mut self, place: TargetFolder) {
        match place {
            TargetFolder::Done => self.done += 1,
            TargetFolder::Attention => self.attention += 1,
            TargetFolder::Duplicates => self.duplicates += 1,
        }
    }

    /// Whether a file needs attention.
    pub fn needs_attention(self) -> bool {
        self.attention > 0
    }
}

/// The files that are done and that wait, and the current activity with its duration.
pub fn status(counts: FileCounts, waiting: u64, activity: Option<(&str, Duration)>) -> String {
    let mut line = format!("watch: {} done", count(counts.done));
    if counts.attention > 0 {
        line.push_str(&format!(", {} in attention", count(counts.attention)));
    }
    if counts.duplicates > 0 {
        line.push_str(&format!(", {}", count_of(counts.duplicates, "duplicate")));
    }
    line.push_str(&format!("; {} waiting; ", count_of(waiting, "file")));
    match activity {
        Some((activity, time)) => line.push_str(&format!("{activity} for {}", duration(time))),
        None => line.push_str("idle"),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_counts_files_and_names_the_activity() {
        let mut tally = FileCounts::default();
        assert_eq!(
            status(tally, 0, None),
            "watch: 0 done; 0 files waiting; idle"
        );
        for place in [
            TargetFolder::Done,
            TargetFolder::Attention,
            TargetFolder::Duplicates,
            TargetFolder::Done,
        ] {
            tally.count(place);
        }
        assert_eq!(
            status(
                tally,
                1,
                Some(("importing a.csv", Duration::from_secs(130)))
            ),
            "watch: 2 done, 1 in attention, 1 duplicate; 1 file waiting; importing a.csv for 2m 10s"
        );
    }
}
