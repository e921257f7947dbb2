//! A set of users of one roster.

use crate::roster::{Assignments, UserIndex};

/// The users that a file names.
pub struct UserSet(Vec<bool>);

impl UserSet {
    pub fn empty(assignments: &Assignments) -> Self {
        Self(vec![false; assignments.len()])
    }

    pub fn contains(&self, user: UserIndex) -> bool {
        self.0[user.index()]
    }

    pub fn insert(&mut self, user: UserIndex) {
        self.0[user.index()] = true;
    }

    /// The users that are not in the set, in their order.
    pub fn missing(&self, users: &[UserIndex]) -> Vec<UserIndex> {
        let users = users.iter().copied();
        users.filter(|&user| !self.contains(user)).collect()
    }
}

impl Extend<UserIndex> for UserSet {
    fn extend<T: IntoIterator<Item = UserIndex>>(&mut self, users: T) {
        for user in users {
            self.insert(user);
        }
    }
}
