//! What has happened in a run so far, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::Event;
use crate::outcome::{Decision, FailureKind, Outcome};
use crate::roster::{Assignments, SetIx};

/// The numbers of a run. Counts what has been recorded, and nothing before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Users who are a success.
    pub success: u64,
    /// Users, and bad rows, by the way they failed.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Successes by bundle set.
    pub success_by_set: BTreeMap<SetIx, u64>,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered, or given up as lost.
    pub answered: u64,
    /// Requests sent again after passing trouble.
    pub retried: u64,
    /// Refused batches that were split.
    pub splits: u64,
    /// Waits of more than two seconds.
    pub waits: u64,
    /// How long they lasted in all, if nothing ended them early.
    pub waited: Duration,
}

impl Tally {
    /// Users decided by the run: neither bad rows nor those withheld because of one.
    pub fn decided(&self) -> u64 {
        let failed: u64 = self
            .failures
            .iter()
            .filter(|(kind, _)| !matches!(kind, FailureKind::Invalid | FailureKind::Withheld))
            .map(|(_, count)| count)
            .sum();
        self.success + failed
    }

    /// Users and rows that did not succeed.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Requests under way.
    pub fn in_flight(&self) -> u64 {
        self.sent - self.answered
    }

    /// Counts failures that were known before anything was sent.
    pub fn count_failures(&mut self, kind: FailureKind, count: usize) {
        if count > 0 {
            *self.failures.entry(kind).or_default() += count as u64;
        }
    }

    /// Counts an event that has been recorded.
    pub fn count(&mut self, event: &Event, assignments: &Assignments) {
        match event {
            Event::Sent { .. } => self.sent += 1,
            Event::Answered { .. } => self.answered += 1,
            Event::Retrying { .. } => self.retried += 1,
            Event::Split { .. } => self.splits += 1,
            Event::Waiting { wait, .. } => {
                self.waits += 1;
                self.waited += *wait;
            }
            Event::Decided(decisions) => {
                for decision in decisions {
                    self.count_decision(decision, assignments);
                }
            }
            Event::Exhausted { .. } | Event::Misdirected { .. } | Event::Stopping(_) => {}
        }
    }

    fn count_decision(&mut self, decision: &Decision, assignments: &Assignments) {
        match &decision.outcome {
            Outcome::Success { .. } => {
                self.success += 1;
                let set = assignments.set(decision.user);
                *self.success_by_set.entry(set).or_default() += 1;
            }
            Outcome::Failure { kind, .. } => self.count_failures(*kind, 1),
        }
    }
}
