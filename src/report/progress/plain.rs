//! A line of progress every ten seconds, for logs.

use std::time::Duration;

use tokio::time::Instant;

use super::messages;
use super::wait::Wait;
use crate::humanize::count;
use crate::run::RunStats;

const PERIOD: Duration = Duration::from_secs(10);

pub struct PlainProgress {
    last: Instant,
}

impl PlainProgress {
    pub fn new() -> Self {
        Self {
            last: Instant::now(),
        }
    }

    /// The next line, if it is due.
    pub fn update(&mut self, stats: &RunStats, wait: Option<&Wait>) -> Option<String> {
        if self.last.elapsed() < PERIOD {
            return None;
        }
        self.last = Instant::now();
        Some(line(stats, wait))
    }
}

fn line(stats: &RunStats, wait: Option<&Wait>) -> String {
    let mut line = format!(
        "{} of {} users decided, {}",
        count(stats.decided),
        count(stats.to_send),
        messages::activity(stats)
    );
    if let Some(wait) = wait {
        line.push_str("; ");
        line.push_str(&messages::waiting(wait));
    }
    line
}
