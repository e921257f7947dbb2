//! The roster of a file: one assignment for each user, and the bad rows.

mod assemble;
mod builder;
mod bundle_sets;
mod row_error;
mod users;
mod validate;
mod validated;

pub use builder::RosterBuilder;
pub use bundle_sets::{BundleSets, CodeIndex, SetIndex};
#[cfg(test)]
pub use row_error::samples;
pub use row_error::{BAD_ROW_MARK, BadRow, RowError};
use users::Users;
pub use users::{UserId, UserIndex};
pub use validate::{RowOptions, check_same_codes};

use hashbrown::HashMap;

use crate::catalog::Removal;

/// Everything that a file requests.
#[derive(Debug)]
pub struct Roster {
    pub assignments: Assignments,
    /// Users with good codes that are not sent, and why not.
    pub skipped: Vec<(UserIndex, SkipReason)>,
    pub sendable_count: usize,
    /// The bad rows, in the file's order.
    pub bad_rows: Vec<BadRow>,
    /// Rows read, bad ones included, without the header and blank lines.
    pub rows: u64,
}

/// Why a user with good codes is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    BadRow,
    /// A bad row may be about the user, without naming it in the user column.
    PossiblyBadRow,
    /// What the user has is unknown, so adding to it could take something away.
    CurrentUnknown,
    /// The user has licences with the other external flag, and a request has one flag for all codes.
    OtherExternalFlag,
}

impl Roster {
    /// Excludes a user from sending. The first reason counts.
    pub fn skip(&mut self, user: UserIndex, reason: SkipReason) {
        let skipped = &mut self.assignments.users.get_mut(user).skipped;
        if skipped.is_none() {
            *skipped = Some(reason);
            self.sendable_count -= 1;
            self.skipped.push((user, reason));
        }
    }
}

/// All assignments, by user.
#[derive(Debug)]
pub struct Assignments {
    users: Users,
    sets: BundleSets,
    /// The e-mail addresses by which the file names users.
    emails: HashMap<UserIndex, Box<str>>,
    /// All users in the order of their priorities, if the file has any.
    order: Option<Vec<UserIndex>>,
}

impl Assignments {
    /// The number of users in the file, those of bad rows included.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether the file names no user.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every user, those of bad rows included, in the file's order.
    pub fn users(&self) -> impl Iterator<Item = UserIndex> + Clone + use<> {
        (0..self.len()).map(UserIndex::from_index)
    }

    /// The users that can be sent, in the order of their priorities or else of the file.
    pub fn sendable_users(&self) -> impl Iterator<Item = UserIndex> + Clone {
        let order = self.order.as_deref();
        self.users()
            .map(move |user| order.map_or(user, |order| order[user.index()]))
            .filter(|&user| self.users.get(user).skipped.is_none())
    }

    /// Assigns another bundle set to the user.
    pub fn reassign(&mut self, user: UserIndex, set: SetIndex) {
        self.users.get_mut(user).set = set;
    }

    /// What takes everything from a user, if its rows ask for that.
    pub fn removal(&self, user: UserIndex) -> Option<Removal> {
        self.sets.removal(self.set(user))
    }

    /// Whether some row takes everything from its user.
    pub fn has_removals(&self) -> bool {
        let mut sets = self.sets.iter();
        sets.any(|set| self.sets.removal(set).is_some())
    }

    /// The user with this ID, in any spelling of it.
    pub fn find<'a>(&self, user_id: impl Into<UserId<'a>>) -> Option<UserIndex> {
        self.users.find(user_id.into())
    }

    /// The e-mail address by which the file names the user, if it does.
    pub fn email(&self, user: UserIndex) -> Option<&str> {
        self.emails.get(&user).map(AsRef::as_ref)
    }

    /// The user as people know it: by e-mail address, if the file has one.
    pub fn name(&self, user: UserIndex) -> String {
        match self.email(user) {
            Some(email) => email.to_owned(),
            None => self.user_id(user).to_string(),
        }
    }

    /// The user ID as requests name it: a GUID in its usual spelling, whatever the file's.
    pub fn id_in_requests(&self, user: UserIndex) -> String {
        self.user_id(user).key().in_requests()
    }

    /// The user ID in the file's first spelling.
    pub fn user_id(&self, user: UserIndex) -> UserId<'_> {
        self.users.user_id(user)
    }

    /// The bundle set that the user should have.
    pub fn set(&self, user: UserIndex) -> SetIndex {
        self.users.get(user).set
    }

    /// Whether the user's licences come from an external provider.
    pub fn external(&self, user: UserIndex) -> bool {
        self.users.get(user).external
    }

    /// The line of the user's first row, from 1.
    pub fn line(&self, user: UserIndex) -> u32 {
        self.users.get(user).line
    }

    pub fn sets(&self) -> &BundleSets {
        &self.sets
    }

    pub fn sets_mut(&mut self) -> &mut BundleSets {
        &mut self.sets
    }
}

#[cfg(test)]
pub mod tests;
