//! What a watch is at, in a line.

use std::time::Duration;

use super::Place;
use crate::humanize::duration::human;
use crate::humanize::{counted, grouped};

/// The files that a watch has done with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    done: u64,
    attention: u64,
    duplicates: u64,
}

impl Tally {
    /// One more.
    pub fn count(&mut self, place: Place) {
        match place {
            Place::Done => self.done += 1,
            Place::Attention => self.attention += 1,
            Place::Duplicates => self.duplicates += 1,
        }
    }

    /// Whether somebody has to look at a file.
    pub fn needs_attention(self) -> bool {
        self.attention > 0
    }
}

/// What was done, what waits, and what is going on, for how long.
pub fn status(tally: Tally, waiting: u64, activity: Option<(&str, Duration)>) -> String {
    let mut line = format!("watch: {} done", grouped(tally.done));
    if tally.attention > 0 {
        line.push_str(&format!(", {} in attention", grouped(tally.attention)));
    }
    if tally.duplicates > 0 {
        line.push_str(&format!(", {}", counted(tally.duplicates, "duplicate")));
    }
    line.push_str(&format!("; {} waiting; ", counted(waiting, "file")));
    match activity {
        Some((what, time)) => line.push_str(&format!("{what} for {}", human(time))),
        None => line.push_str("nothing going on"),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_done_what_waits_and_what_is_going_on() {
        let mut tally = Tally::default();
        assert_eq!(
            status(tally, 0, None),
            "watch: 0 done; 0 files waiting; nothing going on"
        );
        for place in [
            Place::Done,
            Place::Attention,
            Place::Duplicates,
            Place::Done,
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
