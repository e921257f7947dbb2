//! Why the files of a run cannot be used.

use std::io;

use crate::hint::Hint;

#[derive(Debug, thiserror::Error)]
pub enum RunFileError {
    #[error("cannot read or write the files of the run")]
    Io(#[from] io::Error),
    #[error("{file} is damaged: one of its records cannot be read")]
    Damaged {
        file: &'static str,
        source: csv::Error,
    },
    #[error("{file} is missing, so it is unknown which users were sent")]
    Missing { file: &'static str },
    #[error("{file} names the user {user}, which is not in the input")]
    UnknownUser { file: &'static str, user: String },
}

impl Hint for RunFileError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io(_) => return None,
            Self::Damaged { .. } | Self::Missing { .. } => {
                "import the input again; sending a user twice does no harm"
            }
            Self::UnknownUser { .. } => "restore the input that the run started with",
        };
        Some(hint.to_owned())
    }
}
