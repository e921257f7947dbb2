//! What the roster's users hold before the run, and what becomes of it.

use hashbrown::HashMap;

use serde::{Deserialize, Serialize};

use crate::roster::{BundleSets, Roster, SetIndex, SkipReason, UserIndex};

/// What becomes of the codes that a user holds and the file does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The user loses them: it comes to hold exactly what the file says.
    #[default]
    Replace,
    Add,
}

/// What a user holds whom the file of holdings does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbsentUsers {
    /// Nobody knows: the file may be of a part of the users.
    #[default]
    Unknown,
    /// Nothing: the file is of everyone who holds something.
    #[serde(rename = "holds-nothing")]
    HaveNone,
}

/// What one user holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLicenses {
    pub set: SetIndex,
    /// Whether the licences come from an external provider.
    pub external: bool,
}

/// What each user of a roster holds before the run, as far as a file says.
#[derive(Debug)]
pub struct CurrentLicenses {
    held: Vec<Option<UserLicenses>>,
}

impl CurrentLicenses {
    /// Looks up what the users of `roster` hold, by the roster of a file that says so.
    pub fn find(roster: &mut Roster, current: &Roster, absent: AbsentUsers) -> Self {
        let if_absent = match absent {
            AbsentUsers::Unknown => None,
            AbsentUsers::HaveNone => Some(UserLicenses {
                set: BundleSets::EMPTY,
                external: false,
            }),
        };
        let mut sets_here: HashMap<SetIndex, SetIndex> = HashMap::new();
        let users = roster.assignments.users();
        let held = users.map(|user| {
            let theirs = &current.assignments;
            let found = theirs.find(roster.assignments.user_id(user));
            found.map_or(if_absent, |found| {
                let set = theirs.set(found);
                let sets = roster.assignments.sets_mut();
                let here = sets_here
                    .entry(set)
                    .or_insert_with(|| sets.intern(theirs.sets().codes(set)));
                Some(UserLicenses {
                    set: *here,
                    external: theirs.external(found),
                })
            })
        });
        Self {
            held: held.collect(),
        }
    }

    /// What the user holds, if that is known.
    pub fn of(&self, user: UserIndex) -> Option<UserLicenses> {
        self.held[user.index()]
    }

    /// Lets every user keep what it holds. Whoever cannot be given more without a risk to that is withheld.
    pub fn keep(&self, roster: &mut Roster) {
        let users: Vec<_> = roster.assignments.sendable_users().collect();
        for user in users {
            let all = &mut roster.assignments;
            match self.of(user) {
                None => roster.skip(user, SkipReason::CurrentUnknown),
                Some(held) if held.set == BundleSets::EMPTY => {}
                Some(held) if held.external != all.external(user) => {
                    roster.skip(user, SkipReason::OtherExternalFlag);
                }
                Some(held) => {
                    let wanted = all.set(user);
                    let set = all.sets_mut().union(wanted, held.set);
                    all.reassign(user, set);
                }
            }
        }
    }
}
