//! Takes a run's events: first to the files, then to the counts, then to the display.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::{Journal, Progress, Tally};
use crate::event::Event;
use crate::roster::{Assignments, UserIx};

/// How often the display is looked after while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// Records a run.
pub struct Recorder<'a> {
    assignments: &'a Assignments,
    journal: Journal,
    tally: Tally,
    decided: Vec<bool>,
    progress: &'a mut Progress,
}

/// What has been recorded of a run.
#[derive(Debug)]
pub struct Recorded {
    /// Its numbers.
    pub tally: Tally,
    /// By user: whether it is decided.
    decided: Vec<bool>,
    /// Why recording ended early, if it did.
    pub error: Option<io::Error>,
}

impl<'a> Recorder<'a> {
    /// Goes on from a journal and a tally that hold what was known before anything was sent.
    pub fn new(
        assignments: &'a Assignments,
        journal: Journal,
        tally: Tally,
        progress: &'a mut Progress,
    ) -> Self {
        Self {
            assignments,
            journal,
            tally,
            decided: vec![false; assignments.len()],
            progress,
        }
    }

    /// Takes events until no more come, or one cannot be recorded; then the channel is closed, which stops the run.
    ///
    /// Blocks, so it wants a thread of its own.
    pub fn run(mut self, mut events: Receiver<Event>, runtime: &Handle) -> Recorded {
        let error = loop {
            let next = runtime.block_on(async { timeout(TICK, events.recv()).await });
            match next {
                Ok(Some(event)) => {
                    if let Err(error) = self.take(&event) {
                        break Some(error);
                    }
                }
                Ok(None) => break None,
                Err(_) => self.progress.tick(&self.tally),
            }
        };
        drop(events);
        self.progress.finish();
        Recorded {
            tally: self.tally,
            decided: self.decided,
            error,
        }
    }

    fn take(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Decided(decisions) = event {
            self.journal
                .record(self.assignments, decisions, Timestamp::now())?;
            for decision in decisions {
                self.decided[decision.user.index()] = true;
            }
        }
        self.tally.count(event, self.assignments);
        self.progress.show(event, &self.tally);
        Ok(())
    }
}

impl Recorded {
    /// The users that are still to be imported, in the file's order.
    pub fn pending<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIx> + 'a {
        assignments
            .good_users()
            .filter(|user| !self.decided[user.index()])
    }
}
