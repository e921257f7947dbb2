//! The source of the bytes: a file or standard input.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::input::error::InputError;
use crate::input::similar_file::similar_file;
use crate::sanitize::printable;

/// The input as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Path(PathBuf),
    /// `-` on the command line.
    Stdin,
}

/// `-` is standard input.
impl From<OsString> for Input {
    fn from(argument: OsString) -> Self {
        if argument == "-" {
            Self::Stdin
        } else {
            Self::Path(argument.into())
        }
    }
}

impl Input {
    /// The name without folder and extension, for files that are named after the input.
    pub fn stem(&self) -> &str {
        match self {
            Self::Path(path) => path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or("input"),
            Self::Stdin => "stdin",
        }
    }

    /// The folder of the file.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => path.parent(),
            Self::Stdin => None,
        }
    }

    /// Requires that the input can be opened: a wrong name is best corrected before anything that takes longer.
    pub fn require(&self) -> Result<(), InputError> {
        self.open().map(drop)
    }

    /// Opens the input.
    ///
    /// # Errors
    /// When the file does not exist, is a folder, or may not be read.
    pub fn open(&self) -> Result<Source, InputError> {
        match self {
            Self::Path(path) => open_file(path),
            Self::Stdin => Ok(Source {
                reader: Box::new(io::stdin()),
                bytes: None,
            }),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A file name must not control the terminal.
            Self::Path(path) => f.write_str(&printable(&path.to_string_lossy(), usize::MAX)),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

fn open_file(path: &Path) -> Result<Source, InputError> {
    let cannot_open = |source| InputError::Open {
        path: path.to_owned(),
        similar: similar_file(path),
        source,
    };
    // Looked at before it is opened: a pipe that nobody writes to would never open.
    let metadata = fs::metadata(path).map_err(cannot_open)?;
    if metadata.is_dir() {
        let kind = io::ErrorKind::IsADirectory;
        return Err(cannot_open(io::Error::new(
            kind,
            "it is a folder, not a file",
        )));
    }
    if !metadata.is_file() {
        return Err(InputError::NotAFile {
            path: path.to_owned(),
        });
    }
    Ok(Source {
        reader: Box::new(File::open(path).map_err(cannot_open)?),
        bytes: Some(metadata.len()),
    })
}

/// What the system says of a file's content without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileState {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Input {
    /// `None` for standard input, and for a file that cannot be looked at.
    pub fn state(&self) -> Option<FileState> {
        let Self::Path(path) = self else {
            return None;
        };
        let metadata = fs::metadata(path).ok()?;
        Some(FileState {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

/// An opened input.
pub struct Source {
    pub reader: Box<dyn Read + Send>,
    /// The number of bytes, if it is known.
    pub bytes: Option<u64>,
}
