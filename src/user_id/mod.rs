//! The identity of users: which user IDs are the same user.
//!
//! The service's user IDs are usually GUIDs, which have several spellings. Since a request replaces what a user has,
//! two spellings of one user in two requests would lose licences.

mod damage;
mod email;

pub use damage::{InvalidId, repaired, several, validate};
pub use email::{email_address, email_addresses};
use uuid::Uuid;

/// The identity of a user: two user IDs with equal keys are one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserKey<'a> {
    /// A GUID, whatever its case, braces or hyphens, as a number.
    Guid(u128),
    /// Anything else, byte for byte.
    Text(&'a str),
}

impl<'a> UserKey<'a> {
    /// The key of a user ID in a file or in a response.
    pub fn of(user_id: &'a str) -> Self {
        match guid(user_id) {
            Some(guid) => Self::Guid(guid),
            None => Self::Text(user_id),
        }
    }

    /// The user ID as requests name it: a GUID with hyphens and small letters, whatever the file's spelling.
    pub fn in_requests(self) -> String {
        match self {
            Self::Guid(guid) => Uuid::from_u128(guid).hyphenated().to_string(),
            Self::Text(text) => text.to_owned(),
        }
    }

    /// What is wrong with the user ID, if anything. A GUID is always valid.
    pub fn damage(self) -> Option<InvalidId> {
        match self {
            Self::Guid(_) => None,
            Self::Text(text) => damage::of_text(text),
        }
    }
}

/// Reads a GUID of 32 digits, with or without hyphens; braces only around hyphens.
fn guid(text: &str) -> Option<u128> {
    // These lengths exclude the URN form, which is not a user ID.
    matches!(text.len(), 32 | 36 | 38)
        .then(|| Uuid::try_parse(text).ok())
        .flatten()
        .map(|guid| guid.as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn a_guid_is_one_user_whatever_its_case_braces_or_hyphens() {
        for spelling in [
            "0F8FAD5B-D9CB-469F-A165-70867728950E",
            "{0f8fad5b-d9cb-469f-a165-70867728950e}",
            "{0F8FAD5B-d9cb-469f-a165-70867728950E}",
            "0f8fad5bd9cb469fa16570867728950e",
        ] {
            assert_eq!(UserKey::of(spelling), UserKey::of(GUID), "{spelling}");
        }
    }

    #[test]
    fn other_ids_are_one_user_only_when_equal_to_the_byte() {
        assert_ne!(UserKey::of("singer-77"), UserKey::of("Singer-77"));
        assert_eq!(UserKey::of("singer-77"), UserKey::Text("singer-77"));
        assert!(matches!(
            UserKey::of("0f8fad5b-d9cb-469f-a165-70867728950"),
            UserKey::Text(_)
        ));
    }
}
