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
pub use tokens::Tokens;
pub use tokens::{Numbered, Refused};

use super::Token;

/// Where access tokens come from. Shows no secret.
#[derive(Debug)]
pub enum Source {
    /// One token that the user has.
    Given(Token),
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
pub struct Obtained {
    token: Token,
    lifetime: Option<Duration>,
}

/// Why there is no token. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Passing trouble: it may work later.
    #[error("cannot sign in: {reason}")]
    Trouble {
        /// What happened.
        reason: String,
        /// How long to wait, if somebody said so.
        wait: Option<Duration>,
    },
    /// Whoever gives tokens refused.
    #[error("signing in was refused: {0}")]
    Refused(String),
}

impl SignInError {
    fn trouble(reason: impl Into<String>) -> Self {
        Self::Trouble {
            reason: reason.into(),
            wait: None,
        }
    }
}

impl Source {
    /// Whether it is on this machine, so that what goes wrong at first goes wrong for good.
    pub fn is_at_hand(&self) -> bool {
        matches!(self, Self::Given(_) | Self::File(_) | Self::Command(_))
    }

    /// Asks for a token.
    async fn obtain(&self, http: Option<&reqwest::Client>) -> Result<Obtained, SignInError> {
        let told = |token| Obtained {
            token,
            lifetime: None,
        };
        match (self, http) {
            (Self::Given(token), _) => Ok(told(token.clone())),
            // Somebody may be writing it at this moment.
            (Self::File(path), _) => Token::from_file(path)
                .map(told)
                .map_err(|error| SignInError::trouble(one_line(&error))),
            (Self::Command(command), _) => command.run().await.map(told),
            (Self::ClientCredentials(credentials), Some(http)) => credentials.obtain(http).await,
            (Self::Password(password), Some(http)) => password.obtain(http).await,
            (Self::ClientCredentials(_) | Self::Password(_), None) => {
                Err(SignInError::Refused("there is no way to it".to_owned()))
            }
        }
    }

    /// Whether asking again can give another token.
    fn renews(&self) -> bool {
        !matches!(self, Self::Given(_))
    }

    /// The address that it asks, if it asks one.
    pub fn url(&self) -> Option<&reqwest::Url> {
        match self {
            Self::ClientCredentials(credentials) => Some(&credentials.token_url),
            Self::Password(password) => Some(&password.url),
            Self::Given(_) | Self::File(_) | Self::Command(_) => None,
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
