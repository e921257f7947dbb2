//! From a status and a body to an [`Answer`].

use std::cell::OnceCell;
use std::fmt;

use hashbrown::HashMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Allocation, Answer};
use crate::text::printable;
use crate::user_id::UserKey;

/// How much of a body is looked at for what it says to people, in bytes.
pub(super) const LONGEST_MESSAGE: usize = 64 * 1024;

/// How much of what the service says is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Reads an answer whose body arrived whole. Of what it says only what concerns the users asked for is kept.
pub(super) fn read(status: u16, body: &[u8], asked: &[String]) -> Answer {
    let begin = &body[..body.len().min(LONGEST_MESSAGE)];
    let is_html = is_html(begin);
    if status != 200 {
        return Answer::Status {
            status,
            message: message(begin, is_html),
            is_html,
        };
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let allocations = About(asked)
        .deserialize(&mut json)
        .and_then(|allocations| json.end().map(|()| allocations));
    match allocations {
        Ok(allocations) => Answer::Allocated(allocations),
        Err(error) => Answer::Unreadable {
            reason: if is_html {
                format!(
                    "200 with a web page in place of the answer ({})",
                    message(begin, true)
                )
            } else {
                let error = printable(&error.to_string(), MESSAGE_CHARS);
                format!("200 with a body that is not the documented array: {error}")
            },
            is_html,
        },
    }
}

/// Reads the documented array, and keeps what it says about these users: for each, what is said first, and what
/// contradicts that.
struct About<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for About<'_> {
    type Value = Vec<Allocation>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for About<'_> {
    type Value = Vec<Allocation>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of allocations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut said: A) -> Result<Self::Value, A::Error> {
        let mut asked = Asked::new(self.0);
        let mut first: Vec<Option<Allocation>> = vec![None; self.0.len()];
        let mut contradictions: Vec<Option<Allocation>> = Vec::new();
        while let Some(allocation) = said.next_element_seed(Object)? {
            let Some(place) = asked.place(&allocation.user_id) else {
                continue;
            };
            match &first[place] {
                None => first[place] = Some(allocation),
                Some(same) if *same == allocation => {}
                Some(_) => {
                    contradictions.resize(self.0.len(), None);
                    contradictions[place].get_or_insert(allocation);
                }
            }
        }
        let all = first.into_iter().chain(contradictions);
        Ok(all.flatten().collect())
    }
}

/// Where a user stands among those asked for.
struct Asked<'a> {
    users: &'a [String],
    /// An answer in the request's order goes on here.
    next: usize,
    /// All places, once they are needed.
    places: OnceCell<HashMap<UserKey<'a>, usize>>,
}

impl<'a> Asked<'a> {
    fn new(users: &'a [String]) -> Self {
        Self {
            users,
            next: 0,
            places: OnceCell::new(),
        }
    }

    fn place(&mut self, user_id: &str) -> Option<usize> {
        let place = match self.users.get(self.next) {
            Some(next) if next == user_id => self.next,
            _ => {
                let users = self.users.iter().zip(0..);
                let all = || users.map(|(user, at)| (UserKey::of(user), at)).collect();
                *self.places.get_or_init(all).get(&UserKey::of(user_id))?
            }
        };
        self.next = place + 1;
        Some(place)
    }
}

/// Reads one allocation from an object, and from nothing else: a derived reader would take an array for it too.
struct Object;

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Allocation;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Allocation, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Allocation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Allocation, A::Error> {
        Allocation::deserialize(MapAccessDeserializer::new(object))
    }
}

/// Reads an answer whose body did not arrive whole: the status still says what it says.
pub(super) fn read_cut(status: u16, reason: &str) -> Answer {
    if status == 200 {
        return Answer::Unreadable {
            reason: format!("200, and then {reason}"),
            is_html: false,
        };
    }
    Answer::Status {
        status,
        message: String::new(),
        is_html: false,
    }
}

fn is_html(body: &[u8]) -> bool {
    let begin = body.trim_ascii_start();
    [b"<!doctype html".as_slice(), b"<html"]
        .iter()
        .any(|tag| begin.len() >= tag.len() && begin[..tag.len()].eq_ignore_ascii_case(tag))
}

/// What a body says, in one line.
fn message(body: &[u8], is_html: bool) -> String {
    let text = String::from_utf8_lossy(body);
    let said = if is_html {
        title(&text).unwrap_or("a web page").to_owned()
    } else {
        match serde_json::from_slice::<Value>(body) {
            Ok(json) => in_json(&json).unwrap_or_else(|| text.trim().to_owned()),
            Err(_) => text.trim().to_owned(),
        }
    };
    printable(said.trim(), MESSAGE_CHARS)
}

fn title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let begin = lower.find("<title>")? + "<title>".len();
    let length = lower[begin..].find("</title>")?;
    Some(html[begin..begin + length].trim())
}

/// The message in the shapes of error that the vendor's services and RFC 9457 use.
fn in_json(json: &Value) -> Option<String> {
    if let Value::String(text) = json {
        return Some(text.clone());
    }
    let fields = [
        "message",
        "errorMessage",
        "detail",
        "error_description",
        "error",
        "title",
    ];
    fields.iter().find_map(|field| match json.get(field)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        nested @ Value::Object(_) => in_json(nested),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message_of(body: &str) -> String {
        match read(409, body.as_bytes(), &[]) {
            Answer::Status { message, .. } => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_is_found_in_the_usual_shapes() {
        assert_eq!(message_of(r#"{"message":"no seats"}"#), "no seats");
        assert_eq!(
            message_of(r#"{"error":{"code":7,"message":"no seats"}}"#),
            "no seats"
        );
        assert_eq!(
            message_of(r#"{"title":"Conflict","detail":"no seats"}"#),
            "no seats"
        );
        assert_eq!(message_of(r#""no seats""#), "no seats");
        assert_eq!(message_of("no\r\nseats\n"), "no  seats");
        assert_eq!(message_of(r#"{"code":7}"#), r#"{"code":7}"#);
        assert_eq!(message_of("<html><title>Gone </title>…"), "Gone");
        assert_eq!(message_of(""), "");
    }

    #[test]
    fn only_the_documented_array_is_an_allocation() {
        let array = br#"[{"userId":"a","organizationId":"o","useExternalLicense":true,"userBundleCodes":["IDU"],"more":1}]"#;
        assert!(
            matches!(read(200, array, &["a".into()]), Answer::Allocated(list) if list.len() == 1)
        );
        for body in [
            "",
            "{}",
            "[1]",
            r#"[{"userBundleCodes":[]}]"#,
            "<html>",
            "[{\"userId\":\"a\"}",
        ] {
            assert!(
                matches!(read(200, body.as_bytes(), &[]), Answer::Unreadable { .. }),
                "{body}"
            );
        }
    }

    #[test]
    fn only_what_concerns_the_users_asked_for_is_kept() {
        let said = r#"[{"userId":"b"},{"userId":"a"},{"userId":"a"},{"userId":"c"},{"userId":"a","userBundleCodes":["IDU"]},{"userId":"a","userBundleCodes":["PMD"]}]"#;
        let Answer::Allocated(kept) = read(200, said.as_bytes(), &["a".into(), "z".into()]) else {
            panic!("it is the documented array");
        };
        let kept: Vec<_> = kept
            .iter()
            .map(|one| (one.user_id.as_str(), one.user_bundle_codes.len()))
            .collect();
        assert_eq!(kept, [("a", 0), ("a", 1)]);
    }

    #[test]
    fn a_user_with_a_million_codes_is_no_answer() {
        let said = format!(
            r#"[{{"userId":"a","userBundleCodes":[{}""]}}]"#,
            r#""","#.repeat(1_000_000)
        );
        assert!(matches!(
            read(200, said.as_bytes(), &["a".into()]),
            Answer::Unreadable { .. }
        ));
    }

    proptest! {
        /// Whatever comes back, reading it ends, and nobody is in it who was not asked for.
        #[test]
        fn no_body_is_too_broken_to_be_read(
            status in prop_oneof![Just(200_u16), 100_u16..600],
            body in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                "[\\[{}\\]\":,a-z0-9 \\\\u]{0,120}".prop_map(String::into_bytes),
                "\\[(\\{\"userId\":\"[ab]\"(,\"userBundleCodes\":\\[(\"IDU\")?\\])?\\},?){0,5}\\]?".prop_map(String::into_bytes),
                "<html>.{0,40}(<title>.{0,40}(</title>)?)?".prop_map(String::into_bytes),
            ],
        ) {
            match read(status, &body, &["a".into()]) {
                Answer::Allocated(kept) => {
                    prop_assert_eq!(status, 200);
                    prop_assert!(kept.len() <= 2 && kept.iter().all(|one| one.user_id == "a"));
                }
                Answer::Status { status: read, message, .. } => {
                    prop_assert_eq!(read, status);
                    prop_assert!(!message.chars().any(char::is_control));
                }
                Answer::Unreadable { .. } => prop_assert_eq!(status, 200),
                other => prop_assert!(false, "an answer came, and not {other:?}"),
            }
        }
    }

    #[test]
    fn a_web_page_is_recognised() {
        for body in ["<!DOCTYPE html><html>", "\n <html lang=en>"] {
            assert!(
                matches!(
                    read(200, body.as_bytes(), &[]),
                    Answer::Unreadable { is_html: true, .. }
                ),
                "{body}"
            );
            assert!(matches!(
                read(404, body.as_bytes(), &[]),
                Answer::Status { is_html: true, .. }
            ));
        }
    }

    #[test]
    fn what_the_service_says_cannot_drive_a_terminal() {
        assert_eq!(message_of("\u{1b}[2Jgone"), "\\u{1b}[2Jgone");
    }
}
