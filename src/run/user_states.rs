//! The state of every user: pending, a success, or failed.

use std::collections::BTreeMap;

use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::roster::{Assignments, UserIndex};

/// The recorded state of every user of a roster.
#[derive(Debug)]
pub struct UserStates {
    users: Vec<UserState>,
    /// Bad rows and skipped users: decided before anything is sent.
    preset: BTreeMap<FailureKind, u64>,
    /// Successes without a request: the users had exactly the requested codes.
    already_assigned: u64,
    has_superseded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserState {
    Pending,
    Success,
    Failed(FailureKind, Applied),
}

impl UserStates {
    pub fn new(users: usize) -> Self {
        Self {
            users: vec![UserState::Pending; users],
            preset: BTreeMap::new(),
            already_assigned: 0,
            has_superseded: false,
        }
    }

    pub fn record_preset(&mut self, kind: FailureKind) {
        *self.preset.entry(kind).or_default() += 1;
    }

    pub fn record_success(&mut self, user: UserIndex, was_sent: bool) {
        self.already_assigned += u64::from(!was_sent);
        self.set(user, UserState::Success);
    }

    pub fn record_failure(&mut self, user: UserIndex, kind: FailureKind, applied: Applied) {
        self.set(user, UserState::Failed(kind, applied));
    }

    /// Records a decision that the journal has. Gives the failures that it supersedes.
    pub fn record(&mut self, decision: &Decision) -> Vec<FailureKind> {
        let mut superseded = Vec::new();
        for &user in &decision.users {
            if let UserState::Failed(kind, _) = self.users[user.index()] {
                superseded.push(kind);
            }
            match &decision.outcome {
                Outcome::Success { .. } => self.record_success(user, decision.attempts > 0),
                Outcome::Failure { kind, .. } => self.record_failure(user, *kind, decision.applied),
            }
        }
        superseded
    }

    fn set(&mut self, user: UserIndex, state: UserState) {
        let before = std::mem::replace(&mut self.users[user.index()], state);
        self.has_superseded |= matches!(before, UserState::Failed(..));
    }

    /// Whether the failure file has a record that a later one supersedes.
    pub fn has_superseded(&self) -> bool {
        self.has_superseded
    }

    pub fn is_pending(&self, user: UserIndex) -> bool {
        self.users[user.index()] == UserState::Pending
    }

    pub fn is_success(&self, user: UserIndex) -> bool {
        self.users[user.index()] == UserState::Success
    }

    /// Successes without a request.
    pub fn already_assigned(&self) -> u64 {
        self.already_assigned
    }

    /// Whether the service has confirmed a user.
    pub fn has_confirmed(&self) -> bool {
        let successes = self
            .users
            .iter()
            .filter(|state| **state == UserState::Success);
        successes.count() as u64 > self.already_assigned
    }

    /// Whether a request that has named the user may have been applied: not if it certainly failed.
    pub fn may_be_applied(&self, user: UserIndex) -> bool {
        !matches!(self.users[user.index()], UserState::Failed(_, Applied::No))
    }

    /// Whether the user is no success, and a request that has named it may have been applied all the same.
    pub fn may_have_been_applied(&self, user: UserIndex) -> bool {
        self.may_be_applied(user) && !self.is_success(user)
    }

    /// Failed users and bad rows, by outcome.
    pub fn failures(&self) -> BTreeMap<FailureKind, u64> {
        let mut failures = self.preset.clone();
        for state in &self.users {
            if let UserState::Failed(kind, _) = state {
                *failures.entry(*kind).or_default() += 1;
            }
        }
        failures
    }

    pub fn successes(&self, assignments: &Assignments) -> impl Iterator<Item = UserIndex> + Clone {
        self.sendable(assignments, |state| state == UserState::Success)
    }

    pub fn pending(&self, assignments: &Assignments) -> impl Iterator<Item = UserIndex> + Clone {
        self.sendable(assignments, |state| state == UserState::Pending)
    }

    /// Users who are pending or got no response.
    pub fn unavailable_or_pending(
        &self,
        assignments: &Assignments,
    ) -> impl Iterator<Item = UserIndex> + Clone {
        self.sendable(assignments, |state| match state {
            UserState::Pending => true,
            UserState::Success => false,
            UserState::Failed(kind, _) => {
                matches!(kind, FailureKind::Unavailable | FailureKind::Unknown)
            }
        })
    }

    /// Users of whom no response says whether they have the requested codes.
    pub fn unsettled(&self, assignments: &Assignments) -> impl Iterator<Item = UserIndex> + Clone {
        self.sendable(assignments, |state| {
            matches!(
                state,
                UserState::Failed(FailureKind::Unknown | FailureKind::Unconfirmed, _)
            )
        })
    }

    pub fn unsuccessful(
        &self,
        assignments: &Assignments,
    ) -> impl Iterator<Item = UserIndex> + Clone {
        self.sendable(assignments, |state| state != UserState::Success)
    }

    /// Sendable users in some states, in the file's order.
    fn sendable(
        &self,
        assignments: &Assignments,
        is_meant: impl Fn(UserState) -> bool + Clone,
    ) -> impl Iterator<Item = UserIndex> + Clone {
        let users = assignments.sendable_users();
        users.filter(move |user| is_meant(self.users[user.index()]))
    }
}
