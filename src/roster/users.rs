//! Users by identity: what grows with the file.

use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use uuid::Uuid;

use super::SkipReason;
use super::bundle_sets::{BundleSets, SetIndex};
use crate::user_id::UserKey;

/// A user's place in the order in which the file first names the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserIndex(u32);

impl UserIndex {
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub fn from_index(index: usize) -> Self {
        // Every user has a row of its own, and the reader rejects files with more rows than that.
        Self(u32::try_from(index).expect("no more users than rows"))
    }
}

/// One user of the file.
#[derive(Debug)]
pub struct User {
    id: StoredId,
    pub set: SetIndex,
    /// The line of its first row.
    pub line: u32,
    pub external: bool,
    pub skipped: Option<SkipReason>,
}

/// A user ID in the file's first spelling.
#[derive(Debug, Clone, Copy)]
enum StoredId {
    /// A GUID in its usual spelling: hyphens and small letters.
    Guid(Uuid),
    /// Any other text, by its place among the texts.
    Text(u32),
}

/// All users, found by identity or by place.
#[derive(Debug, Default)]
pub struct Users {
    users: Vec<User>,
    texts: Vec<Box<str>>,
    table: HashTable<Slot>,
    hasher: DefaultHashBuilder,
}

/// A user beside its key's hash, so that the table grows without reading users.
#[derive(Debug)]
struct Slot {
    hash: u32,
    user: UserIndex,
}

impl Users {
    pub fn len(&self) -> usize {
        self.users.len()
    }

    pub fn get(&self, user: UserIndex) -> &User {
        &self.users[user.index()]
    }

    pub fn get_mut(&mut self, user: UserIndex) -> &mut User {
        &mut self.users[user.index()]
    }

    /// The user with this ID in any spelling, if the file names it.
    pub fn find(&self, user_id: UserId<'_>) -> Option<UserIndex> {
        let key = user_id.key();
        self.find_key(self.hash(key), key)
    }

    fn hash(&self, key: UserKey<'_>) -> u32 {
        self.hasher.hash_one(key) as u32
    }

    fn find_key(&self, hash: u32, key: UserKey<'_>) -> Option<UserIndex> {
        self.find_slot(hash, |user| self.user_id(user).key() == key)
    }

    fn find_slot(&self, hash: u32, is_user: impl Fn(UserIndex) -> bool) -> Option<UserIndex> {
        let is_slot = |slot: &Slot| slot.hash == hash && is_user(slot.user);
        let slot = self.table.find(table_hash(hash), is_slot)?;
        Some(slot.user)
    }

    /// The user of each ID, if it is known. Most of the time goes into waits for memory, which overlap here: each pass
    /// reads one table, and no look-up depends on the one before it.
    pub fn find_all<'a>(
        &self,
        user_ids: impl Iterator<Item = UserId<'a>>,
    ) -> Vec<Option<UserIndex>> {
        let keys: Vec<_> = user_ids.map(UserId::key).collect();
        let hashes: Vec<_> = keys.iter().map(|&key| self.hash(key)).collect();
        let likely: Vec<_> = { hashes.iter() }
            .map(|&hash| self.find_slot(hash, |_| true))
            .collect();
        { hashes.into_iter().zip(likely).zip(keys) }
            .map(|((hash, likely), key)| match likely {
                Some(user) if self.user_id(user).key() != key => self.find_key(hash, key),
                _ => likely,
            })
            .collect()
    }

    /// The user with this ID, which is added if it is new. `line` is the row's.
    pub fn intern(&mut self, user_id: UserId<'_>, line: u32) -> UserIndex {
        let key = user_id.key();
        let hash = self.hash(key);
        if let Some(known) = self.find_key(hash, key) {
            return known;
        }
        let user = UserIndex::from_index(self.users.len());
        self.table
            .insert_unique(table_hash(hash), Slot { hash, user }, |slot| {
                table_hash(slot.hash)
            });
        let id = self.store(user_id);
        self.users.push(User {
            id,
            set: BundleSets::EMPTY,
            line,
            external: false,
            skipped: None,
        });
        user
    }

    fn store(&mut self, user_id: UserId<'_>) -> StoredId {
        match user_id {
            UserId::Guid(guid) => StoredId::Guid(Uuid::from_u128(guid)),
            UserId::Text(text) => {
                self.texts.push(text.into());
                StoredId::Text((self.texts.len() - 1) as u32)
            }
        }
    }

    /// The user ID in its first spelling.
    pub fn user_id(&self, user: UserIndex) -> UserId<'_> {
        match self.get(user).id {
            StoredId::Guid(guid) => UserId::Guid(guid.as_u128()),
            StoredId::Text(place) => UserId::Text(&self.texts[place as usize]),
        }
    }
}

/// `hashbrown` takes the place in the table from the low bits and its tag from the high bits.
fn table_hash(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// A user ID as the file first spells it. `Display` gives the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserId<'a> {
    /// A GUID in its usual spelling, hyphens and small letters, as a number.
    Guid(u128),
    /// Any other text, GUIDs in other spellings included.
    Text(&'a str),
}

impl<'a> From<&'a str> for UserId<'a> {
    fn from(text: &'a str) -> Self {
        match UserKey::of(text) {
            UserKey::Guid(guid) if is_usual_spelling(text) => Self::Guid(guid),
            _ => Self::Text(text),
        }
    }
}

impl<'a> UserId<'a> {
    pub fn key(self) -> UserKey<'a> {
        match self {
            Self::Guid(guid) => UserKey::Guid(guid),
            Self::Text(text) => UserKey::of(text),
        }
    }
}

fn is_usual_spelling(guid: &str) -> bool {
    guid.len() == uuid::fmt::Hyphenated::LENGTH
        && !guid.bytes().any(|byte| byte.is_ascii_uppercase())
}

impl fmt::Display for UserId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guid(guid) => Uuid::from_u128(*guid).hyphenated().fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hashbrown::HashMap;
    use proptest::prelude::*;

    #[test]
    fn the_first_spelling_of_each_user_is_kept() {
        let spellings = [
            "singer-77",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "1F8FAD5B-D9CB-469F-A165-70867728950E",
            "{2f8fad5b-d9cb-469f-a165-70867728950e}",
            "{3F8FAD5B-D9CB-469F-A165-70867728950E}",
            "4F8fad5b-d9cb-469f-a165-70867728950e",
            "5f8fad5bd9cb469fa16570867728950e",
            "66666666-6666-6666-6666-666666666666",
            "",
        ];
        let mut users = Users::default();
        for spelling in spellings {
            let user = users.intern(spelling.into(), 1);
            assert_eq!(users.user_id(user).to_string(), spelling);
        }
        assert_eq!(users.len(), spellings.len());
        let again = users.intern("{4f8FAD5B-D9CB-469F-A165-70867728950E}".into(), 9);
        assert_eq!(users.user_id(again).to_string(), spellings[5]);
        assert_eq!(users.len(), spellings.len());
    }

    proptest! {
        #[test]
        fn a_user_is_found_by_any_spelling_and_no_other_user_is(
            known in prop::collection::vec(id(), 0..400),
            sought in prop::collection::vec(id(), 0..40),
        ) {
            let mut users = Users::default();
            for id in &known {
                users.intern(id.as_str().into(), 1);
            }
            for id in &sought {
                let first = known.iter().find(|known| UserKey::of(known) == UserKey::of(id));
                let found = users.find(id.as_str().into()).map(|user| users.user_id(user).to_string());
                prop_assert_eq!(found.as_ref(), first);
            }
        }
    }

    #[test]
    fn users_whose_hashes_are_equal_are_distinguished() {
        let mut users = Users::default();
        let id = UserId::Guid;
        let mut by_hash = HashMap::new();
        // Of 32 bits, two are equal among some 80,000 users.
        let twins = (0..).find_map(|number| {
            let earlier = by_hash.insert(users.hash(id(number).key()), number)?;
            Some([id(earlier), id(number)])
        });
        let twins = twins.unwrap();
        let first = users.intern(twins[0], 1);
        assert_eq!(users.find_all(twins.into_iter()), [Some(first), None]);
        let second = users.intern(twins[1], 2);
        let found = users.find_all(twins.into_iter().rev());
        assert_eq!(found, [Some(second), Some(first)]);
    }

    /// One of few users, in one of its spellings.
    fn id() -> impl Strategy<Value = String> {
        let guid = |(number, spelling): (u128, usize)| {
            let guid = Uuid::from_u128(number << 60);
            match spelling {
                0 => guid.to_string(),
                1 => guid.to_string().to_uppercase(),
                2 => guid.braced().to_string(),
                _ => guid.simple().to_string(),
            }
        };
        prop_oneof!["[ab]{1,2}", (0_u128..60, 0_usize..4).prop_map(guid)]
    }

    #[test]
    fn a_user_takes_few_bytes() {
        assert!(size_of::<User>() + size_of::<Slot>() <= 40);
    }
}
