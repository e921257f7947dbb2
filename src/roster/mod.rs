//! What a file asks for: one assignment for each user, and the rows that ask for nothing sound.

mod assemble;
mod builder;
mod bundle_sets;
mod chunks;
mod index;
mod row_error;
mod users;
mod validate;
mod validated;

pub use builder::RosterBuilder;
pub use bundle_sets::{BundleSets, CodeIndex, SetIndex};
pub use row_error::{BAD_ROW_MARK, BadRow, RowError};
use users::Users;
pub use users::{UserId, UserIndex};

/// Everything that a file asks for.
#[derive(Debug)]
pub struct Roster {
    pub assignments: Assignments,
    /// Users with good codes that are not sent, and why not.
    pub skipped: Vec<(UserIndex, SkipReason)>,
    pub sendable_count: usize,
    /// The bad rows, in the file's order.
    pub bad_rows: Vec<BadRow>,
    /// Rows read, bad ones included, the header and blank lines not.
    pub rows: u64,
}

/// Why a user with good codes is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    BadRow,
    /// A bad row may be about it, and does not name it where user IDs stand.
    PossiblyBadRow,
    /// Nobody knows what it holds, so to add to that could take something away.
    CurrentUnknown,
    /// It holds something with the other external flag, and a request has one flag for all codes.
    OtherExternalFlag,
}

impl Roster {
    /// The user is not to be sent.
    pub fn withhold(&mut self, user: UserIndex, why: SkipReason) {
        let withheld = &mut self.assignments.users.get_mut(user).withheld;
        if withheld.is_none() {
            *withheld = Some(why);
            self.sendable_count -= 1;
            self.skipped.push((user, why));
        }
    }
}

/// All assignments, by user.
#[derive(Debug)]
pub struct Assignments {
    users: Users,
    sets: BundleSets,
    /// All users in the order in which they are to be served, where that is not the file's.
    order: Option<Vec<UserIndex>>,
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

    /// Every user, bad rows' included, in the order in which the file names them.
    pub fn users(&self) -> impl Iterator<Item = UserIndex> + Clone + use<> {
        (0..self.len()).map(UserIndex::from_index)
    }

    /// The users that can be sent, in the order in which they are to be served: the file's, or that of its priorities.
    pub fn sendable_users(&self) -> impl Iterator<Item = UserIndex> + Clone {
        let order = self.order.as_deref();
        self.users()
            .map(move |user| order.map_or(user, |order| order[user.index()]))
            .filter(|&user| self.users.get(user).withheld.is_none())
    }

    /// Gives the user another bundle set to hold.
    pub fn reassign(&mut self, user: UserIndex, set: SetIndex) {
        self.users.get_mut(user).set = set;
    }

    /// The user with this ID, in any spelling of it.
    pub fn find(&self, user_id: &str) -> Option<UserIndex> {
        self.users.find(user_id)
    }

    /// The user ID in the file's first spelling.
    pub fn user_id(&self, user: UserIndex) -> UserId<'_> {
        self.users.user_id(user)
    }

    /// The bundle set that the user shall hold.
    pub fn set(&self, user: UserIndex) -> SetIndex {
        self.users.get(user).set
    }

    /// Whether the user's licence comes from an external provider.
    pub fn external(&self, user: UserIndex) -> bool {
        self.users.get(user).external
    }

    /// The line of the user's first row, from 1.
    pub fn line(&self, user: UserIndex) -> u32 {
        self.users.get(user).line
    }

    /// The bundle sets.
    pub fn sets(&self) -> &BundleSets {
        &self.sets
    }

    /// The bundle sets, to be added to.
    pub fn sets_mut(&mut self) -> &mut BundleSets {
        &mut self.sets
    }
}

#[cfg(test)]
pub mod tests;
