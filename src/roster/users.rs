//! Users by identity, packed: the one thing in memory that grows with the file.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use uuid::Uuid;

use super::bundle_sets::{BundleSets, SetIx};
use crate::user_id::UserKey;

/// A user's place in the order in which the file first names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserIx(u32);

impl UserIx {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn from_index(index: usize) -> Self {
        // Every user has a row of its own, and the reader refuses files of more rows than that.
        Self(u32::try_from(index).expect("no more users than rows"))
    }
}

/// How a user ID was written, so that its first spelling can be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Not a GUID: `id` says where the text stands.
    Text,
    /// A GUID written as no other variant can: `id` says where the text stands.
    GuidAsText,
    Lower,
    Upper,
    BracedLower,
    BracedUpper,
}

/// How the good rows of a user name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedBy {
    Id,
    Email,
}

/// What is known of one user.
#[derive(Debug)]
pub(super) struct User {
    /// A GUID's bytes, or offset and length of the text.
    id: [u8; 16],
    pub(super) set: SetIx,
    /// The line of its first row.
    pub(super) line: u32,
    /// The line of its first good row, once it has one.
    pub(super) good_line: u32,
    spelling: Spelling,
    pub(super) named_by: NamedBy,
    pub(super) external: bool,
    pub(super) withheld: bool,
}

/// All users, found by identity or by place.
#[derive(Debug, Default)]
pub(super) struct Users {
    users: Vec<User>,
    texts: String,
    index: HashTable<UserIx>,
    hasher: DefaultHashBuilder,
}

impl Users {
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    pub(super) fn get(&self, user: UserIx) -> &User {
        &self.users[user.index()]
    }

    pub(super) fn get_mut(&mut self, user: UserIx) -> &mut User {
        &mut self.users[user.index()]
    }

    /// The user with this ID, if it has been met.
    pub(super) fn find(&self, user_id: &str) -> Option<UserIx> {
        let key = UserKey::of(user_id);
        self.index
            .find(self.hasher.hash_one(key), |&other| {
                key_of(&self.users, &self.texts, other) == key
            })
            .copied()
    }

    /// The user with this ID, and whether this is the first time that it is met.
    pub(super) fn intern(&mut self, user_id: &str, line: u32) -> (UserIx, bool) {
        let key = UserKey::of(user_id);
        let hash = self.hasher.hash_one(key);
        if let Some(&known) = self.index.find(hash, |&other| {
            key_of(&self.users, &self.texts, other) == key
        }) {
            return (known, false);
        }
        let user = UserIx::from_index(self.users.len());
        let (id, spelling) = self.pack(user_id, key);
        self.users.push(User {
            id,
            set: BundleSets::EMPTY,
            line,
            good_line: line,
            spelling,
            named_by: NamedBy::Id,
            external: false,
            withheld: false,
        });
        let (users, texts, hasher) = (&self.users, &self.texts, &self.hasher);
        self.index.insert_unique(hash, user, |&other| {
            hasher.hash_one(key_of(users, texts, other))
        });
        (user, true)
    }

    /// The user ID in its first spelling.
    pub(super) fn user_id(&self, user: UserIx) -> Cow<'_, str> {
        let user = self.get(user);
        let guid = Uuid::from_bytes(user.id);
        let mut buffer = [0; 38];
        let written = match user.spelling {
            Spelling::Text | Spelling::GuidAsText => {
                return Cow::Borrowed(text_at(&self.texts, user.id));
            }
            Spelling::Lower => guid.hyphenated().encode_lower(&mut buffer),
            Spelling::Upper => guid.hyphenated().encode_upper(&mut buffer),
            Spelling::BracedLower => guid.braced().encode_lower(&mut buffer),
            Spelling::BracedUpper => guid.braced().encode_upper(&mut buffer),
        };
        Cow::Owned(written.to_owned())
    }

    fn pack(&mut self, user_id: &str, key: UserKey<'_>) -> ([u8; 16], Spelling) {
        let as_text = match key {
            UserKey::Text(_) => Spelling::Text,
            UserKey::Guid(guid) => match guid_spelling(user_id) {
                Spelling::GuidAsText => Spelling::GuidAsText,
                packed => return (guid.into_bytes(), packed),
            },
        };
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(self.texts.len() as u64).to_le_bytes());
        id[8..].copy_from_slice(&(user_id.len() as u64).to_le_bytes());
        self.texts.push_str(user_id);
        (id, as_text)
    }
}

fn guid_spelling(guid: &str) -> Spelling {
    let upper = guid.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = guid.bytes().any(|byte| byte.is_ascii_lowercase());
    match (guid.len(), upper, lower) {
        (36, false, _) => Spelling::Lower,
        (36, true, false) => Spelling::Upper,
        (38, false, _) => Spelling::BracedLower,
        (38, true, false) => Spelling::BracedUpper,
        _ => Spelling::GuidAsText,
    }
}

fn key_of<'a>(users: &[User], texts: &'a str, user: UserIx) -> UserKey<'a> {
    let user = &users[user.index()];
    match user.spelling {
        Spelling::Text => UserKey::Text(text_at(texts, user.id)),
        Spelling::GuidAsText => UserKey::of(text_at(texts, user.id)),
        _ => UserKey::Guid(Uuid::from_bytes(user.id)),
    }
}

fn text_at(texts: &str, id: [u8; 16]) -> &str {
    let number = |bytes: &[u8]| {
        u64::from_le_bytes(bytes.try_into().expect("eight bytes, as they were packed")) as usize
    };
    let offset = number(&id[..8]);
    &texts[offset..offset + number(&id[8..])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_spelling_of_each_user_is_given_back() {
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
            let (user, is_new) = users.intern(spelling, 1);
            assert!(is_new);
            assert_eq!(users.user_id(user), spelling);
        }
        let (again, is_new) = users.intern("{4f8FAD5B-D9CB-469F-A165-70867728950E}", 9);
        assert!(!is_new);
        assert_eq!(users.user_id(again), spellings[5]);
    }

    #[test]
    fn a_user_costs_few_bytes() {
        assert!(size_of::<User>() <= 32);
    }
}
