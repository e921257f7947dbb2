//! What has happened in a run so far, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::Event;
use crate::outcome::{Decision, FailureKind, Outcome};
use crate::roster::{Assignments, SetIndex};
use crate::run::UserStates;

/// The numbers of a run. Counts what has been recorded, and nothing before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunStats {
    /// Users who are a success.
    pub success: u64,
    /// Users, and bad rows, by the way they failed.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Successes by bundle set.
    pub success_by_set: BTreeMap<SetIndex, u64>,
    /// Users that this part of the run is to send.
    pub to_send: u64,
    /// Those of them who are decided.
    pub done: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered, or given up as lost.
    pub answered: u64,
    /// Requests among them that never left, since there was no connection.
    pub never_left: u64,
    /// Requests sent again after passing trouble.
    pub retried: u64,
    /// Refused batches that were split.
    pub splits: u64,
    /// Waits of more than two seconds.
    pub waits: u64,
    /// How long they lasted in all, if nothing ended them early.
    pub waited: Duration,
}

impl RunStats {
    /// The numbers of a run that goes on from here, with so many users to be sent.
    pub fn new(standing: &UserStates, assignments: &Assignments, to_send: usize) -> Self {
        let mut tally = Self {
            failures: standing.failures(),
            to_send: to_send as u64,
            ..Self::default()
        };
        for user in standing.successes(assignments) {
            tally.count_success(assignments.set(user));
        }
        tally
    }

    /// Users and rows that did not succeed.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Requests under way.
    pub fn in_flight(&self) -> u64 {
        self.sent - self.answered
    }

    /// Counts an event. Decisions are counted apart, once they are recorded.
    pub fn count(&mut self, event: &Event) {
        match event {
            Event::Sent { .. } => self.sent += 1,
            Event::ResponseReceived { has_left, .. } => {
                self.answered += 1;
                self.never_left += u64::from(!has_left);
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

    /// Counts a decision that has been recorded, and takes back the failures that it overrules.
    pub fn count_decision(
        &mut self,
        decision: &Decision,
        overruled: &[FailureKind],
        assignments: &Assignments,
    ) {
        let users = decision.users.len() as u64;
        self.done += users;
        for kind in overruled {
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
