//! One request to a token service.

use std::time::SystemTime;

use reqwest::{Client, Request, StatusCode};
use secrecy::SecretString;

use super::SignInError;
use crate::api::RateLimitHeaders;
use crate::api::client::describe_error;
use crate::api::redact::{Redactor, SHORTEST_PASSWORD};
use crate::sanitize::printable;

/// Longer than any response with a token, in bytes.
const MAX_RESPONSE: usize = 256 * 1024;

/// How much of a message is kept, in characters.
const MESSAGE_CHARS: usize = 200;

/// A response that is neither a transient failure nor a redirect.
pub struct TokenResponse {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// Sends a request. Redirects are rejected, since a secret must not follow them.
pub async fn send(http: &Client, request: Request) -> Result<TokenResponse, SignInError> {
    let mut response = http
        .execute(request)
        .await
        .map_err(|error| SignInError::transient(describe_error(error)))?;
    let status = response.status();
    match status.as_u16() {
        408 | 425 | 429 | 500..=599 => {
            return Err(SignInError::Transient {
                reason: format!("status {}", status.as_u16()),
                wait: RateLimitHeaders::read(response.headers(), SystemTime::now()).retry_after,
            });
        }
        300..=399 => {
            return Err(SignInError::Rejected(format!(
                "status {}, a redirect, which is not followed",
                status.as_u16()
            )));
        }
        _ => {}
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| SignInError::transient(describe_error(error)))?
    {
        if body.len() + chunk.len() > MAX_RESPONSE {
            return Err(SignInError::Rejected(
                "the response is too long to be a token response".to_owned(),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(TokenResponse { status, body })
}

/// A message of the token service, without the secret that it may repeat.
pub fn redacted_message(text: &str, secret: &SecretString) -> String {
    let redactor = Redactor::new(secret, "(the secret)", SHORTEST_PASSWORD);
    printable(redactor.redact(text).trim(), MESSAGE_CHARS)
}
