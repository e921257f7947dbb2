//! A line now and then, for logs.

use std::time::Duration;

use tokio::time::Instant;

use super::{Tally, Wait};
use crate::humanize::grouped;
use crate::report::progress::messages;

/// The least time between two lines.
const PERIOD: Duration = Duration::from_secs(10);

pub struct Plain {
    last: Instant,
}

impl Plain {
    pub fn new() -> Self {
        Self {
            last: Instant::now(),
        }
    }

    /// The next line, when it is time for one.
    pub fn update(&mut self, tally: &Tally, wait: Option<&Wait>) -> Option<String> {
        if self.last.elapsed() < PERIOD {
            return None;
        }
        self.last = Instant::now();
        Some(line(tally, wait))
    }
}

fn line(tally: &Tally, wait: Option<&Wait>) -> String {
    let mut line = format!(
        "{} of {} users, {}",
        grouped(tally.done),
        grouped(tally.to_send),
        messages::activity(tally)
    );
    if let Some(wait) = wait {
        line.push_str("; ");
        line.push_str(&messages::waiting(wait));
    }
    line
}
