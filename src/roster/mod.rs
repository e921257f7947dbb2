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
pub use bundle_sets::{BundleSets, CodeIx, SetIx};
pub use row_error::{BadRow, Complaint, DOUBT};
use users::Users;
pub use users::{UserId, UserIx};

/// Everything that a file asks for.
#[derive(Debug)]
pub struct Roster {
    /// Every user that the file names.
    pub assignments: Assignments,
    /// Users with good codes that are not sent, and why not.
    pub withheld: Vec<(UserIx, Withheld)>,
    /// How many users can be sent.
    pub good: usize,
    /// The bad rows, in the file's order.
    pub bad_rows: Vec<BadRow>,
    /// Rows read, bad ones included, the header and blank lines not.
    pub rows: u64,
}

/// Why a user with good codes is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// Another of its rows is bad.
    BadRow,
    /// A bad row may be about it, and does not name it where user IDs stand.
    Suspected,
    /// Nobody knows what it holds, so to add to that could take something away.
    HoldingsUnknown,
    /// It holds something with the other external flag, and a request has one flag for all codes.
    HeldOtherwise,
}

impl Roster {
    /// The user is not to be sent.
    pub fn withhold(&mut self, user: UserIx, why: Withheld) {
        let withheld = &mut self.assignments.users.get_mut(user).withheld;
        if withheld.is_none() {
            *withheld = Some(why);
            self.good -= 1;
            self.withheld.push((user, why));
        }
    }
}

/// All assignments, by user.
#[derive(Debug)]
pub struct Assignments {
    users: Users,
    sets: BundleSets,
    /// All users in the order in which they are to be served, where that is not the file's.
    order: Option<Vec<UserIx>>,
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
    pub fn all_users(&self) -> impl Iterator<Item = UserIx> + Clone + use<> {
        (0..self.len()).map(UserIx::from_index)
    }

    /// The users that can be sent, in the order in which they are to be served: the file's, or that of its priorities.
    pub fn good_users(&self) -> impl Iterator<Item = UserIx> + Clone {
        let order = self.order.as_deref();
        self.all_users()
            .map(move |user| order.map_or(user, |order| order[user.index()]))
            .filter(|&user| self.users.get(user).withheld.is_none())
    }

    /// Gives the user another bundle set to hold.
    pub fn reassign(&mut self, user: UserIx, set: SetIx) {
        self.users.get_mut(user).set = set;
    }

    /// The user with this ID, in any spelling of it.
    pub fn find(&self, user_id: &str) -> Option<UserIx> {
        self.users.find(user_id)
    }

    /// The user ID in the file's first spelling.
    pub fn user_id(&self, user: UserIx) -> UserId<'_> {
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

    /// The bundle sets, to be added to.
    pub fn sets_mut(&mut self) -> &mut BundleSets {
        &mut self.sets
    }
}

#[cfg(test)]
pub mod tests;
