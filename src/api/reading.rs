//! From a status and a body to an [`Answer`].

use serde_json::Value;

use super::{Allocation, Answer};
use crate::text::printable;

/// How much of what the service says is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Reads an answer whose body arrived whole.
pub(super) fn read(status: u16, body: &[u8]) -> Answer {
    let is_html = is_html(body);
    if status != 200 {
        return Answer::Status {
            status,
            message: message(body, is_html),
            is_html,
        };
    }
    match serde_json::from_slice::<Vec<Allocation>>(body) {
        Ok(allocations) => Answer::Allocated(allocations),
        Err(error) => Answer::Unreadable {
            reason: if is_html {
                format!(
                    "200 with a web page in place of the answer ({})",
                    message(body, true)
                )
            } else {
                format!("200 with a body that is not the documented array: {error}")
            },
            is_html,
        },
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

    fn message_of(body: &str) -> String {
        match read(409, body.as_bytes()) {
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
        assert!(matches!(read(200, array), Answer::Allocated(list) if list.len() == 1));
        for body in [
            "",
            "{}",
            "[1]",
            r#"[{"userBundleCodes":[]}]"#,
            "<html>",
            "[{\"userId\":\"a\"}",
        ] {
            assert!(
                matches!(read(200, body.as_bytes()), Answer::Unreadable { .. }),
                "{body}"
            );
        }
    }

    #[test]
    fn a_web_page_is_recognised() {
        for body in ["<!DOCTYPE html><html>", "\n <html lang=en>"] {
            assert!(
                matches!(
                    read(200, body.as_bytes()),
                    Answer::Unreadable { is_html: true, .. }
                ),
                "{body}"
            );
            assert!(matches!(
                read(404, body.as_bytes()),
                Answer::Status { is_html: true, .. }
            ));
        }
    }

    #[test]
    fn what_the_service_says_cannot_drive_a_terminal() {
        assert_eq!(message_of("\u{1b}[2Jgone"), "\\u{1b}[2Jgone");
    }
}
