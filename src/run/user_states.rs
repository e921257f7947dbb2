//! How every user stands: pending, a success, or failed in some way.

use std::collections::BTreeMap;

use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::roster::{Assignments, UserIx};

/// How every user of a roster stands, as far as it is recorded.
#[derive(Debug)]
pub struct Standing {
    users: Vec<Stand>,
    /// Bad rows and withheld users: known before anything is sent.
    beforehand: BTreeMap<FailureKind, u64>,
    /// Successes without a request, since the users held what they shall hold.
    held_already: u64,
    /// A failure was recorded of somebody who was decided again later.
    has_overruled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Pending,
    Success,
    Failed(FailureKind, Applied),
}

impl Standing {
    /// Everyone is pending.
    pub fn new(users: usize) -> Self {
        Self {
            users: vec![Stand::Pending; users],
            beforehand: BTreeMap::new(),
            held_already: 0,
            has_overruled: false,
        }
    }

    pub fn note_beforehand(&mut self, kind: FailureKind) {
        *self.beforehand.entry(kind).or_default() += 1;
    }

    pub fn note_success(&mut self, user: UserIx, was_sent: bool) {
        self.held_already += u64::from(!was_sent);
        self.stand(user, Stand::Success);
    }

    /// `applied`: as far as it is known.
    pub fn note_failure(&mut self, user: UserIx, kind: FailureKind, applied: Applied) {
        self.stand(user, Stand::Failed(kind, applied));
    }

    /// Takes note of a decision that has been recorded. Gives the failures that it overrules.
    pub fn note(&mut self, decision: &Decision) -> Vec<FailureKind> {
        let mut overruled = Vec::new();
        for &user in &decision.users {
            if let Stand::Failed(kind, _) = self.users[user.index()] {
                overruled.push(kind);
            }
            match &decision.outcome {
                Outcome::Success { .. } => self.note_success(user, decision.attempts > 0),
                Outcome::Failure { kind, .. } => self.note_failure(user, *kind, decision.applied),
            }
        }
        overruled
    }

    fn stand(&mut self, user: UserIx, now: Stand) {
        let before = std::mem::replace(&mut self.users[user.index()], now);
        self.has_overruled |= matches!(before, Stand::Failed(..));
    }

    /// Whether the failure file holds a record that a later one has overruled.
    pub fn has_overruled(&self) -> bool {
        self.has_overruled
    }

    /// Whether the user is neither a success nor failed.
    pub fn is_pending(&self, user: UserIx) -> bool {
        self.users[user.index()] == Stand::Pending
    }

    /// Whether the user is a success.
    pub fn is_success(&self, user: UserIx) -> bool {
        self.users[user.index()] == Stand::Success
    }

    /// Successes without a request.
    pub fn held_already(&self) -> u64 {
        self.held_already
    }

    /// Whether the service has confirmed somebody.
    pub fn has_confirmed(&self) -> bool {
        let successes = self.users.iter().filter(|stand| **stand == Stand::Success);
        successes.count() as u64 > self.held_already
    }

    /// Whether the user may hold what was asked, if a request has named it: everyone but those who were surely refused.
    pub fn may_be_applied(&self, user: UserIx) -> bool {
        !matches!(self.users[user.index()], Stand::Failed(_, Applied::No))
    }

    /// Whether the user is no success, and may hold what was asked all the same if a request has named it.
    pub fn is_open(&self, user: UserIx) -> bool {
        self.may_be_applied(user) && !self.is_success(user)
    }

    /// Users who are a success.
    pub fn successes<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIx> + 'a {
        assignments
            .good_users()
            .filter(|&user| self.is_success(user))
    }

    /// Users, and bad rows, by the way they failed.
    pub fn failures(&self) -> BTreeMap<FailureKind, u64> {
        let mut failures = self.beforehand.clone();
        for stand in &self.users {
            if let Stand::Failed(kind, _) = stand {
                *failures.entry(*kind).or_default() += 1;
            }
        }
        failures
    }

    /// Good users who are pending, in the file's order.
    pub fn pending<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIx> + Clone + 'a {
        assignments
            .good_users()
            .filter(|&user| self.is_pending(user))
    }

    /// Good users who are pending, or who failed for want of an answer, in the file's order.
    pub fn unanswered<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIx> + Clone + 'a {
        let is_unanswered = |user: &UserIx| match self.users[user.index()] {
            Stand::Pending => true,
            Stand::Success => false,
            Stand::Failed(kind, _) => {
                matches!(kind, FailureKind::Unavailable | FailureKind::Unknown)
            }
        };
        assignments.good_users().filter(is_unanswered)
    }

    /// Good users who are no success, in the file's order.
    pub fn without_success<'a>(
        &'a self,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = UserIx> + Clone + 'a {
        assignments
            .good_users()
            .filter(|&user| !self.is_success(user))
    }
}
