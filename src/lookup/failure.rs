//! Why the service did not answer a question.

use crate::hint::Hint;

/// Why one way to ask gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// 401 or 403.
    #[error("refused with {status}{}", after_colon(.message))]
    Refused { status: u16, message: String },
    /// The service does not have the call: it answers so, with a web page, or with a redirect.
    #[error("{} (status {status})", match status {
        200..300 => "a web page",
        300..400 => "redirected",
        _ => "not there",
    })]
    Missing { status: u16 },
    #[error("rejected with {status}{}", after_colon(.message))]
    Rejected { status: u16, message: String },
    /// An answer that cannot be understood.
    #[error("{0}")]
    Invalid(String),
    /// The retries are used up, or the service asks for a long wait.
    #[error("{0}")]
    Unavailable(String),
    #[error("cannot sign in: {0}")]
    NotSignedIn(String),
    #[error("cannot write what was read: {0}")]
    CannotWrite(String),
}

fn after_colon(message: &str) -> String {
    match message {
        "" => String::new(),
        message => format!(": {message}"),
    }
}

impl CallFailure {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. }
            | Self::Missing { status }
            | Self::Rejected { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the service has refused the call, so that it has certainly not been applied.
    pub fn is_refusal(&self) -> bool {
        matches!(self.status(), Some(300..=499 | 501))
    }

    /// Whether another way may work where this one does not.
    pub fn is_about_the_way(&self) -> bool {
        !matches!(
            self,
            Self::Unavailable(_) | Self::NotSignedIn(_) | Self::CannotWrite(_)
        )
    }
}

/// A question that the service did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// No way works, as far as this service and this token are concerned.
    #[error("the service does not say {what} ({failures})")]
    NoWay {
        what: &'static str,
        /// Each way and how it failed.
        failures: String,
        /// The scope that the token may lack.
        scope: &'static str,
    },
    #[error("cannot ask the service {what}: {failure}")]
    Unavailable {
        what: &'static str,
        failure: CallFailure,
    },
}

impl Hint for LookupError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoWay { scope, .. } => format!(
                "give it in a file, or sign in with a token that may read it (scope {scope}); `seatload check` shows what works"
            ),
            Self::Unavailable { .. } => {
                "nothing was sent; check the network with `seatload check`, or retry later"
                    .to_owned()
            }
        })
    }
}

/// A question, and the scope that its answers need.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    pub what: &'static str,
    pub scope: &'static str,
}

/// How the ways to ask a question have failed so far.
#[derive(Debug)]
pub struct Ways {
    question: Question,
    failures: Vec<String>,
}

impl Ways {
    pub fn new(question: Question) -> Self {
        Self {
            question,
            failures: Vec::new(),
        }
    }

    /// A way failed. An error means that no other needs to be tried.
    pub fn failed(&mut self, way: &str, failure: CallFailure) -> Result<(), LookupError> {
        if !failure.is_about_the_way() {
            let what = self.question.what;
            return Err(LookupError::Unavailable { what, failure });
        }
        self.failures.push(format!("{way}: {failure}"));
        Ok(())
    }

    /// No way is left.
    pub fn into_error(self) -> LookupError {
        LookupError::NoWay {
            what: self.question.what,
            failures: self.failures.join("; "),
            scope: self.question.scope,
        }
    }
}

/// One error of each kind, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use crate::diagnostic::Sample;

    let refused = CallFailure::Refused {
        status: 403,
        message: "Forbidden".to_owned(),
    };
    let mut ways = Ways::new(Question {
        what: "which licences users have",
        scope: "PM.License.Read",
    });
    for (way, failure) in [
        ("by ID", refused),
        ("licence list", CallFailure::Missing { status: 404 }),
        ("portal list", CallFailure::Missing { status: 302 }),
        (
            "allocation list",
            CallFailure::Invalid("a listing that has a user twice".to_owned()),
        ),
    ] {
        ways.failed(way, failure).expect("other ways are left");
    }
    vec![
        Sample::error(ways.into_error()),
        Sample::error(LookupError::Unavailable {
            what: "which users the e-mail addresses belong to",
            failure: CallFailure::Unavailable("status 503".to_owned()),
        }),
    ]
}
