//! A user's name and password (API.md, "Sign-in": kept for migrated installations).

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::http::{said, send};
use super::{NewToken, SignInError};
use crate::api::Token;

/// How long such a token is good (API.md, "Sign-in").
const LIFETIME: Duration = Duration::from_secs(30 * 60);

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A user who may sign in.
#[derive(Debug)]
pub struct Password {
    /// Where tokens are given.
    pub url: Url,
    /// The tenancy that the user belongs to.
    pub tenancy: String,
    /// The user's name or e-mail address.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SignInRequest<'a> {
    tenancy_name: &'a str,
    username_or_email_address: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct SignInResponse {
    result: Option<String>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(default)]
    error: Value,
}

impl Password {
    pub async fn obtain(&self, http: &Client) -> Result<NewToken, SignInError> {
        let asked = SignInRequest {
            tenancy_name: &self.tenancy,
            username_or_email_address: &self.username,
            password: self.password.expose_secret(),
        };
        let body = Zeroizing::new(serde_json::to_vec(&asked).expect("strings are always JSON"));
        let request = http
            .post(self.url.clone())
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON)
            .body(Bytes::from_owner(body))
            .build()
            .map_err(|_| SignInError::Rejected("the request cannot be made".to_owned()))?;
        let answered = send(http, request).await?;
        let given: Option<SignInResponse> = serde_json::from_slice(&answered.body).ok();
        let refused = |what: String| Err(SignInError::Rejected(what));
        let Some(given) = given else {
            let status = answered.status.as_u16();
            return refused(format!(
                "status {status}, and the answer is none of a sign-in: check --base-url"
            ));
        };
        match given.result {
            Some(result) if answered.status.is_success() && given.success != Some(false) => {
                let token = Token::new(SecretString::from(result), "the sign-in");
                Ok(NewToken {
                    token: token.map_err(|error| SignInError::Rejected(error.to_string()))?,
                    lifetime: Some(LIFETIME),
                })
            }
            _ => {
                let what = match &given.error {
                    Value::String(text) => text.clone(),
                    Value::Object(error) => match error.get("message") {
                        Some(Value::String(text)) => text.clone(),
                        _ => String::new(),
                    },
                    _ => String::new(),
                };
                let what = said(&what, &self.password);
                match what.is_empty() {
                    true => refused(format!("status {}", answered.status.as_u16())),
                    false => refused(what),
                }
            }
        }
    }
}
