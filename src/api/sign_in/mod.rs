//! Access tokens: where they come from (API.md, "Sign-in"), and when a new one is needed.

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

/// Where access tokens come from. Shows no secret.
#[derive(Debug)]
pub enum TokenSource {
    /// One token that the user has.
    Static(Token),
    /// A file that holds a token, and may hold another one later.
    File(PathBuf),
    /// OAuth 2 client credentials, as an external application.
    ClientCredentials(ClientCredentials),
    /// A user's name and password, for a tenancy.
    Password(Password),
    /// A command that prints a token.
    Command(TokenCommand),
}

/// A token, and how long it is good, if that was said.
#[derive(Debug)]
pub struct NewToken {
    token: Token,
    lifetime: Option<Duration>,
}

/// Why there is no token. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Passing trouble: it may work later.
    #[error("cannot sign in: {reason}")]
    Transient {
        /// What happened.
        reason: String,
        /// How long to wait, if somebody said so.
        wait: Option<Duration>,
    },
    /// Whoever gives tokens refused.
    #[error("signing in was refused: {0}")]
    Rejected(String),
}

impl SignInError {
    fn trouble(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            wait: None,
        }
    }
}

impl TokenSource {
    /// Whether it is on this machine, so that what goes wrong at first goes wrong for good.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Static(_) | Self::File(_) | Self::Command(_))
    }

    /// Asks for a token.
    async fn fetch_token(&self, http: Option<&reqwest::Client>) -> Result<NewToken, SignInError> {
        let told = |token| NewToken {
            token,
            lifetime: None,
        };
        match (self, http) {
            (Self::Static(token), _) => Ok(told(token.clone())),
            // Somebody may be writing it at this moment.
            (Self::File(path), _) => Token::from_file(path)
                .map(told)
                .map_err(|error| SignInError::trouble(one_line(&error))),
            (Self::Command(command), _) => command.run().await.map(told),
            (Self::ClientCredentials(credentials), Some(http)) => credentials.obtain(http).await,
            (Self::Password(password), Some(http)) => password.obtain(http).await,
            (Self::ClientCredentials(_) | Self::Password(_), None) => {
                Err(SignInError::Rejected("there is no way to it".to_owned()))
            }
        }
    }

    /// Whether asking again can give another token.
    fn is_renewable(&self) -> bool {
        !matches!(self, Self::Static(_))
    }

    /// The address that it asks, if it asks one.
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
