//! Keeps secrets out of what somebody else says, who may repeat what he was sent.
//!
//! A secret that stands there as it is, or as a form or JSON spells it, is taken out. One that comes to light only in
//! decoding makes the whole text unfit to be shown.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Shorter than any real token: such a text may stand in an answer by chance, and taking it out would spoil the answer.
pub const SHORTEST_TOKEN: usize = 16;

/// A password may be as short.
pub const SHORTEST_PASSWORD: usize = 4;

/// How often text is decoded: somebody may have encoded what was encoded.
const ROUNDS: usize = 3;

/// A secret that may be repeated, and what stands in its place.
pub struct Redactor {
    /// The secret as it is, and then as it may be spelt; none if it is too short to be looked for.
    spellings: Vec<Zeroizing<String>>,
    name: &'static str,
}

impl Redactor {
    /// Looks for the secret, unless it has fewer than `shortest` bytes.
    pub fn new(secret: &SecretString, name: &'static str, shortest: usize) -> Self {
        let secret = secret.expose_secret();
        let spellings = match secret.len() < shortest {
            true => Vec::new(),
            false => spellings(secret),
        };
        Self { spellings, name }
    }

    /// The text as it may be shown.
    pub fn redact(&self, text: &str) -> String {
        let redacted = self.redact_bytes(text.as_bytes().to_vec());
        let text = String::from_utf8_lossy(&redacted).into_owned();
        match self.is_in_disguise(&text) {
            true => format!("(not shown, since it repeats {})", self.name),
            false => text,
        }
    }

    /// A body without the secret in its usual spellings.
    pub fn redact_bytes(&self, mut body: Vec<u8>) -> Vec<u8> {
        for spelling in &self.spellings {
            body = replace(body, spelling.as_bytes(), self.name.as_bytes());
        }
        body
    }

    /// The beginning of a body that is not read any further: without the secret, and without what may be a part of it at the
    /// end.
    pub fn redact_prefix(&self, body: Vec<u8>) -> Vec<u8> {
        let mut body = self.redact_bytes(body);
        for spelling in &self.spellings {
            let spelling = spelling.as_bytes();
            let mut lengths = (1..spelling.len()).rev();
            let begun = lengths.find(|&length| body.ends_with(&spelling[..length]));
            body.truncate(body.len() - begun.unwrap_or_default());
        }
        body
    }

    /// Whether the secret comes to light in decoding.
    pub fn is_in_disguise(&self, text: &str) -> bool {
        let Some(secret) = self.spellings.first() else {
            return false;
        };
        if !text.contains(['%', '&', '\\', '+']) {
            return false;
        }
        let mut decoded = Zeroizing::new(text.to_owned());
        (0..ROUNDS).any(|_| {
            decoded = Zeroizing::new(decode(&decoded));
            let spaced = Zeroizing::new(decoded.replace('+', " "));
            decoded.contains(&**secret) || spaced.contains(&**secret)
        })
    }
}

fn replace(body: Vec<u8>, what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut rest = &body[..];
    let mut replaced = Vec::new();
    while let Some(at) = memchr::memmem::find(rest, what) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(by);
        rest = &rest[at + what.len()..];
    }
    if rest.len() == body.len() {
        return body;
    }
    replaced.extend_from_slice(rest);
    replaced
}

fn spellings(secret: &str) -> Vec<Zeroizing<String>> {
    let quoted = Zeroizing::new(serde_json::to_string(secret).unwrap_or_default());
    let json = Zeroizing::new(quoted[1..quoted.len() - 1].to_owned());
    let form = |text: &str| -> Zeroizing<String> {
        Zeroizing::new(oauth2::url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
    };
    let all = [
        Zeroizing::new(secret.to_owned()),
        Zeroizing::new(json.replace('/', "\\/")),
        form(&json),
        form(secret),
        json,
    ];
    // Most tokens have but one.
    let mut spellings = Vec::new();
    for spelling in all {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

/// Undoes one layer of what URLs, JSON and HTML do to characters; what is none of it stays.
fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let found = match next {
            '%' => hex(rest, 1, 2)
                .and_then(|code| u8::try_from(code).ok())
                .map(|byte| (vec![byte], 3)),
            '\\' => escaped(rest),
            '&' => entity(rest),
            _ => None,
        };
        let (bytes, length) = found.unwrap_or_else(|| {
            let length = next.len_utf8();
            (rest.as_bytes()[..length].to_vec(), length)
        });
        decoded.extend(bytes);
        rest = &rest[length..];
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(text: &str, from: usize, digits: usize) -> Option<u32> {
    let digits = text.get(from..from + digits)?;
    u32::from_str_radix(digits, 16).ok()
}

/// What a backslash begins within JSON.
fn escaped(text: &str) -> Option<(Vec<u8>, usize)> {
    match text.as_bytes().get(1)? {
        b'u' => {
            let character = char::from_u32(hex(text, 2, 4)?)?;
            Some((character.to_string().into_bytes(), 6))
        }
        byte @ (b'/' | b'"' | b'\\') => Some((vec![*byte], 2)),
        _ => None,
    }
}

/// What an ampersand begins within HTML.
fn entity(text: &str) -> Option<(Vec<u8>, usize)> {
    let end = text.find(';').filter(|end| *end <= 10)?;
    let character = match &text[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((character.to_string().into_bytes(), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(said: &str, secret: &str) -> String {
        let redactor = Redactor::new(&secret.into(), "(it)", SHORTEST_PASSWORD);
        redactor.redact(said)
    }

    #[test]
    fn a_secret_is_taken_out_as_forms_and_json_spell_it() {
        for said in [
            "no: p4ss/w0rd+with \"all\\ kinds=!",
            r#"no: p4ss/w0rd+with \"all\\ kinds=!"#,
            r#"no: p4ss\/w0rd+with \"all\\ kinds=!"#,
            "no: p4ss%2Fw0rd%2Bwith+%22all%5C+kinds%3D!",
        ] {
            assert_eq!(
                shown(said, "p4ss/w0rd+with \"all\\ kinds="),
                "no: (it)!",
                "{said}"
            );
        }
        assert_eq!(shown("useExternalLicense", "x"), "useExternalLicense");
        assert_eq!(
            shown("100% & more \\ than that", "secret"),
            "100% & more \\ than that"
        );
    }

    #[test]
    fn what_repeats_a_secret_in_disguise_is_not_shown() {
        for said in [
            "p4ss%2fw0rd",
            "%70%34%73%73%2F%77%30%72%64",
            "p4ss&#47;w0rd",
            "p4ss&#x2F;w0rd",
            r"p4ss\u002fw0rd",
            "p4ss%252Fw0rd",
            "p4ss&amp;#47;w0rd",
        ] {
            let shown = shown(said, "p4ss/w0rd");
            assert_eq!(shown, "(not shown, since it repeats (it))", "{said}");
        }
    }

    #[test]
    fn where_a_body_is_cut_off_the_beginning_of_a_secret_is_too() {
        let whole = "a/b".repeat(6);
        let redactor = Redactor::new(&whole.clone().into(), "it", SHORTEST_TOKEN);
        for (end, left) in [
            ("a/ba", ""),
            ("xa\\/ba", "x"),
            ("b", "b"),
            ("", ""),
            (&whole, "it"),
        ] {
            let beginning = redactor.redact_prefix(format!("said: {end}").into_bytes());
            let beginning = String::from_utf8(beginning).unwrap();
            assert_eq!(beginning, format!("said: {left}"));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_no_secret_is_in_it(said in "[a%&\\\\#;x0-9/+\" é]{0,40}", secret in "[a/%0 ]{4,6}") {
            prop_assert!(!shown(&said, &secret).contains(&secret));
        }
    }
}
