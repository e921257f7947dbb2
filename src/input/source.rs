//! The source of the bytes: a file or standard input.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::input::error::InputError;
use crate::sanitize::printable;

/// The input as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Path(PathBuf),
    /// `-` on the command line.
    Stdin,
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

    /// Opens the input.
    ///
    /// # Errors
    /// When the file does not exist, is a folder, or may not be read.
    pub fn open(&self) -> Result<Source, InputError> {
        match self {
            Self::Path(path) => open_file(path).map_err(|source| InputError::Open {
                path: path.clone(),
                source,
            }),
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

fn open_file(path: &Path) -> io::Result<Source> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder, not a file",
        ));
    }
    Ok(Source {
        reader: Box::new(file),
        bytes: metadata.is_file().then_some(metadata.len()),
    })
}

/// An opened input.
pub struct Source {
    pub reader: Box<dyn Read + Send>,
    /// The number of bytes, if it is known.
    pub bytes: Option<u64>,
}
