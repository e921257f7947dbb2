//! Why a folder cannot be watched. Each says what to do about it.

use std::io;
use std::path::PathBuf;

use super::folder::WORKING;

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("there is no folder {}\n  hint: make it, or name another", path.display())]
    Missing { path: PathBuf },
    #[error("the folder {} is watched by another process{}", path.display(), by.as_ref().map(|pid| format!(" ({pid})")).unwrap_or_default())]
    InUse {
        path: PathBuf,
        /// The process's ID, where it can be told.
        by: Option<String>,
    },
    #[error("cannot write to {}\n  hint: let this user make, move and remove files there", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    /// Files cannot be moved from one part to another.
    #[error(
        "cannot move files from {WORKING} to {place} in {}\n  hint: let both be plain folders on the same disk, that this user may write to", path.display()
    )]
    NotMovable {
        path: PathBuf,
        place: &'static str,
        source: io::Error,
    },
}
