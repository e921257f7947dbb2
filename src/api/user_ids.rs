//! The user IDs of a request.

use std::fmt;
use std::ops::Index;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long a GUID is, which most IDs are.
const GUID_BYTES: usize = 36;

/// A list of user IDs that costs two pieces of memory, however many they are: one text, and where each ID ends in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UserIds {
    text: String,
    ends: Vec<usize>,
}

impl UserIds {
    /// None yet, with room for so many.
    pub fn with_room_for(count: usize) -> Self {
        Self {
            text: String::with_capacity(count * GUID_BYTES),
            ends: Vec::with_capacity(count),
        }
    }

    /// Adds one.
    pub fn push(&mut self, user_id: &str) {
        self.text.push_str(user_id);
        self.ends.push(self.text.len());
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The ID at this place, if there is one.
    pub fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[begin..end])
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|place| &self[place])
    }
}

impl Index<usize> for UserIds {
    type Output = str;

    fn index(&self, place: usize) -> &str {
        self.get(place).expect("a place in the list")
    }
}

impl<T: AsRef<str>> FromIterator<T> for UserIds {
    fn from_iter<I: IntoIterator<Item = T>>(user_ids: I) -> Self {
        let user_ids = user_ids.into_iter();
        let mut all = Self::with_room_for(user_ids.size_hint().0);
        for user_id in user_ids {
            all.push(user_id.as_ref());
        }
        all
    }
}

impl Serialize for UserIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for UserIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = UserIds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of user IDs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<UserIds, A::Error> {
                let mut user_ids = UserIds::default();
                while let Some(user_id) = list.next_element::<String>()? {
                    user_ids.push(&user_id);
                }
                Ok(user_ids)
            }
        }

        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_given_back_in_its_place() {
        let written = ["singer-77", "", "Jörg"];
        let user_ids = UserIds::from_iter(written);
        assert_eq!(user_ids.iter().collect::<Vec<_>>(), written);
        assert_eq!((&user_ids[0], user_ids.get(1)), ("singer-77", Some("")));
        assert_eq!((user_ids.len(), user_ids.get(3)), (3, None));
        assert!(UserIds::default().is_empty());
    }

    #[test]
    fn a_list_is_written_as_json_and_read_again() {
        let user_ids = UserIds::from_iter(["a", "b\"c"]);
        let json = serde_json::to_string(&user_ids).unwrap();
        assert_eq!(json, r#"["a","b\"c"]"#);
        assert_eq!(serde_json::from_str::<UserIds>(&json).unwrap(), user_ids);
        assert!(serde_json::from_str::<UserIds>("[1]").is_err());
    }
}
