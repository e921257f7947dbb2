//! Finds users by part of their keys' hashes. Users with one hash stand side by side, in the order of all hashes as far as there is
//! room: to find one takes one wait for memory, and to grow is to write the same order out with wider gaps.

use std::hint::black_box;

use super::users::UserIndex;

/// An index grows part by part, so that it never stands in memory twice.
const PARTS: usize = 1 << PART_BITS;
const PART_BITS: u32 = 6;

/// How many places a part has at first.
const FEWEST: usize = 16;

/// Slots behind a part's last place.
const BEHIND: usize = 16;

/// Which users have a hash.
#[derive(Debug)]
pub struct Index(Vec<Part>);

/// The users of a range of hashes: open addressing, linear probing.
#[derive(Debug)]
struct Part {
    /// The hash, then one more than the user's place; 0 is free.
    slots: Vec<u64>,
    places: usize,
    users: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self((0..PARTS).map(|_| Part::with_places(FEWEST)).collect())
    }
}

impl Index {
    /// Has the slots of these hashes come near, all at once.
    pub fn fetch(&self, hashes: impl Iterator<Item = u32>) {
        let slots = hashes.map(|hash| {
            let part = self.part(hash);
            part.slots[part.place(hash)]
        });
        black_box(slots.fold(0, |all, slot| all ^ slot));
    }

    /// Users with a hash, those who were added first before others.
    pub fn find(&self, hash: u32) -> impl Iterator<Item = UserIndex> {
        let part = self.part(hash);
        let slots = part.slots[part.place(hash)..].iter();
        let taken = slots.take_while(|slot| **slot != 0);
        let same = taken.filter(move |slot| (**slot >> 32) as u32 == hash);
        same.map(|slot| UserIndex::from_index((*slot as u32 - 1) as usize))
    }

    /// Adds a user.
    pub fn add(&mut self, hash: u32, user: UserIndex) {
        let part = &mut self.0[part_of(hash)];
        if part.users * 2 >= part.places {
            part.grow();
        }
        part.put(u64::from(hash) << 32 | (user.index() as u64 + 1));
    }

    fn part(&self, hash: u32) -> &Part {
        &self.0[part_of(hash)]
    }
}

fn part_of(hash: u32) -> usize {
    (hash >> (u32::BITS - PART_BITS)) as usize
}

impl Part {
    fn with_places(places: usize) -> Self {
        Self {
            slots: vec![0; places + BEHIND],
            places,
            users: 0,
        }
    }

    /// Makes room: from half full to a quarter.
    fn grow(&mut self) {
        let mut wider = Self::with_places(self.places * 2);
        for &slot in self.slots.iter().filter(|slot| **slot != 0) {
            wider.put(slot);
        }
        *self = wider;
    }

    fn put(&mut self, slot: u64) {
        let place = self.place((slot >> 32) as u32);
        match self.slots[place..].iter_mut().find(|slot| **slot == 0) {
            Some(free) => *free = slot,
            // Hardly ever: so many hashes at the end of all.
            None => self.slots.push(slot),
        }
        self.users += 1;
    }

    /// Where a hash begins to be looked for: in the order of hashes.
    fn place(&self, hash: u32) -> usize {
        let within = u64::from(hash << PART_BITS);
        ((within * self.places as u64) >> u32::BITS) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn everyone_who_was_added_is_found_by_its_hash_and_nobody_else(
            hashes in prop::collection::vec(prop_oneof![any::<u32>(), 0_u32..4, u32::MAX - 3..=u32::MAX], 0..400),
            others in prop::collection::vec(any::<u32>(), 0..20),
        ) {
            let mut index = Index::default();
            for (place, &hash) in hashes.iter().enumerate() {
                index.add(hash, UserIndex::from_index(place));
            }
            for &hash in hashes.iter().chain(&others) {
                let found: Vec<_> = index.find(hash).map(UserIndex::index).collect();
                let expected = hashes.iter().enumerate().filter(|(_, other)| **other == hash);
                let expected: Vec<_> = expected.map(|(place, _)| place).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn no_part_is_more_than_half_full_and_none_takes_more_than_it_needs() {
        let mut index = Index::default();
        for place in 0..100_000_u32 {
            let hash = place.wrapping_mul(0x9e37_79b9);
            index.add(hash, UserIndex::from_index(place as usize));
            let part = index.part(hash);
            assert!(part.users * 2 <= part.places);
            assert!(part.users * 4 >= part.places || part.places == FEWEST);
        }
    }
}
