//! Batches: a roster cut into requests.

use std::num::NonZeroUsize;
use std::ops::Range;

use crate::roster::{Assignments, SetIndex, UserIndex};

/// What all users of a batch have in common: a request names codes and flag once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchGroup {
    pub set: SetIndex,
    pub external: bool,
}

impl BatchGroup {
    fn of(assignments: &Assignments, user: UserIndex) -> Self {
        Self {
            set: assignments.set(user),
            external: assignments.external(user),
        }
    }
}

/// The number of users in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSize {
    pub group: BatchGroup,
    pub users: usize,
}

impl GroupSize {
    /// The number of requests for these users.
    pub fn requests(self, batch_size: NonZeroUsize) -> usize {
        self.users.div_ceil(batch_size.get())
    }
}

/// The sizes of a plan's groups, without the plan. They are in the order of their first users.
pub fn group_sizes(
    assignments: &Assignments,
    users: impl Iterator<Item = UserIndex>,
) -> Vec<GroupSize> {
    Groups::of(assignments, users).sizes
}

struct Groups {
    sizes: Vec<GroupSize>,
    /// The indices by set, without and with the external flag.
    places: Vec<[Option<GroupIndex>; 2]>,
}

impl Groups {
    fn of(assignments: &Assignments, users: impl Iterator<Item = UserIndex>) -> Self {
        let mut sizes: Vec<GroupSize> = Vec::new();
        let mut places = vec![[None; 2]; assignments.sets().iter().len()];
        for user in users {
            let group = BatchGroup::of(assignments, user);
            let place: &mut Option<GroupIndex> =
                &mut places[group.set.index()][usize::from(group.external)];
            let place = *place.get_or_insert_with(|| {
                sizes.push(GroupSize { group, users: 0 });
                GroupIndex::from_index(sizes.len() - 1)
            });
            sizes[place.index()].users += 1;
        }
        Self { sizes, places }
    }

    /// The index of a group with users.
    fn place(&self, group: BatchGroup) -> GroupIndex {
        let place = self.places[group.set.index()][usize::from(group.external)];
        place.expect("the same users as before")
    }
}

/// A group's place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupIndex(u32);

impl GroupIndex {
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("a group needs a user of its own"))
    }
}

/// Users of one group that are sent in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub group: GroupIndex,
    users: Range<usize>,
}

/// The batches of a roster. Their number is the lower bound: for each group, its users divided by the batch size,
/// rounded up.
#[derive(Debug)]
pub struct Plan {
    groups: Vec<BatchGroup>,
    /// Users by group, in the given order within each.
    users: Vec<UserIndex>,
    batches: Vec<Batch>,
}

impl Plan {
    /// Plans users in the given order. Batches are in the order of their first users.
    pub fn new(
        assignments: &Assignments,
        to_send: impl Iterator<Item = UserIndex> + Clone,
        batch_size: NonZeroUsize,
    ) -> Self {
        let groups = Groups::of(assignments, to_send.clone());

        // A counting sort: where each group's users stand, then each user to its place.
        let mut end = 0;
        let mut places: Vec<Range<usize>> = groups
            .sizes
            .iter()
            .map(|size| {
                end += size.users;
                end - size.users..end
            })
            .collect();
        let mut users = vec![UserIndex::from_index(0); end];
        let mut batches = Vec::new();
        for user in to_send {
            let group = groups.place(BatchGroup::of(assignments, user));
            let left = &mut places[group.index()];
            let before = groups.sizes[group.index()].users - left.len();
            if before % batch_size == 0 {
                batches.push(Batch {
                    group,
                    users: left.start..left.end.min(left.start + batch_size.get()),
                });
            }
            users[left.start] = user;
            left.start += 1;
        }
        Self {
            groups: groups.sizes.into_iter().map(|size| size.group).collect(),
            users,
            batches,
        }
    }

    /// What a group's users have in common.
    pub fn group(&self, group: GroupIndex) -> BatchGroup {
        self.groups[group.index()]
    }

    /// The groups, by their first user.
    pub fn groups(&self) -> &[BatchGroup] {
        &self.groups
    }

    /// The batches, in order.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// A batch's users, in the order in which they were given.
    pub fn users(&self, batch: &Batch) -> &[UserIndex] {
        &self.users[batch.users.clone()]
    }
}

#[cfg(test)]
mod tests {
    use hashbrown::HashMap;

    use super::*;
    use crate::roster::tests::roster;
    use proptest::prelude::*;

    /// Users with the given bundle sets, as bits over four codes.
    fn assignments(sets: &[(u8, bool)]) -> Assignments {
        let mut file = String::from("userId,codes,external\n");
        for (number, (set, external)) in sets.iter().enumerate() {
            let codes: Vec<_> = ["IDU", "PMD", "ATTUNU", "TSTNU"]
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| set & (1 << bit) != 0)
                .map(|(_, code)| code)
                .collect();
            file.push_str(&format!("u{number},{},{external}\n", codes.join(";")));
        }
        roster(&file).assignments
    }

    proptest! {
        #[test]
        fn every_user_travels_once_in_as_few_requests_as_can_be(
            sets in prop::collection::vec((1_u8..16, any::<bool>()), 0..200),
            batch_size in 1_usize..20,
        ) {
            let assignments = assignments(&sets);
            let plan = Plan::new(&assignments, assignments.sendable_users(), NonZeroUsize::new(batch_size).unwrap());

            let mut counts: HashMap<(u8, bool), usize> = HashMap::new();
            for &set in &sets {
                *counts.entry(set).or_default() += 1;
            }
            let fewest: usize = counts.values().map(|users| users.div_ceil(batch_size)).sum();
            prop_assert_eq!(plan.batches().len(), fewest);

            let mut sent = Vec::new();
            let mut last_first = None;
            for batch in plan.batches() {
                let users = plan.users(batch);
                prop_assert!(users.len() <= batch_size && users.is_sorted());
                prop_assert!(last_first < users.first());
                last_first = users.first();
                let group = plan.group(batch.group);
                for &user in users {
                    prop_assert_eq!(assignments.set(user), group.set);
                    prop_assert_eq!(assignments.external(user), group.external);
                }
                sent.extend_from_slice(users);
            }
            sent.sort_unstable();
            prop_assert_eq!(sent, assignments.sendable_users().collect::<Vec<_>>());
        }
    }
}
