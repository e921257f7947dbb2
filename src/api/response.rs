//! From a status and a body to a [`ResponseKind`].

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::error::Category;

use crate::api::redact::Redactor;
use crate::api::{Allocation, AllocationRequest, Confirmation, ResponseKind};
use crate::sanitize::printable;

/// How much of a body is searched for a message, in bytes.
pub const LONGEST_MESSAGE: usize = 64 * 1024;

/// How much of a message is kept, in characters.
const MESSAGE_CHARS: usize = 300;

/// Reads a response whose body arrived whole. What is kept of its text is without the secret: redacted once it is
/// decoded, and before it is cut, since a part of a secret is one too.
pub fn parse(
    status: u16,
    body: &[u8],
    request: &AllocationRequest,
    redactor: &Redactor,
) -> ResponseKind {
    if !(200..300).contains(&status) {
        let (message, is_html) = message(body, redactor);
        return ResponseKind::Status {
            status,
            message,
            is_html,
        };
    }
    match serde_json::from_slice::<Vec<Allocation>>(body) {
        Ok(allocations) => {
            let mut confirmation = Confirmation::of(request, &allocations);
            for (organization, _) in &mut confirmation.confirmed {
                *organization = redactor.redact(organization).into();
            }
            ResponseKind::Allocated(confirmation)
        }
        Err(_) if is_read(body) => ResponseKind::ReadInstead,
        // Accepted, and no user is confirmed: a 204 has no body, and a 202 may have another.
        Err(_) if status != 200 && !is_html(body) => {
            ResponseKind::Allocated(Confirmation::of(request, &[]))
        }
        Err(error) => invalid_body(status, body, &error, redactor),
    }
}

/// Whether the body is the answer to a read: the address reads licences where the request is to allocate them (API.md,
/// "POST on the allocation's path").
fn is_read(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct LicensedUser {
        #[serde(rename = "id")]
        _id: IgnoredAny,
        #[serde(rename = "userBundleLicenses")]
        _codes: IgnoredAny,
    }

    serde_json::from_slice::<Vec<LicensedUser>>(body).is_ok_and(|users| !users.is_empty())
}

fn invalid_body(
    status: u16,
    body: &[u8],
    error: &serde_json::Error,
    redactor: &Redactor,
) -> ResponseKind {
    let (message, is_html) = message(body, redactor);
    let reason = if is_html {
        format!("{status} with a web page in place of JSON ({message})")
    } else {
        let what = match error.classify() {
            Category::Data => "other JSON",
            Category::Eof => "cut off",
            Category::Syntax | Category::Io => "not JSON",
        };
        format!(
            "{status} with a body that is not the documented array ({what}: line {}, column {})",
            error.line(),
            error.column()
        )
    };
    ResponseKind::InvalidBody { reason, is_html }
}

/// Reads a response whose body was cut off: the status still counts.
pub fn parse_truncated(status: u16, reason: &str) -> ResponseKind {
    if status == 200 {
        return ResponseKind::InvalidBody {
            reason: format!("200, then {reason}"),
            is_html: false,
        };
    }
    ResponseKind::Status {
        status,
        message: String::new(),
        is_html: false,
    }
}

/// Whether a status may not come again: the service is overloaded or has failed, or a gateway before it got no response
/// from it. 520 to 530 are those of Cloudflare, which all traffic to the service goes through (docs/service.md).
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 520..=530)
}

/// Whether a body is a web page.
pub fn is_html(body: &[u8]) -> bool {
    let begin = body.trim_ascii_start();
    [b"<!doctype html".as_slice(), b"<html"]
        .iter()
        .any(|tag| begin.len() >= tag.len() && begin[..tag.len()].eq_ignore_ascii_case(tag))
}

/// The message in a body, in one line, and whether the body is a web page.
pub fn message(body: &[u8], redactor: &Redactor) -> (String, bool) {
    let begin = &body[..body.len().min(LONGEST_MESSAGE)];
    let is_html = is_html(begin);
    let text = String::from_utf8_lossy(begin);
    let message = if is_html {
        title(&text).unwrap_or("a web page").to_owned()
    } else {
        match serde_json::from_slice::<Value>(begin) {
            Ok(json) => message_in_json(&json).unwrap_or_else(|| text.trim().to_owned()),
            Err(_) => text.trim().to_owned(),
        }
    };
    let message = printable(redactor.redact(&message).trim(), MESSAGE_CHARS);
    (message, is_html)
}

fn title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let begin = lower.find("<title>")? + "<title>".len();
    let length = lower[begin..].find("</title>")?;
    Some(html[begin..begin + length].trim())
}

/// The message in the shapes of error that the vendor's services and RFC 9457 use (API.md, "What the service can
/// answer").
fn message_in_json(json: &Value) -> Option<String> {
    const FIELDS: [&str; 9] = [
        "message",
        "Message",
        "errorMessage",
        "detail",
        "details",
        "error_description",
        "error",
        "errors",
        "title",
    ];
    match json {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Object(object) => {
            let known = FIELDS.iter().filter_map(|field| object.get(*field));
            let mut known = known.filter_map(message_in_json);
            // The messages of `errors` stand under the names of fields.
            known
                .next()
                .or_else(|| object.values().find_map(message_in_list))
        }
        _ => message_in_list(json),
    }
}

fn message_in_list(json: &Value) -> Option<String> {
    let messages = json.as_array()?.iter().filter_map(message_in_json);
    let messages: Vec<_> = messages.collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::message::tests::request_for;
    use proptest::prelude::*;

    fn parse(status: u16, body: &[u8], request: &AllocationRequest) -> ResponseKind {
        super::parse(status, body, request, &Redactor::new(&"".into(), "", 1))
    }

    fn message_of(body: &str) -> String {
        match parse(409, body.as_bytes(), &request_for(&[])) {
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
        for body in [
            r#"{"Message":"no seats"}"#,
            r#"{"errorMessage":"no seats"}"#,
            r#"{"error":{"details":"no seats"}}"#,
            r#"{"errors":{"userIds":["no seats"],"other":[]}}"#,
        ] {
            assert_eq!(message_of(body), "no seats", "{body}");
        }
        assert_eq!(message_of("no\r\nseats\n"), "no  seats");
        assert_eq!(message_of(r#"{"code":7}"#), r#"{"code":7}"#);
        assert_eq!(message_of("<html><title>Gone </title>…"), "Gone");
        assert_eq!(message_of(""), "");
    }

    /// The places that a body confirms when IDU was requested for `a` and `b`.
    fn confirmed(body: &str) -> Option<Vec<usize>> {
        match parse(200, body.as_bytes(), &request_for(&["a", "b"])) {
            ResponseKind::Allocated(confirmation) => {
                let confirmed = confirmation.confirmed.into_iter();
                Some(confirmed.flat_map(|(_, places)| places).collect())
            }
            _ => None,
        }
    }

    #[test]
    fn only_the_documented_array_confirms_users() {
        let array = r#"[{"userId":"a","organizationId":"o","useExternalLicense":false,"userBundleCodes":["IDU"],"more":[1]}]"#;
        assert_eq!(confirmed(array), Some(vec![0]));
        assert_eq!(confirmed("[]"), Some(vec![]));
        for body in [
            "",
            "{}",
            "[1]",
            "[] []",
            r#"[{"userBundleCodes":[]}]"#,
            r#"[{"userId":"a","userId":"b"}]"#,
            r#"[{"userId":1}]"#,
            "<html>",
            "[{\"userId\":\"a\"}",
        ] {
            assert_eq!(confirmed(body), None, "{body}");
        }
    }

    #[test]
    fn a_user_is_not_confirmed_by_fields_that_are_missing_or_null() {
        for allocation in [
            r#"{"userId":"a"}"#,
            r#"{"userId":"a","useExternalLicense":false}"#,
            r#"{"userId":"a","useExternalLicense":false,"userBundleCodes":null}"#,
            r#"{"userId":"a","useExternalLicense":null,"userBundleCodes":["IDU"]}"#,
        ] {
            assert_eq!(
                confirmed(&format!("[{allocation}]")),
                Some(vec![]),
                "{allocation}"
            );
        }
    }

    #[test]
    fn escapes_in_a_response_are_decoded() {
        let body =
            r#"[{"userId":"\u0061","useExternalLicense":false,"userBundleCodes":["I\u0044U"]}]"#;
        assert_eq!(confirmed(body), Some(vec![0]));
    }

    proptest! {
        /// Every body can be parsed, and every requested user is in the result once, and no other user.
        #[test]
        fn every_body_can_be_parsed(
            status in prop_oneof![Just(200_u16), 100_u16..600],
            body in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                "[\\[{}\\]\":,a-z0-9 \\\\u]{0,120}".prop_map(String::into_bytes),
                "\\[(\\{\"userId\":\"[ab]\"(,\"userBundleCodes\":\\[(\"IDU\")?\\])?\\},?){0,5}\\]?".prop_map(String::into_bytes),
                "<html>.{0,40}(<title>.{0,40}(</title>)?)?".prop_map(String::into_bytes),
            ],
        ) {
            match parse(status, &body, &request_for(&["a"])) {
                ResponseKind::Allocated(confirmation) => {
                    prop_assert!((200..300).contains(&status));
                    let confirmed = confirmation.confirmed.iter().flat_map(|(_, places)| places);
                    let all: Vec<_> = confirmed.chain(&confirmation.unconfirmed).collect();
                    prop_assert_eq!(all, [&0]);
                }
                ResponseKind::Status { status: read, message, .. } => {
                    prop_assert_eq!(read, status);
                    prop_assert!(!message.chars().any(char::is_control));
                }
                ResponseKind::InvalidBody { .. } => prop_assert!((200..300).contains(&status)),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn a_web_page_is_recognised() {
        for body in ["<!DOCTYPE html><html>", "\n <html lang=en>"] {
            assert!(
                matches!(
                    parse(200, body.as_bytes(), &request_for(&[])),
                    ResponseKind::InvalidBody { is_html: true, .. }
                ),
                "{body}"
            );
            assert!(matches!(
                parse(404, body.as_bytes(), &request_for(&[])),
                ResponseKind::Status { is_html: true, .. }
            ));
        }
    }

    #[test]
    fn a_message_cannot_control_the_terminal() {
        assert_eq!(message_of("\u{1b}[2Jgone"), "\\u{1b}[2Jgone");
    }
}
