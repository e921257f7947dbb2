//! Access tokens: their sources (API.md, "Sign-in"), and when a new one is needed.

mod client_credentials;
mod command;
mod http;
mod password;
mod tokens;

use std::path::PathBuf;
use std::time::Duration;

pub use client_credentials::ClientCredentials;
pub use command::{SECRET_VARIABLES, TokenCommand};
pub use password::Password;
pub use tokens::TokenCache;
pub use tokens::{CachedToken, OnRejection};

use super::Token;

/// Where access tokens come from. `Debug` shows no secret.
#[derive(Debug)]
pub enum TokenSource {
    Static(Token),
    /// A file with a token, which may be replaced by a newer one at any time.
    File(PathBuf),
    /// OAuth 2 client credentials, as an external application.
    ClientCredentials(ClientCredentials),
    /// A user name and password, for a tenancy.
    Password(Password),
    Command(TokenCommand),
}

/// A token, and its lifetime if the source gives one.
#[derive(Debug)]
pub struct NewToken {
    token: Token,
    lifetime: Option<Duration>,
}

/// Why there is no token. Contains no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    #[error("cannot sign in: {reason}")]
    Transient {
        reason: String,
        /// The `Retry-After` of the response.
        wait: Option<Duration>,
    },
    #[error("the sign-in was rejected: {0}")]
    Rejected(String),
}

impl SignInError {
    fn transient(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            wait: None,
        }
    }
}

impl TokenSource {
    /// Whether the token comes from this machine: then a failure of the first sign-in is permanent.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Static(_) | Self::File(_) | Self::Command(_))
    }

    async fn fetch_token(&self, http: Option<&reqwest::Client>) -> Result<NewToken, SignInError> {
        let without_lifetime = |token| NewToken {
            token,
            lifetime: None,
        };
        match (self, http) {
            (Self::Static(token), _) => Ok(without_lifetime(token.clone())),
            // Another program may be writing the file at this moment, so a failure is transient.
            (Self::File(path), _) => Token::from_file(path)
                .map(without_lifetime)
                .map_err(|error| SignInError::transient(one_line(&error))),
            (Self::Command(command), _) => command.run().await.map(without_lifetime),
            (Self::ClientCredentials(credentials), Some(http)) => {
                credentials.fetch_token(http).await
            }
            (Self::Password(password), Some(http)) => password.fetch_token(http).await,
            (Self::ClientCredentials(_) | Self::Password(_), None) => Err(SignInError::Rejected(
                "there is no HTTP client for it".to_owned(),
            )),
        }
    }

    /// Whether another request can give another token.
    pub fn is_renewable(&self) -> bool {
        !matches!(self, Self::Static(_))
    }

    /// The token service's address, if there is one.
    pub fn url(&self) -> Option<&reqwest::Url> {
        match self {
            Self::ClientCredentials(credentials) => Some(&credentials.token_url),
            Self::Password(password) => Some(&password.url),
            Self::Static(_) | Self::File(_) | Self::Command(_) => None,
        }
    }
}

/// An error and its causes.
fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    text
}
