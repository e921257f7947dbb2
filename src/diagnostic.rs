//! How every error is shown: what happened, why, and the next step.

use std::error::Error;
use std::io::{self, ErrorKind};

use crate::api::{EndpointError, NetworkError, TokenError};
use crate::hint::{Failure, Hint};
use crate::input::{InputError, TableError};
use crate::lookup::LookupError;
use crate::run::{FileInUse, FolderError, ManifestError, RunFileError};
use crate::sanitize::printable_lines;
use crate::watch::{ImportLogError, WatchError};

/// An error in parts.
pub struct Diagnostic {
    /// What happened, then its causes, nearest first.
    pub causes: Vec<String>,
    /// The next step of the outermost error that has one; where none has, the system's error kind decides.
    pub hint: Option<String>,
}

impl Diagnostic {
    pub fn new(error: &anyhow::Error) -> Self {
        // A message may name a file, and a file's name must not control the terminal.
        let messages = error
            .chain()
            .map(|cause| printable_lines(&cause.to_string()));
        let hint = error
            .chain()
            .find_map(hint_of)
            .or_else(|| error.chain().find_map(io_hint));
        Self {
            causes: messages.collect(),
            hint: hint.map(|hint| printable_lines(&hint)),
        }
    }

    /// `message`, `caused by:` and `hint:`, a line each.
    pub fn render(&self) -> String {
        let (message, causes) = self.causes.split_first().expect("an error has a message");
        let mut text = message.clone();
        if !causes.is_empty() {
            text.push_str("\n  caused by: ");
            text.push_str(&causes.join(": "));
        }
        if let Some(hint) = &self.hint {
            text.push_str("\n  hint: ");
            text.push_str(hint);
        }
        text
    }
}

/// The message, causes and hint of an error, as [`Diagnostic::render`] gives them.
pub fn render(error: &anyhow::Error) -> String {
    Diagnostic::new(error).render()
}

/// The hint of an error, if it is of a type that has hints.
fn hint_of(error: &(dyn Error + 'static)) -> Option<String> {
    // An error that an error of the system wraps is not among its causes.
    let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
    if let Some(in_use) = wrapped.and_then(|error| error.downcast_ref::<FileInUse>()) {
        return in_use.hint();
    }
    fn of<E: Hint + 'static>(error: &(dyn Error + 'static)) -> Option<String> {
        error.downcast_ref::<E>().and_then(Hint::hint)
    }
    let types = [
        of::<Failure>,
        of::<InputError>,
        of::<LookupError>,
        of::<TableError>,
        of::<FolderError>,
        of::<ManifestError>,
        of::<RunFileError>,
        of::<EndpointError>,
        of::<NetworkError>,
        of::<TokenError>,
        of::<WatchError>,
        of::<ImportLogError>,
    ];
    types.iter().find_map(|hint| hint(error))
}

/// What to do about an error of the system.
fn io_hint(error: &(dyn Error + 'static)) -> Option<String> {
    let hint = match error.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::NotFound => "check the path; relative paths start at the current folder",
        ErrorKind::PermissionDenied => "give this user access to it, or choose another place",
        ErrorKind::ReadOnlyFilesystem => "choose a place that can be written to",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some disk space, or choose another place"
        }
        ErrorKind::FileTooLarge => "raise the file-size limit (ulimit -f), or choose another place",
        ErrorKind::IsADirectory => "name a file: this is a folder",
        ErrorKind::NotADirectory => "name a folder: this is a file",
        ErrorKind::AlreadyExists => "choose another name, or remove what has this name",
        ErrorKind::InvalidFilename if cfg!(windows) => {
            "Windows allows no \" < > | ? or * in a name, and no : except after the drive"
        }
        ErrorKind::InvalidFilename => "choose a shorter name",
        ErrorKind::AddrInUse => "choose another port, or end the program that listens on it",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// A message of the program, for the snapshot of all messages.
#[cfg(test)]
pub enum Sample {
    Error(anyhow::Error),
    Text(String),
}

#[cfg(test)]
impl Sample {
    pub fn error(error: impl Into<anyhow::Error>) -> Self {
        Self::Error(error.into())
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    fn failed(kind: ErrorKind) -> Result<(), io::Error> {
        Err(io::Error::new(kind, "the system says no"))
    }

    #[test]
    fn the_message_its_causes_and_the_hint_have_a_line_each() {
        let cause = failed(ErrorKind::Other).unwrap_err();
        let error = Failure::new("cannot open b.csv")
            .caused_by(cause)
            .hint("export it again");
        let error = anyhow!(error).context("cannot use b.csv (--current)");
        assert_eq!(
            render(&error),
            "cannot use b.csv (--current)\n  caused by: cannot open b.csv: the system says no\n  hint: export it again"
        );
    }

    #[test]
    fn where_no_error_has_a_hint_the_systems_error_decides() {
        let error = failed(ErrorKind::StorageFull)
            .context("cannot write")
            .unwrap_err();
        assert!(
            render(&error).ends_with("\n  hint: free some disk space, or choose another place")
        );
        let error = failed(ErrorKind::Other)
            .context("cannot write")
            .unwrap_err();
        assert_eq!(
            render(&error),
            "cannot write\n  caused by: the system says no"
        );
        assert_eq!(render(&anyhow!("no more seats")), "no more seats");
    }
}
