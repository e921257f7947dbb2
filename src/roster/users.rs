//! Users by identity, packed: the one thing in memory that grows with the file.

use std::fmt;
use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use uuid::Uuid;
use uuid::fmt::Braced;

use super::SkipReason;
use super::bundle_sets::{BundleSets, SetIndex};
use super::chunks::Chunks;
use super::index::Index;
use crate::user_id::UserKey;

/// A user's place in the order in which the file first names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserIndex(u32);

impl UserIndex {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub fn from_index(index: usize) -> Self {
        // Every user has a row of its own, and the reader refuses files of more rows than that.
        Self(u32::try_from(index).expect("no more users than rows"))
    }
}

/// How a user ID was written, so that its first spelling can be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Not a GUID: `id` says where the text stands.
    Text,
    /// A GUID written in no usual form: `id` says where the text stands.
    GuidAsText,
    Guid(GuidForm),
}

/// The usual forms of a GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GuidForm {
    Lower,
    Upper,
    BracedLower,
    BracedUpper,
}

/// How the good rows of a user name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    Id,
    Email,
}

/// What is known of one user.
#[derive(Debug)]
pub struct User {
    /// A GUID, or offset and length of the text.
    id: [u8; 16],
    pub set: SetIndex,
    pub line: u32,
    /// The line of its first good row, once it has one.
    pub good_line: u32,
    spelling: Spelling,
    pub named_by: NamedBy,
    pub external: bool,
    pub withheld: Option<SkipReason>,
}

/// All users, found by identity or by place.
#[derive(Debug, Default)]
pub struct Users {
    users: Chunks<User>,
    texts: String,
    /// By part of their keys' hashes, so that neither a look-up that misses nor growth reads users.
    index: Index,
    hasher: DefaultHashBuilder,
}

impl Users {
    pub fn len(&self) -> usize {
        self.users.len()
    }

    pub fn get(&self, user: UserIndex) -> &User {
        self.users.get(user.index())
    }

    pub fn get_mut(&mut self, user: UserIndex) -> &mut User {
        self.users.get_mut(user.index())
    }

    /// The user with this ID, if it has been met.
    pub fn find(&self, user_id: &str) -> Option<UserIndex> {
        let key = UserKey::of(user_id);
        self.find_key(self.hash_of(key), key)
    }

    fn hash_of(&self, key: UserKey<'_>) -> u32 {
        self.hasher.hash_one(key) as u32
    }

    fn find_key(&self, hash: u32, key: UserKey<'_>) -> Option<UserIndex> {
        let mut likely = self.index.find(hash);
        likely.find(|&user| has_key(self.get(user), key, &self.texts))
    }

    /// The users with these keys, where they are known. To look up many at once takes the processor a few waits for memory,
    /// and not a few for each.
    pub fn find_all<'a>(&self, keys: impl Iterator<Item = UserKey<'a>>) -> Vec<Option<UserIndex>> {
        let sought: Vec<_> = keys.map(|key| (self.hash_of(key), key)).collect();
        self.index.fetch(sought.iter().map(|(hash, _)| *hash));
        // Then the index alone: a user that has the hash almost always has the key.
        let likely = sought.iter().map(|(hash, _)| self.index.find(*hash).next());
        let likely: Vec<_> = likely.collect();
        let found = sought.into_iter().zip(likely).map(|((hash, key), likely)| {
            match has_key(self.get(likely?), key, &self.texts) {
                true => likely,
                false => self.find_key(hash, key),
            }
        });
        found.collect()
    }

    /// The user with this ID, which is added where it is not known. `key` is the ID's.
    pub fn intern(&mut self, user_id: &str, key: UserKey<'_>, line: u32) -> UserIndex {
        let hash = self.hash_of(key);
        if let Some(known) = self.find_key(hash, key) {
            return known;
        }
        let user = UserIndex::from_index(self.users.len());
        self.index.add(hash, user);
        let (id, spelling) = pack(user_id, key, &mut self.texts);
        self.users.push(User {
            id,
            set: BundleSets::EMPTY,
            line,
            good_line: line,
            spelling,
            named_by: NamedBy::Id,
            external: false,
            withheld: None,
        });
        user
    }

    /// The user ID in its first spelling.
    pub fn user_id(&self, user: UserIndex) -> UserId<'_> {
        let user = self.get(user);
        match user.spelling {
            Spelling::Text | Spelling::GuidAsText => {
                UserId(Spelt::Text(text_at(&self.texts, user.id)))
            }
            Spelling::Guid(form) => {
                let guid = Uuid::from_u128(u128::from_ne_bytes(user.id));
                UserId(Spelt::Guid(guid, form))
            }
        }
    }
}

/// A user ID as it was first written. A GUID is kept as a number, so it becomes a text only by
/// [`encode`](Self::encode) or by being displayed.
#[derive(Debug, Clone, Copy)]
pub struct UserId<'a>(Spelt<'a>);

#[derive(Debug, Clone, Copy)]
enum Spelt<'a> {
    Text(&'a str),
    Guid(Uuid, GuidForm),
}

impl<'a> UserId<'a> {
    /// Room for any GUID.
    pub const fn encode_buffer() -> [u8; Braced::LENGTH] {
        [0; Braced::LENGTH]
    }

    /// The text. If it is a GUID's, it stands in the buffer.
    pub fn encode<'b>(self, buffer: &'b mut [u8; Braced::LENGTH]) -> &'b str
    where
        'a: 'b,
    {
        match self.0 {
            Spelt::Text(text) => text,
            Spelt::Guid(guid, form) => match form {
                GuidForm::Lower => guid.hyphenated().encode_lower(buffer),
                GuidForm::Upper => guid.hyphenated().encode_upper(buffer),
                GuidForm::BracedLower => guid.braced().encode_lower(buffer),
                GuidForm::BracedUpper => guid.braced().encode_upper(buffer),
            },
        }
    }
}

impl fmt::Display for UserId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut UserId::encode_buffer()))
    }
}

/// An ID as a user holds it, and how it was written. Its text is added to the texts where it does not fit.
fn pack(user_id: &str, key: UserKey<'_>, texts: &mut String) -> ([u8; 16], Spelling) {
    let as_text = match key {
        UserKey::Text(_) => Spelling::Text,
        UserKey::Guid(guid) => match guid_form(user_id) {
            Some(form) => return (guid.to_ne_bytes(), Spelling::Guid(form)),
            None => Spelling::GuidAsText,
        },
    };
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(texts.len() as u64).to_le_bytes());
    id[8..].copy_from_slice(&(user_id.len() as u64).to_le_bytes());
    texts.push_str(user_id);
    (id, as_text)
}

fn has_key(user: &User, key: UserKey<'_>, texts: &str) -> bool {
    match (user.spelling, key) {
        (Spelling::Text, UserKey::Text(text)) => text_at(texts, user.id) == text,
        (Spelling::GuidAsText, UserKey::Guid(_)) => UserKey::of(text_at(texts, user.id)) == key,
        (Spelling::Guid(_), UserKey::Guid(guid)) => user.id == guid.to_ne_bytes(),
        (Spelling::Text, UserKey::Guid(_)) | (_, UserKey::Text(_)) => false,
    }
}

/// The form of a GUID's text, if it is a usual one.
fn guid_form(guid: &str) -> Option<GuidForm> {
    let upper = guid.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = guid.bytes().any(|byte| byte.is_ascii_lowercase());
    Some(match (guid.len(), upper, lower) {
        (36, false, _) => GuidForm::Lower,
        (36, true, false) => GuidForm::Upper,
        (38, false, _) => GuidForm::BracedLower,
        (38, true, false) => GuidForm::BracedUpper,
        _ => return None,
    })
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
    use proptest::prelude::*;

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
            let user = users.intern(spelling, UserKey::of(spelling), 1);
            assert_eq!(users.user_id(user).to_string(), spelling);
        }
        assert_eq!(users.len(), spellings.len());
        let again = users.intern(
            "{4f8FAD5B-D9CB-469F-A165-70867728950E}",
            UserKey::of("{4f8FAD5B-D9CB-469F-A165-70867728950E}"),
            9,
        );
        assert_eq!(users.user_id(again).to_string(), spellings[5]);
        assert_eq!(users.len(), spellings.len());
    }

    proptest! {
        /// However many are looked up at once, each is found as it would be alone.
        #[test]
        fn who_is_looked_up_among_many_is_who_is_looked_up_alone(
            known in prop::collection::vec(id(), 0..40),
            sought in prop::collection::vec(id(), 0..40),
        ) {
            let mut users = Users::default();
            for id in &known {
                users.intern(id, UserKey::of(id), 1);
            }
            let found = users.find_all(sought.iter().map(|id| UserKey::of(id)));
            let alone: Vec<_> = sought.iter().map(|id| users.find(id)).collect();
            prop_assert_eq!(&found, &alone);
            for (id, user) in sought.iter().zip(found) {
                let same = known.iter().any(|known| UserKey::of(known) == UserKey::of(id));
                prop_assert_eq!(user.is_some(), same);
            }
        }
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
        prop_oneof!["[ab]{1,2}", (0_u128..6, 0_usize..4).prop_map(guid)]
    }

    #[test]
    fn a_user_costs_few_bytes() {
        assert!(size_of::<User>() <= 32);
    }
}
