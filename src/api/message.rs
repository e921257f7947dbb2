//! The bodies of the licence API's requests and answers (API.md, "The call").

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::UserIds;

/// What is asked: every user in it shall hold every code in it, and no other.
///
/// Three keys, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AllocationRequest {
    /// The users.
    pub user_ids: UserIds,
    /// The codes that each of them shall hold.
    pub user_bundle_codes: Vec<String>,
    /// Whether the licences come from an external provider.
    pub use_external_license: bool,
}

/// What the service says that one user holds. A 200 carries an array of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allocation<'a> {
    /// The user.
    #[serde(borrow)]
    pub user_id: Cow<'a, str>,
    /// The organisation.
    #[serde(borrow, default)]
    pub organization_id: Option<Cow<'a, str>>,
    /// Whether the licences come from an external provider.
    #[serde(default)]
    pub use_external_license: Option<bool>,
    /// The codes that the user holds.
    #[serde(borrow, default, deserialize_with = "few")]
    pub user_bundle_codes: Vec<Cow<'a, str>>,
}

/// The most codes that a user can sensibly hold. More come only from an answer that means harm.
const MOST_CODES: usize = 1000;

/// Reads a list that is not absurdly long, so that an answer cannot fill the memory.
fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Code<'a>(#[serde(borrow)] Cow<'a, str>);

    struct Few;

    impl<'de> Visitor<'de> for Few {
        type Value = Vec<Cow<'de, str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST_CODES} codes")
        }

        /// `null` says that there are none.
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut codes: A) -> Result<Self::Value, A::Error> {
            let mut few = Vec::new();
            while let Some(Code(code)) = codes.next_element()? {
                if few.len() == MOST_CODES {
                    return Err(A::Error::invalid_length(MOST_CODES + 1, &self));
                }
                few.push(code);
            }
            Ok(few)
        }
    }

    deserializer.deserialize_any(Few)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// That these users shall hold IDU, not of an external provider.
    pub fn asking_for(users: &[&str]) -> AllocationRequest {
        AllocationRequest {
            user_ids: users.iter().collect(),
            user_bundle_codes: vec!["IDU".into()],
            use_external_license: false,
        }
    }

    #[test]
    fn a_request_is_spelt_and_ordered_as_documented() {
        let request = AllocationRequest {
            user_ids: UserIds::from_iter(["singer-77", "singer-88", "singer-111"]),
            user_bundle_codes: ["RPADEVNU", "ATTUNU", "TSTNU"].map(Into::into).into(),
            use_external_license: true,
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"userIds":["singer-77","singer-88","singer-111"],"userBundleCodes":["RPADEVNU","ATTUNU","TSTNU"],"useExternalLicense":true}"#
        );
    }
}
