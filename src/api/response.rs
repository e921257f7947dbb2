//! From a status and a body to an [`Answer`].

use serde_json::Value;

use crate::api::{AllocationRequest, ResponseKind, allocations};
use crate::sanitize::printable;

/// How much of a body is looked at for what it says to people, in bytes.
pub const LONGEST_MESSAGE: usize = 64 * 1024;

/// How much of what the service says is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Reads an answer whose body arrived whole.
pub fn parse(status: u16, body: &[u8], asked: &AllocationRequest) -> ResponseKind {
    let begin = &body[..body.len().min(LONGEST_MESSAGE)];
    let is_html = is_html(begin);
    if status != 200 {
        return ResponseKind::Status {
            status,
            message: message(begin, is_html),
            is_html,
        };
    }
    match allocations::confirm(body, asked) {
        Ok(confirmation) => ResponseKind::Allocated(confirmation),
        Err(error) => ResponseKind::InvalidBody {
            reason: if is_html {
                format!(
                    "200 with a web page in place of the answer ({})",
                    message(begin, true)
                )
            } else if body.len() > LONGEST_MESSAGE {
                // The error may repeat what stands further on, where nobody looks for secrets in disguise.
                "200 with a body that is not the documented array".to_owned()
            } else {
                let error = printable(&error, MESSAGE_CHARS);
                format!("200 with a body that is not the documented array: {error}")
            },
            is_html,
        },
    }
}

/// Reads an answer whose body did not arrive whole: the status still says what it says.
pub fn parse_truncated(status: u16, reason: &str) -> ResponseKind {
    if status == 200 {
        return ResponseKind::InvalidBody {
            reason: format!("200, and then {reason}"),
            is_html: false,
        };
    }
    ResponseKind::Status {
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
            Ok(json) => message_in_json(&json).unwrap_or_else(|| text.trim().to_owned()),
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
fn message_in_json(json: &Value) -> Option<String> {
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
        nested @ Value::Object(_) => message_in_json(nested),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::message::tests::asking_for;
    use proptest::prelude::*;

    fn message_of(body: &str) -> String {
        match parse(409, body.as_bytes(), &asking_for(&[])) {
            ResponseKind::Status { message, .. } => message,
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

    proptest! {
        /// Whatever comes back, reading it ends, and whoever was asked for is in it once, and nobody else.
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
            match parse(status, &body, &asking_for(&["a"])) {
                ResponseKind::Allocated(confirmation) => {
                    prop_assert_eq!(status, 200);
                    let confirmed = confirmation.confirmed.iter().flat_map(|(_, places)| places);
                    let all: Vec<_> = confirmed.chain(&confirmation.unconfirmed).collect();
                    prop_assert_eq!(all, [&0]);
                }
                ResponseKind::Status { status: read, message, .. } => {
                    prop_assert_eq!(read, status);
                    prop_assert!(!message.chars().any(char::is_control));
                }
                ResponseKind::InvalidBody { .. } => prop_assert_eq!(status, 200),
                other => prop_assert!(false, "an answer came, and not {other:?}"),
            }
        }
    }

    #[test]
    fn a_web_page_is_recognised() {
        for body in ["<!DOCTYPE html><html>", "\n <html lang=en>"] {
            assert!(
                matches!(
                    parse(200, body.as_bytes(), &asking_for(&[])),
                    ResponseKind::InvalidBody { is_html: true, .. }
                ),
                "{body}"
            );
            assert!(matches!(
                parse(404, body.as_bytes(), &asking_for(&[])),
                ResponseKind::Status { is_html: true, .. }
            ));
        }
    }

    #[test]
    fn what_the_service_says_cannot_drive_a_terminal() {
        assert_eq!(message_of("\u{1b}[2Jgone"), "\\u{1b}[2Jgone");
    }
}
