//! One request to whoever gives tokens.

use std::time::SystemTime;

use reqwest::{Client, Request, StatusCode};
use secrecy::SecretString;

use super::SignInError;
use crate::api::RateLimitHeaders;
use crate::api::client::describe_error;
use crate::api::redact::{Redactor, SHORTEST_PASSWORD};
use crate::sanitize::printable;

/// No answer that holds a token is longer, in bytes.
const LONGEST_ANSWER: usize = 256 * 1024;

/// How much of what was said is told, in characters.
const SAID_CHARS: usize = 200;

/// An answer that is one.
pub struct TokenResponse {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// Sends a request. What may pass is trouble; redirects are refused, since a secret must not follow them.
pub async fn send(http: &Client, request: Request) -> Result<TokenResponse, SignInError> {
    let mut response = http
        .execute(request)
        .await
        .map_err(|error| SignInError::trouble(describe_error(error)))?;
    let status = response.status();
    match status.as_u16() {
        408 | 425 | 429 | 500..=599 => {
            return Err(SignInError::Transient {
                reason: format!("status {}", status.as_u16()),
                wait: RateLimitHeaders::read(response.headers(), SystemTime::now()).retry_after,
            });
        }
        300..=399 => {
            let what = format!(
                "status {}, a redirect, which is not followed",
                status.as_u16()
            );
            return Err(SignInError::Rejected(what));
        }
        _ => {}
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| SignInError::trouble(describe_error(error)))?
    {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(SignInError::Rejected(
                "the answer is too long to hold a token".to_owned(),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(TokenResponse { status, body })
}

/// What somebody else said, without the secret that it may repeat.
pub fn said(text: &str, secret: &SecretString) -> String {
    let redactor = Redactor::new(secret, "(the secret)", SHORTEST_PASSWORD);
    printable(redactor.redact(text).trim(), SAID_CHARS)
}
