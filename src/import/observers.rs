//! The observers of recorded events: counters, the timeline, the display. None of them can endanger the records.

use std::time::Instant;

use crate::import::records::{Written, decision};
use crate::report::{Progress, Timeline};
use crate::roster::Assignments;
use crate::run::{RunStats, UserStates};

pub struct Observers<'a> {
    pub stats: RunStats,
    pub timeline: Timeline,
    progress: &'a mut Progress,
    assignments: &'a Assignments,
    started: Instant,
}

impl<'a> Observers<'a> {
    /// `users_to_send` users are to be decided, in addition to those that `states` has.
    pub fn new(
        assignments: &'a Assignments,
        states: &UserStates,
        users_to_send: usize,
        progress: &'a mut Progress,
    ) -> Self {
        Self {
            stats: RunStats::new(states, assignments, users_to_send),
            timeline: Timeline::default(),
            progress,
            assignments,
            started: Instant::now(),
        }
    }

    pub fn observe(&mut self, written: &Written<'_>) {
        let Written { event, superseded } = written;
        if let Some(decision) = decision(event) {
            self.stats
                .count_decision(decision, superseded, self.assignments);
        }
        self.stats.count_event(event);
        self.timeline.record(self.started.elapsed(), event);
        self.progress.show_event(event, &self.stats);
    }

    /// Refreshes the display while no event comes.
    pub fn tick(&mut self) {
        self.progress.tick(&self.stats);
    }

    /// Whether the display is closed.
    pub fn is_closed(&self) -> bool {
        self.progress.is_closed()
    }

    /// No further event will come.
    pub fn finish(&mut self) {
        self.progress.finish();
        self.timeline.finish(self.started.elapsed());
    }
}
