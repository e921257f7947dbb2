//! A file that is being imported.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::run::wait_while_in_use;
use crate::sanitize::printable;

/// The folder of a file's reports.
const RUN: &str = "run";

/// The note in a file's folder.
pub const NOTE: &str = "NOTE.txt";

/// The longest name that is shown, in characters.
const MAX_NAME_CHARS: usize = 255;

/// A file that is being imported, in a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub path: PathBuf,
    pub name: String,
    /// The file's name; `None` if the file is missing.
    pub file: Option<OsString>,
}

/// The folder of a file's reports, in the file's folder.
pub fn run_in(folder: &Path) -> PathBuf {
    folder.join(RUN)
}

impl Job {
    pub fn input(&self) -> Option<PathBuf> {
        self.file.as_ref().map(|file| self.path.join(file))
    }

    /// The folder of its reports.
    pub fn run(&self) -> PathBuf {
        run_in(&self.path)
    }

    /// Its name in messages.
    pub fn shown(&self) -> String {
        let name = self.file.as_deref().unwrap_or(OsStr::new(&self.name));
        printable(&name.to_string_lossy(), MAX_NAME_CHARS)
    }

    /// Removes the note of an earlier attempt, if there is one.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove_note(&self) -> io::Result<()> {
        let note = self.path.join(NOTE);
        match wait_while_in_use(&note, || fs::remove_file(&note)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
