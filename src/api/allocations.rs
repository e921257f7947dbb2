//! Reads the array of allocations that a 200 carries.
//!
//! An answer for a full batch is most of what a run reads, so one allocation after the other is read into the same place,
//! as texts that stay in the body.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::confirm::{Confirmation, Confirming};
use super::{Allocation, AllocationRequest};

/// The most codes that a user can sensibly hold. More come only from an answer that means harm.
const MOST_CODES: usize = 1000;

/// What the body confirms of a request.
///
/// # Errors
/// When it is not the documented array; the error says where.
pub(super) fn confirm(body: &[u8], asked: &AllocationRequest) -> Result<Confirmation, String> {
    let text = str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut json = serde_json::Deserializer::from_str(text);
    let mut confirming = Confirming::new(asked);
    json.deserialize_seq(Array(&mut confirming))
        .and_then(|()| json.end())
        .map_err(|error| error.to_string())?;
    Ok(confirming.finish())
}

/// Reads the array, and hands on what is in it.
struct Array<'c, 'a>(&'c mut Confirming<'a>);

impl<'de> Visitor<'de> for Array<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of allocations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let mut allocation = Allocation::default();
        while array.next_element_seed(Object(&mut allocation))?.is_some() {
            self.0.note(&allocation);
        }
        Ok(())
    }
}

/// Reads one allocation from an object, and from nothing else: a derived reader would take an array for it too.
struct Object<'p, 'de>(&'p mut Allocation<'de>);

/// The keys of an allocation.
#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    UserId,
    OrganizationId,
    UseExternalLicense,
    UserBundleCodes,
    #[serde(other)]
    Other,
}

/// A text that stays where it is, unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Object<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let allocation = self.0;
        allocation.organization_id = None;
        allocation.use_external_license = None;
        allocation.user_bundle_codes.clear();
        let mut met = [false; Key::Other as usize];
        while let Some(key) = object.next_key()? {
            if let Some(met) = met.get_mut(key as usize)
                && std::mem::replace(met, true)
            {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
            match key {
                Key::UserId => allocation.user_id = object.next_value::<Text>()?.0,
                Key::OrganizationId => {
                    let organization: Option<Text> = object.next_value()?;
                    allocation.organization_id = organization.map(|Text(text)| text);
                }
                Key::UseExternalLicense => allocation.use_external_license = object.next_value()?,
                Key::UserBundleCodes => {
                    object.next_value_seed(Codes(&mut allocation.user_bundle_codes))?;
                }
                Key::Other => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        match met[Key::UserId as usize] {
            true => Ok(()),
            false => Err(A::Error::missing_field("userId")),
        }
    }
}

/// Reads a list that is not absurdly long, so that an answer cannot fill the memory.
struct Codes<'p, 'de>(&'p mut Vec<Cow<'de, str>>);

impl<'de> DeserializeSeed<'de> for Codes<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Codes<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MOST_CODES} codes")
    }

    /// `null` says that there are none.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut codes: A) -> Result<(), A::Error> {
        while let Some(Text(code)) = codes.next_element()? {
            if self.0.len() == MOST_CODES {
                return Err(A::Error::invalid_length(MOST_CODES + 1, &self));
            }
            self.0.push(code);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that are confirmed when `a` and `b` were to hold IDU.
    fn confirmed(said: &str) -> Result<Vec<usize>, String> {
        let asked = AllocationRequest {
            user_ids: ["a", "b"].iter().collect(),
            user_bundle_codes: vec!["IDU".into()],
            use_external_license: false,
        };
        let confirmed = confirm(said.as_bytes(), &asked)?.confirmed;
        Ok(confirmed
            .into_iter()
            .flat_map(|(_, places)| places)
            .collect())
    }

    #[test]
    fn only_the_documented_array_is_an_answer() {
        let array = r#"[{"userId":"a","organizationId":"o","useExternalLicense":false,"userBundleCodes":["IDU"],"more":[1]}]"#;
        assert_eq!(confirmed(array), Ok(vec![0]));
        assert_eq!(confirmed("[]"), Ok(vec![]));
        for body in [
            "",
            "{}",
            "[1]",
            "[] []",
            r#"[["a","o",false,["IDU"]]]"#,
            r#"[{"userBundleCodes":[]}]"#,
            r#"[{"userId":"a","userId":"b"}]"#,
            r#"[{"userId":1}]"#,
            "<html>",
            "[{\"userId\":\"a\"}",
        ] {
            assert!(confirmed(body).is_err(), "{body}");
        }
    }

    #[test]
    fn what_is_not_said_of_a_user_is_not_taken_from_the_one_before() {
        let first = r#"{"userId":"a","organizationId":"o","useExternalLicense":false,"userBundleCodes":["IDU"]}"#;
        for second in [
            r#"{"userId":"b"}"#,
            r#"{"userId":"b","useExternalLicense":false}"#,
            r#"{"userId":"b","useExternalLicense":false,"userBundleCodes":null}"#,
            r#"{"userId":"b","useExternalLicense":null,"userBundleCodes":["IDU"]}"#,
        ] {
            assert_eq!(
                confirmed(&format!("[{first},{second}]")),
                Ok(vec![0]),
                "{second}"
            );
        }
    }

    #[test]
    fn what_is_spelt_with_escapes_is_what_it_spells() {
        let said =
            r#"[{"userId":"\u0061","useExternalLicense":false,"userBundleCodes":["I\u0044U"]}]"#;
        assert_eq!(confirmed(said), Ok(vec![0]));
    }

    #[test]
    fn a_user_with_a_million_codes_is_no_answer() {
        let said = format!(
            r#"[{{"userId":"a","userBundleCodes":[{}""]}}]"#,
            r#""","#.repeat(1_000_000)
        );
        assert!(confirmed(&said).is_err());
    }
}
