//! What a watch is at, in a line.

use std::time::Duration;

use super::TargetFolder;
use crate::humanize::duration::duration;
use crate::humanize::{count, count_of};

/// The files that a watch has done with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileCounts {
    done: u64,
    attention: u64,
    duplicates: u64,
}

impl FileCounts {
    /// One more.
    pub fn count(&mut self, place: TargetFolder) {
        match place {
            TargetFolder::Done => self.done += 1,
            TargetFolder::Attention => self.attention += 1,
            TargetFolder::Duplicates => self.duplicates += 1,
        }
    }

    /// Whether somebody has to look at a file.
    pub fn needs_attention(self) -> bool {
        self.attention > 0
    }
}

/// What was done, what waits, and what is going on, for how long.
pub fn status(tally: FileCounts, waiting: u64, activity: Option<(&str, Duration)>) -> String {
    let mut line = format!("watch: {} done", count(tally.done));
    if tally.attention > 0 {
        line.push_str(&format!(", {} in attention", count(tally.attention)));
    }
    if tally.duplicates > 0 {
        line.push_str(&format!(", {}", count_of(tally.duplicates, "duplicate")));
    }
    line.push_str(&format!("; {} waiting; ", count_of(waiting, "file")));
    match activity {
        Some((what, time)) => line.push_str(&format!("{what} for {}", duration(time))),
        None => line.push_str("nothing going on"),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_done_what_waits_and_what_is_going_on() {
        let mut tally = FileCounts::default();
        assert_eq!(
            status(tally, 0, None),
            "watch: 0 done; 0 files waiting; nothing going on"
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
