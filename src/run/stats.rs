//! The numbers of a run while it is under way.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::Event;
use crate::outcome::{Decision, FailureKind, Outcome};
use crate::roster::{Assignments, SetIndex};
use crate::run::UserStates;

/// The numbers of a run: only what has been recorded is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunStats {
    pub success: u64,
    /// Failed users and bad rows, by outcome.
    pub failures: BTreeMap<FailureKind, u64>,
    pub success_by_set: BTreeMap<SetIndex, u64>,
    /// Users that this session is to send.
    pub to_send: u64,
    /// Those of them who are decided.
    pub decided: u64,
    /// Requests started.
    pub sent: u64,
    /// Requests with a response, or given up as lost.
    pub responded: u64,
    /// Requests among them that were never sent, since there was no connection.
    pub never_sent: u64,
    /// Requests retried after a transient failure.
    pub retried: u64,
    /// Rejected batches that were split.
    pub splits: u64,
    /// Waits of more than two seconds.
    pub waits: u64,
    /// Their planned length in all.
    pub waited: Duration,
}

/// What was removed before anything was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovalStats {
    /// Each counts once, however often it was tried.
    pub calls: u64,
    /// Users who were decided.
    pub decided: u64,
}

impl RunStats {
    /// The numbers at the start of a session.
    pub fn new(states: &UserStates, assignments: &Assignments, to_send: usize) -> Self {
        let mut stats = Self {
            failures: states.failures(),
            to_send: to_send as u64,
            ..Self::default()
        };
        for user in states.successes(assignments) {
            stats.count_success(assignments.set(user));
        }
        stats
    }

    /// Counts the removals of this session. Their successes and failures were counted from the records.
    pub fn count_removals(&mut self, removed: RemovalStats) {
        self.sent += removed.calls;
        self.responded += removed.calls;
        self.decided += removed.decided;
    }

    pub fn failed_count(&self) -> u64 {
        self.failures.values().sum()
    }

    pub fn in_flight(&self) -> u64 {
        self.sent - self.responded
    }

    /// Counts an event. Decisions are counted apart, once they are recorded.
    pub fn count_event(&mut self, event: &Event) {
        match event {
            Event::Sent { .. } => self.sent += 1,
            Event::ResponseReceived { was_sent, .. } => {
                self.responded += 1;
                self.never_sent += u64::from(!was_sent);
            }
            Event::Retrying { .. } => self.retried += 1,
            Event::Split { .. } => self.splits += 1,
            Event::Waiting { wait, .. } => {
                self.waits += 1;
                self.waited += *wait;
            }
            Event::Decided(_)
            | Event::SeatsExhausted { .. }
            | Event::WrongAddress { .. }
            | Event::Stopping(_) => {}
        }
    }

    /// Counts a decision that has been recorded, and uncounts the failures that it supersedes.
    pub fn count_decision(
        &mut self,
        decision: &Decision,
        superseded: &[FailureKind],
        assignments: &Assignments,
    ) {
        let users = decision.users.len() as u64;
        self.decided += users;
        for kind in superseded {
            if let Some(count) = self.failures.get_mut(kind) {
                *count -= 1;
            }
        }
        match &decision.outcome {
            Outcome::Success { .. } => {
                for &user in &decision.users {
                    self.count_success(assignments.set(user));
                }
            }
            Outcome::Failure { kind, .. } => *self.failures.entry(*kind).or_default() += users,
        }
    }

    fn count_success(&mut self, set: SetIndex) {
        self.success += 1;
        *self.success_by_set.entry(set).or_default() += 1;
    }
}
