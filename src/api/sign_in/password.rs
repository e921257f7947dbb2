//! A user name and password (API.md, "Sign-in": kept for migrated installations).

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Request, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::http::{redacted_message, send};
use super::{NewToken, SignInError};
use crate::api::Token;

/// The lifetime of a token from this sign-in (API.md, "Sign-in").
const LIFETIME: Duration = Duration::from_secs(30 * 60);

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A user name and password.
#[derive(Debug)]
pub struct Password {
    pub url: Url,
    pub tenancy: String,
    pub username: String,
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
    pub async fn fetch_token(&self, http: &Client) -> Result<NewToken, SignInError> {
        let response = send(http, self.request(http)?).await?;
        let status = response.status;
        let Ok(body) = serde_json::from_slice::<SignInResponse>(&response.body) else {
            return Err(SignInError::Rejected(format!(
                "status {}, and the response is not one of a sign-in; check --url or --base-url",
                status.as_u16()
            )));
        };
        match body.result {
            Some(token) if status.is_success() && body.success != Some(false) => {
                let token = Token::new(SecretString::from(token), "the sign-in");
                Ok(NewToken {
                    token: token.map_err(|error| SignInError::Rejected(error.to_string()))?,
                    lifetime: Some(LIFETIME),
                })
            }
            _ => Err(SignInError::Rejected(self.message(&body.error, status))),
        }
    }

    fn request(&self, http: &Client) -> Result<Request, SignInError> {
        let request = SignInRequest {
            tenancy_name: &self.tenancy,
            username_or_email_address: &self.username,
            password: self.password.expose_secret(),
        };
        let body = Zeroizing::new(serde_json::to_vec(&request).expect("strings are always JSON"));
        http.post(self.url.clone())
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON)
            .body(Bytes::from_owner(body))
            .build()
            .map_err(|_| SignInError::Rejected("the request cannot be built".to_owned()))
    }

    /// The service's message, or its status where there is none.
    fn message(&self, error: &Value, status: StatusCode) -> String {
        let message = error.get("message").unwrap_or(error).as_str();
        let message = redacted_message(message.unwrap_or_default(), &self.password);
        if message.is_empty() {
            return format!("status {}", status.as_u16());
        }
        message
    }
}
