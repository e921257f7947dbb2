//! Current licences: what the roster's users have before the run.

use std::collections::HashSet;

use hashbrown::HashMap;

use serde::{Deserialize, Serialize};

use crate::roster::{BundleSets, Roster, SetIndex, SkipReason, UserIndex};

/// What happens to codes that a user has and the file does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The user loses them, and ends with exactly the codes of the file.
    #[default]
    Replace,
    /// The user keeps them.
    Add,
}

/// What users have that the file of current licences does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbsentUsers {
    /// Unknown: the file may list only some users.
    #[default]
    Unknown,
    /// Nothing: the file lists all users with licences.
    #[serde(rename = "holds-nothing")]
    HaveNone,
}

/// A file of current licences, or the service's answer.
#[derive(Debug)]
pub struct CurrentTable {
    pub roster: Roster,
    pub absent: AbsentUsers,
    /// Users of the table whose licences come from a group.
    pub inherited: HashSet<UserIndex>,
}

impl CurrentTable {
    pub fn new(roster: Roster, absent: AbsentUsers) -> Self {
        Self {
            roster,
            absent,
            inherited: HashSet::new(),
        }
    }
}

/// What one user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLicenses {
    pub set: SetIndex,
    /// Whether the licences come from an external provider.
    pub external: bool,
    /// Whether they come from a group: a direct allocation may replace them.
    pub is_inherited: bool,
}

/// What each user of a roster has before the run, as far as it is known.
#[derive(Debug)]
pub struct CurrentLicenses {
    by_user: Vec<Option<UserLicenses>>,
}

impl CurrentLicenses {
    /// Looks up the users of `roster` in a table of current licences.
    pub fn find(roster: &mut Roster, current: &CurrentTable) -> Self {
        let if_absent = match current.absent {
            AbsentUsers::Unknown => None,
            AbsentUsers::HaveNone => Some(UserLicenses {
                set: BundleSets::EMPTY,
                external: false,
                is_inherited: false,
            }),
        };
        let mut own_sets: HashMap<SetIndex, SetIndex> = HashMap::new();
        let users = roster.assignments.users();
        let by_user = users.map(|user| {
            let theirs = &current.roster.assignments;
            let found = theirs.find(roster.assignments.user_id(user));
            found.map_or(if_absent, |found| {
                let set = theirs.set(found);
                let sets = roster.assignments.sets_mut();
                let own_set = own_sets
                    .entry(set)
                    .or_insert_with(|| sets.intern(theirs.sets().codes(set)));
                Some(UserLicenses {
                    set: *own_set,
                    external: theirs.external(found),
                    is_inherited: current.inherited.contains(&found),
                })
            })
        });
        Self {
            by_user: by_user.collect(),
        }
    }

    /// What the user has, if that is known.
    pub fn of(&self, user: UserIndex) -> Option<UserLicenses> {
        self.by_user[user.index()]
    }

    /// Adds what every user has to what it should have. Users that could lose something by that are skipped.
    pub fn keep_current(&self, roster: &mut Roster) {
        let users: Vec<_> = roster.assignments.sendable_users().collect();
        for user in users {
            let all = &mut roster.assignments;
            if all.removal(user).is_some() {
                continue;
            }
            match self.of(user) {
                None => roster.skip(user, SkipReason::CurrentUnknown),
                Some(current) if current.set == BundleSets::EMPTY => {}
                Some(current) if current.external != all.external(user) => {
                    roster.skip(user, SkipReason::OtherExternalFlag);
                }
                Some(current) => {
                    let requested = all.set(user);
                    let set = all.sets_mut().union(requested, current.set);
                    all.reassign(user, set);
                }
            }
        }
    }
}
