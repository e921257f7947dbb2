//! What a file asks for: one assignment for each user, and the rows that ask for nothing sound.

mod bad_row;
mod builder;
mod bundle_sets;
mod users;

use std::borrow::Cow;

pub use bad_row::{BadRow, Complaint, DOUBT};
pub use builder::RosterBuilder;
pub use bundle_sets::{BundleSets, CodeIx, SetIx};
pub use users::UserIx;
use users::Users;

/// Everything that a file asks for.
#[derive(Debug)]
pub struct Roster {
    /// Every user that the file names.
    pub assignments: Assignments,
    /// Users with good codes that are not sent, since another of their rows is bad; in the file's order.
    pub withheld: Vec<UserIx>,
    /// How many users can be sent.
    pub good: usize,
    /// The bad rows, in the file's order.
    pub bad_rows: Vec<BadRow>,
    /// Rows read, bad ones included, the header and blank lines not.
    pub rows: u64,
}

/// All assignments, by user.
#[derive(Debug)]
pub struct Assignments {
    users: Users,
    sets: BundleSets,
}

impl Assignments {
    /// Users named by the file, those of bad rows included.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether the file names no user at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The users that can be sent, in the file's order.
    pub fn good_users(&self) -> impl Iterator<Item = UserIx> + Clone {
        (0..self.len())
            .map(UserIx::from_index)
            .filter(|&user| !self.users.get(user).withheld)
    }

    /// The user with this ID, in any spelling of it.
    pub fn find(&self, user_id: &str) -> Option<UserIx> {
        self.users.find(user_id)
    }

    /// The user ID in the file's first spelling.
    pub fn user_id(&self, user: UserIx) -> Cow<'_, str> {
        self.users.user_id(user)
    }

    /// The bundle set that the user shall hold.
    pub fn set(&self, user: UserIx) -> SetIx {
        self.users.get(user).set
    }

    /// Whether the user's licence comes from an external provider.
    pub fn external(&self, user: UserIx) -> bool {
        self.users.get(user).external
    }

    /// The line of the user's first row, from 1.
    pub fn line(&self, user: UserIx) -> u32 {
        self.users.get(user).line
    }

    /// The bundle sets.
    pub fn sets(&self) -> &BundleSets {
        &self.sets
    }
}

#[cfg(test)]
mod tests;
