//! The access token, which the service alone gets to see.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::endpoint::is_name;
use super::redact::{Redactor, SHORTEST_TOKEN};
use crate::hint::Hint;
use crate::text_file;

/// An access token. Only the `Authorization` header contains it. Clones share their memory.
#[derive(Clone)]
pub struct Token(Arc<Inner>);

struct Inner {
    authorization: HeaderValue,
    redactor: Redactor,
    claims: Claims,
}

/// The claims of a JWT: an account's ID (API.md, "What the service can answer", the account ID), and `exp` (RFC 7519,
/// section 4.1.4). Other tokens are opaque.
#[derive(Default, Deserialize)]
struct Claims {
    exp: Option<Value>,
    prt_id: Option<String>,
    #[serde(rename = "prtId")]
    partition: Option<String>,
    #[serde(rename = "organizationId")]
    organization: Option<String>,
}

/// Why a text or file is not a token. Never contains any part of one.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("cannot read the token file {}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the token from {0} is empty")]
    Empty(String),
    #[error(
        "the token from {0} contains a blank, a line break, a quote or another character that no token has"
    )]
    NotAToken(String),
}

impl Hint for TokenError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } => None,
            Self::Empty(_) | Self::NotAToken(_) => {
                Some("copy the whole token again, on one line and without quotes".to_owned())
            }
        }
    }
}

/// Whether tokens may have this character (RFC 6750, section 2.1).
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

impl Token {
    /// A token from text; blanks around it are ignored. Errors name `origin` as its source.
    ///
    /// # Errors
    /// When the text is empty or not a token.
    pub fn new(text: SecretString, origin: &str) -> Result<Self, TokenError> {
        let token = text.expose_secret().trim();
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim_start();
        if token.is_empty() {
            return Err(TokenError::Empty(origin.to_owned()));
        }
        if !token.bytes().all(is_of_token) {
            return Err(TokenError::NotAToken(origin.to_owned()));
        }
        let header = Zeroizing::new(format!("Bearer {token}"));
        let mut authorization =
            HeaderValue::try_from(header.as_str()).expect("a token is visible ASCII");
        authorization.set_sensitive(true);
        let redactor = Redactor::new(&token.into(), "(the token)", SHORTEST_TOKEN);
        Ok(Self(Arc::new(Inner {
            authorization,
            redactor,
            claims: Claims::of(token).unwrap_or_default(),
        })))
    }

    /// Reads a token from a file.
    ///
    /// # Errors
    /// When the file cannot be read or contains no token.
    pub fn from_file(path: &Path) -> Result<Self, TokenError> {
        let text = text_file::read(path).map_err(|source| TokenError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::new(text.as_str().into(), &path.display().to_string())
    }

    /// The account that the token names. The service decides whether that is true.
    pub fn account(&self) -> Option<&str> {
        self.0.claims.account()
    }

    /// When the token says that it expires. The service decides whether that is true.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let seconds = self.0.claims.exp.as_ref()?.as_f64()?;
        Timestamp::from_second(seconds as i64).ok()
    }

    /// Removes the token from the service's messages, which may repeat it.
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// The value of the `Authorization` header, marked as sensitive so that nothing prints it.
    pub fn authorization(&self) -> HeaderValue {
        self.0.authorization.clone()
    }
}

impl Claims {
    /// Reads the second part of a JWT.
    fn of(token: &str) -> Option<Self> {
        let claims = token.split('.').nth(1)?;
        let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?);
        serde_json::from_slice(&claims).ok()
    }

    fn account(&self) -> Option<&str> {
        let id = { self.prt_id.as_ref() }
            .or(self.partition.as_ref())
            .or(self.organization.as_ref())?;
        is_name(id).then_some(id)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_the_claims_of_a_jwt() {
        let account = |claims: &str| {
            let claims = URL_SAFE_NO_PAD.encode(claims);
            let token = format!("eyJhbGciOiJSUzI1NiJ9.{claims}.signature");
            let token = Token::new(token.into(), "test").unwrap();
            token.account().map(str::to_owned)
        };
        for claims in [
            r#"{"prt_id":"8f3c","prtId":"other"}"#,
            r#"{"prtId":"8f3c"}"#,
            r#"{"organizationId":"8f3c","sub":"ann"}"#,
        ] {
            assert_eq!(account(claims).as_deref(), Some("8f3c"), "{claims}");
        }
        for claims in [
            "{}",
            "[]",
            r#"{"prt_id":7}"#,
            r#"{"prt_id":"a/b"}"#,
            "no JSON",
        ] {
            assert_eq!(account(claims), None, "{claims}");
        }
        let opaque = Token::new("rt_0123456789abcdef0123456789".to_owned().into(), "test").unwrap();
        assert_eq!(opaque.account(), None);
    }

    #[test]
    fn the_time_of_expiry_is_read_from_the_claims_of_a_jwt() {
        let expires_at = |claims: &str| {
            let claims = URL_SAFE_NO_PAD.encode(claims);
            let token = token(&format!("eyJhbGciOiJSUzI1NiJ9.{claims}.signature"));
            token.unwrap().expires_at().map(|at| at.to_string())
        };
        let at = Some("2026-11-24T10:15:00Z".to_owned());
        assert_eq!(expires_at(r#"{"exp":1795515300}"#), at);
        assert_eq!(expires_at(r#"{"exp":1795515300.25}"#), at);
        for claims in ["{}", r#"{"exp":"soon"}"#, r#"{"exp":1e300}"#] {
            assert_eq!(expires_at(claims), None, "{claims}");
        }
        assert_eq!(token("rt_0123456789").unwrap().expires_at(), None);
    }

    fn token(text: &str) -> Result<Token, TokenError> {
        Token::new(text.into(), "SEATLOAD_TOKEN")
    }

    #[test]
    fn blanks_and_the_word_bearer_around_a_token_do_not_matter() {
        for text in ["abc.def", " abc.def\r\n", "Bearer abc.def"] {
            assert_eq!(token(text).unwrap().authorization(), "Bearer abc.def");
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_being_shown() {
        assert!(matches!(token(" \n"), Err(TokenError::Empty(_))));
        let error = token("s3cret\nvalue").unwrap_err();
        assert!(matches!(error, TokenError::NotAToken(_)));
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn an_echoed_token_is_removed_and_a_short_one_is_no_secret() {
        let long = token("s3cr3t-t0k3n-that-is-long").unwrap();
        let said = b"bad s3cr3t-t0k3n-that-is-long, s3cr3t-t0k3n-that-is-long!".to_vec();
        assert_eq!(
            long.redactor().redact_bytes(said),
            b"bad (the token), (the token)!"
        );
        assert_eq!(long.redactor().redact_bytes(b"fine".to_vec()), b"fine");
        let short = token("x").unwrap();
        assert_eq!(
            short
                .redactor()
                .redact_bytes(b"useExternalLicense".to_vec()),
            b"useExternalLicense"
        );
    }

    #[test]
    fn a_token_does_not_show_itself() {
        let token = token("s3cret").unwrap();
        assert!(!format!("{token:?} {:?}", token.authorization()).contains("s3cret"));
    }
}
