//! How every user stands: pending, a success, or failed in some way.

use std::collections::BTreeMap;

use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::roster::{Assignments, UserIndex};

/// How every user of a roster stands, as far as it is recorded.
#[derive(Debug)]
pub struct UserStates {
    users: Vec<UserState>,
    /// Bad rows and withheld users: known before anything is sent.
    beforehand: BTreeMap<FailureKind, u64>,
    /// Successes without a request, since the users held what they shall hold.
    held_already: u64,
    /// A failure was recorded of somebody who was decided again later.
    has_superseded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserState {
    Pending,
    Success,
    Failed(FailureKind, Applied),
}

impl UserStates {
    /// Everyone is pending.
    pub fn new(users: usize) -> Self {
        Self {
            users: vec![UserState::Pending; users],
            beforehand: BTreeMap::new(),
            held_already: 0,
            has_superseded: false,
        }
    }

    pub fn note_beforehand(&mut self, kind: FailureKind) {
        *self.beforehand.entry(kind).or_default() += 1;
    }

    pub fn note_success(&mut self, user: UserIndex, was_sent: bool) {
        self.held_already += u64::from(!was_sent);
        self.stand(user, UserState::Success);
    }

    /// `applied`: as far as it is known.
    pub fn note_failure(&mut self, user: UserIndex, kind: FailureKind, applied: Applied) {
        self.stand(user, UserState::Failed(kind, applied));
    }

    /// Takes note of a decision that has been recorded. Gives the failures that it overrules.
    pub fn note(&mut self, decision: &Decision) -> Vec<FailureKind> {
        let mut overruled = Vec::new();
        for &user in &decision.users {
            if let UserState::Failed(kind, _) = self.users[user.index()] {
                overruled.push(kind);
            }
            match &decision.outcome {
                Outcome::Success { .. } => self.note_success(user, decision.attempts > 0),
                Outcome::Failure { kind, .. } => self.note_failure(user, *kind, decision.applied),
            }
        }
        overruled
    }

    fn stand(&mut self, user: UserIndex, now: UserState) {
        let before = std::mem::replace(&mut self.users[user.index()], now);
        self.has_superseded |= matches!(before, UserState::Failed(..));
    }

    /// Whether the failure file holds a record that a later one has overruled.
    pub fn has_overruled(&self) -> bool {
        self.has_superseded
    }

    /// Whether the user is neither a success nor failed.
    pub fn is_pending(&self, user: UserIndex) -> bool {
        self.users[user.index()] == UserState::Pending
    }

    /// Whether the user is a success.
    pub fn is_success(&self, user: UserIndex) -> bool {
        self.users[user.index()] == UserState::Success
    }

    /// Successes without a request.
    pub fn held_already(&self) -> u64 {
        self.held_already
    }

    /// Whether the service has confirmed somebody.
    pub fn has_confirmed(&self) -> bool {
        let successes = self
            .users
            .iter()
            .filter(|stand| **stand == UserState::Success);
        successes.count() as u64 > self.held_already
    }

    /// Whether the user may hold what was asked, if a request has named it: everyone but those who were surely refused.
    pub fn may_be_applied(&self, user: UserIndex) -> bool {
        !matches!(self.users[user.index()], UserState::Failed(_, Applied::No))
    }

    /// Whether the user is no success, and may hold what was asked all the same if a request has named it.
    pub fn may_have_been_applied(&self, user: UserIndex) -> bool {
        self.may_be_applied(user) && !self.is_success(user)
    }

    /// Users who are a success.
    pub fn successes<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIndex> + 'a {
        assignments
            .sendable_users()
            .filter(|&user| self.is_success(user))
    }

    /// Users, and bad rows, by the way they failed.
    pub fn failures(&self) -> BTreeMap<FailureKind, u64> {
        let mut failures = self.beforehand.clone();
        for stand in &self.users {
            if let UserState::Failed(kind, _) = stand {
                *failures.entry(*kind).or_default() += 1;
            }
        }
        failures
    }

    /// Good users who are pending, in the file's order.
    pub fn pending<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIndex> + Clone + 'a {
        assignments
            .sendable_users()
            .filter(|&user| self.is_pending(user))
    }

    /// Good users who are pending, or who failed for want of an answer, in the file's order.
    pub fn unavailable_or_pending<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIndex> + Clone + 'a {
        let is_unanswered = |user: &UserIndex| match self.users[user.index()] {
            UserState::Pending => true,
            UserState::Success => false,
            UserState::Failed(kind, _) => {
                matches!(kind, FailureKind::Unavailable | FailureKind::Unknown)
            }
        };
        assignments.sendable_users().filter(is_unanswered)
    }

    /// Good users who are no success, in the file's order.
    pub fn unsuccessful<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIndex> + Clone + 'a {
        assignments
            .sendable_users()
            .filter(|&user| !self.is_success(user))
    }
}
