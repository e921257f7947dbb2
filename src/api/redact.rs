//! Takes secrets out of what somebody else says, who may repeat what he was sent.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Shorter than any real secret: such a text may stand in an answer by chance, and taking it out would spoil the answer.
const SHORTEST_SECRET: usize = 16;

/// Says `text` without a secret, in whichever of the usual spellings it stands there: as it is, within JSON, or within a
/// URL or a form. `name` stands in its place.
pub(super) fn redact(text: &str, secret: &SecretString, name: &str) -> String {
    let redacted = redact_bytes(text.as_bytes().to_vec(), secret, name);
    String::from_utf8_lossy(&redacted).into_owned()
}

/// The same for a body.
pub(super) fn redact_bytes(mut body: Vec<u8>, secret: &SecretString, name: &str) -> Vec<u8> {
    let secret = secret.expose_secret();
    if secret.len() < SHORTEST_SECRET {
        return body;
    }
    for spelling in spellings(secret) {
        body = replace(body, spelling.as_bytes(), name.as_bytes());
    }
    body
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

fn spellings(secret: &str) -> [Zeroizing<String>; 6] {
    let in_json = |text: &str| {
        let quoted = Zeroizing::new(serde_json::to_string(text).unwrap_or_default());
        Zeroizing::new(quoted.trim_matches('"').to_owned())
    };
    let form = |text: &str| -> Zeroizing<String> {
        Zeroizing::new(oauth2::url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
    };
    let json = in_json(secret);
    let slashed = Zeroizing::new(json.replace('/', "\\/"));
    let encoded = form(secret);
    let spaced = Zeroizing::new(encoded.replace('+', "%20"));
    let of_json = form(&json);
    [
        Zeroizing::new(secret.to_owned()),
        slashed,
        of_json,
        json,
        spaced,
        encoded,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_out_however_it_is_spelt() {
        let secret = SecretString::from("p4ss/w0rd+with \"all\\ kinds=");
        for said in [
            "no: p4ss/w0rd+with \"all\\ kinds=!",
            r#"no: p4ss/w0rd+with \"all\\ kinds=!"#,
            r#"no: p4ss\/w0rd+with \"all\\ kinds=!"#,
            "no: p4ss%2Fw0rd%2Bwith+%22all%5C+kinds%3D!",
            "no: p4ss%2Fw0rd%2Bwith%20%22all%5C%20kinds%3D!",
        ] {
            assert_eq!(redact(said, &secret, "(it)"), "no: (it)!", "{said}");
        }
        assert_eq!(
            redact("useExternalLicense", &"x".into(), "(it)"),
            "useExternalLicense"
        );
    }
}
