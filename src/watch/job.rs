//! A file that is being worked at.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::run::wait_while_in_use;
use crate::sanitize::printable;

/// The reports of a file, in its folder.
const RUN: &str = "run";

/// The note in a file's folder.
pub const NOTE: &str = "NOTE.txt";

/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 255;

/// A file that is being worked at, in a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub path: PathBuf,
    pub name: String,
    /// The file's name; none if somebody has taken it away.
    pub file: Option<OsString>,
}

/// Where the reports of a file are, in its folder.
pub fn run_in(folder: &Path) -> PathBuf {
    folder.join(RUN)
}

impl Job {
    /// The file.
    pub fn input(&self) -> Option<PathBuf> {
        self.file.as_ref().map(|file| self.path.join(file))
    }

    /// Where its reports are, or will be.
    pub fn run(&self) -> PathBuf {
        run_in(&self.path)
    }

    /// What to call it.
    pub fn shown(&self) -> String {
        let name = self.file.as_deref().unwrap_or(OsStr::new(&self.name));
        printable(&name.to_string_lossy(), LONGEST_NAME)
    }

    /// Takes away what a note said, if there is one.
    ///
    /// # Errors
    /// When it is there and cannot be taken away.
    pub fn remove_note(&self) -> io::Result<()> {
        let note = self.path.join(NOTE);
        match wait_while_in_use(&note, || fs::remove_file(&note)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
