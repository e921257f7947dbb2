//! The next step that an error advises. Messages say what happened; hints say what to type or do.

use std::error::Error;
use std::fmt;

/// An error that knows what to do about it.
pub trait Hint: Error {
    /// The next step, as a command or an action: lower case, without a final full stop.
    fn hint(&self) -> Option<String>;
}

/// An error that no caller tells apart from others: a message, its cause, and the next step.
#[derive(Debug)]
pub struct Failure {
    message: String,
    cause: Option<anyhow::Error>,
    hint: Option<String>,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            cause: None,
            hint: None,
        }
    }

    pub fn caused_by(self, cause: impl Into<anyhow::Error>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Hint for Failure {
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}
