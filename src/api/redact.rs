//! Keeps secrets out of what a service says, since a response may repeat the request.

use oauth2::url::form_urlencoded::byte_serialize;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Shorter than any real token: a text of fewer bytes may be in a response by chance, and removing it would spoil the
/// response.
pub const SHORTEST_TOKEN: usize = 16;

/// A password may be as short.
pub const SHORTEST_PASSWORD: usize = 4;

/// A secret in its encodings (plain, JSON, percent), and the text that replaces it.
pub struct Redactor {
    /// Empty for a secret that is too short to be looked for.
    encodings: Vec<Zeroizing<String>>,
    name: &'static str,
}

impl Redactor {
    /// Looks for the secret, unless it has fewer than `shortest` bytes.
    pub fn new(secret: &SecretString, name: &'static str, shortest: usize) -> Self {
        let secret = secret.expose_secret();
        let encodings = if secret.len() < shortest {
            Vec::new()
        } else {
            encodings(secret)
        };
        Self { encodings, name }
    }

    /// A text that may be shown.
    pub fn redact(&self, text: &str) -> String {
        let redacted = self.redact_bytes(text.as_bytes().to_vec());
        String::from_utf8_lossy(&redacted).into_owned()
    }

    /// A body without the secret.
    pub fn redact_bytes(&self, mut body: Vec<u8>) -> Vec<u8> {
        for encoding in &self.encodings {
            body = replace(body, encoding.as_bytes(), self.name.as_bytes());
        }
        body
    }

    /// The beginning of a body whose rest is not read: without the secret, and without what may be the secret's first
    /// part at the end.
    pub fn redact_prefix(&self, body: Vec<u8>) -> Vec<u8> {
        let mut body = self.redact_bytes(body);
        for encoding in &self.encodings {
            let encoding = encoding.as_bytes();
            let mut lengths = (1..encoding.len()).rev();
            let begun = lengths.find(|&length| body.ends_with(&encoding[..length]));
            body.truncate(body.len() - begun.unwrap_or_default());
        }
        body
    }
}

fn replace(body: Vec<u8>, secret: &[u8], name: &[u8]) -> Vec<u8> {
    let mut rest = &body[..];
    let mut replaced = Vec::new();
    while let Some(at) = memchr::memmem::find(rest, secret) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(name);
        rest = &rest[at + secret.len()..];
    }
    if rest.len() == body.len() {
        return body;
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// The secret as it is, as JSON and URLs spell it, and as a URL within JSON does.
fn encodings(secret: &str) -> Vec<Zeroizing<String>> {
    let quoted = Zeroizing::new(serde_json::to_string(secret).unwrap_or_default());
    let json = Zeroizing::new(quoted[1..quoted.len() - 1].to_owned());
    let mut encodings = vec![
        Zeroizing::new(secret.to_owned()),
        Zeroizing::new(json.replace('/', "\\/")),
        percent(secret),
        percent_in_lower_case(secret),
        percent(&json),
        json,
    ];
    // The longest first, since one encoding may be a part of another; most tokens have a single one.
    encodings.sort_by(|a, b| {
        b.len()
            .cmp(&a.len())
            .then_with(|| a.as_str().cmp(b.as_str()))
    });
    encodings.dedup();
    encodings
}

fn percent(text: &str) -> Zeroizing<String> {
    Zeroizing::new(byte_serialize(text.as_bytes()).collect())
}

/// `%2f` for `%2F`, as some programs write it.
fn percent_in_lower_case(text: &str) -> Zeroizing<String> {
    let parts = byte_serialize(text.as_bytes());
    let lower = parts.map(|part| match part.starts_with('%') {
        true => part.to_ascii_lowercase(),
        false => part.to_owned(),
    });
    Zeroizing::new(lower.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, secret: &str) -> String {
        let redactor = Redactor::new(&secret.into(), "(it)", SHORTEST_PASSWORD);
        redactor.redact(text)
    }

    #[test]
    fn a_secret_is_removed_in_plain_json_and_percent_encoding() {
        for text in [
            "no: p4ss/w0rd+with \"all\\ kinds=!",
            r#"no: p4ss/w0rd+with \"all\\ kinds=!"#,
            r#"no: p4ss\/w0rd+with \"all\\ kinds=!"#,
            "no: p4ss%2Fw0rd%2Bwith+%22all%5C+kinds%3D!",
            "no: p4ss%2fw0rd%2bwith+%22all%5c+kinds%3d!",
        ] {
            assert_eq!(
                shown(text, "p4ss/w0rd+with \"all\\ kinds="),
                "no: (it)!",
                "{text}"
            );
        }
        assert_eq!(shown("useExternalLicense", "x"), "useExternalLicense");
        assert_eq!(
            shown("100% & more \\ than that", "secret"),
            "100% & more \\ than that"
        );
    }

    #[test]
    fn the_first_part_of_a_secret_is_removed_where_a_body_is_cut_off() {
        let whole = "a/b".repeat(6);
        let redactor = Redactor::new(&whole.clone().into(), "it", SHORTEST_TOKEN);
        for (end, left) in [
            ("a/ba", ""),
            ("xa\\/ba", "x"),
            ("b", "b"),
            ("", ""),
            (&whole, "it"),
        ] {
            let beginning = redactor.redact_prefix(format!("text: {end}").into_bytes());
            let beginning = String::from_utf8(beginning).unwrap();
            assert_eq!(beginning, format!("text: {left}"));
        }
    }

    proptest! {
        #[test]
        fn no_text_keeps_the_secret(text in "[a%&\\\\#;x0-9/+\" é]{0,40}", secret in "[a/%0 ]{4,6}") {
            prop_assert!(!shown(&text, &secret).contains(&secret));
        }
    }
}
