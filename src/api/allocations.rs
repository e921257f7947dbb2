//! Reads the array of allocations that a 200 carries.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::confirm::{Confirmation, Confirming};
use super::{Allocation, AllocationRequest, alike};

/// What the body confirms of a request.
///
/// # Errors
/// When it is not the documented array; the error says where.
pub fn confirm(body: &[u8], asked: &AllocationRequest) -> Result<Confirmation, String> {
    let text = str::from_utf8(body).map_err(|error| error.to_string())?;
    match alike::confirm_all(text, asked) {
        Some(confirmation) => Ok(confirmation),
        None => read_all(text, asked).map_err(|error| error.to_string()),
    }
}

/// Confirms by reading every word.
pub fn read_all(text: &str, asked: &AllocationRequest) -> serde_json::Result<Confirmation> {
    let mut confirming = Confirming::new(asked);
    parse(text, |allocation| confirming.note(&allocation))?;
    Ok(confirming.finish())
}

/// Hands on one allocation after the other.
pub fn parse<'t>(text: &'t str, note: impl FnMut(Allocation<'t>)) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_seq(Array(note))?;
    json.end()
}

/// Reads the array, and hands on what is in it.
struct Array<Note>(Note);

impl<'de, Note: FnMut(Allocation<'de>)> Visitor<'de> for Array<Note> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of allocations")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(allocation) = array.next_element_seed(Object)? {
            (self.0)(allocation);
        }
        Ok(())
    }
}

/// Reads one allocation from an object, and from nothing else: a derived reader would take an array for it too.
struct Object;

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Allocation<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Allocation<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        Allocation::deserialize(MapAccessDeserializer::new(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::message::tests::asking_for;

    /// The places that are confirmed when `a` and `b` were to hold IDU.
    fn confirmed(said: &str) -> Result<Vec<usize>, String> {
        let confirmed = confirm(said.as_bytes(), &asking_for(&["a", "b"]))?.confirmed;
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
    fn what_is_not_said_of_a_user_is_not_known() {
        for said in [
            r#"{"userId":"a"}"#,
            r#"{"userId":"a","useExternalLicense":false}"#,
            r#"{"userId":"a","useExternalLicense":false,"userBundleCodes":null}"#,
            r#"{"userId":"a","useExternalLicense":null,"userBundleCodes":["IDU"]}"#,
        ] {
            assert_eq!(confirmed(&format!("[{said}]")), Ok(vec![]), "{said}");
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
