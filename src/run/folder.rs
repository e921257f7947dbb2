//! The folder that holds everything a run leaves behind. Nothing in it is ever overwritten by another run.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Locked as long as the run lasts. The system lets go of it with the process, so it is never stale.
const LOCK: &str = "lock";

/// How long a name made from the input's may be, in characters.
const STEM_CHARS: usize = 60;

/// A run's folder, locked.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: File,
}

/// Why there is no run folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be made or written to.
    #[error("cannot write reports to {}", path.display())]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds something.
    #[error(
        "the report folder {} is not empty, and reports are never overwritten\n  to do: name a new folder with --report-dir",
        path.display()
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Another process is at it.
    #[error("the report folder {} is in use by another run", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

impl RunFolder {
    /// Takes `path`, which is made if it is missing and else must be empty.
    ///
    /// # Errors
    /// When it holds something, is in use, or cannot be written to.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        let not_writable = |source| FolderError::NotWritable {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(path).map_err(not_writable)?;
        if fs::read_dir(path).map_err(not_writable)?.next().is_some() {
            return Err(FolderError::NotEmpty {
                path: path.to_owned(),
            });
        }
        let lock = File::create_new(path.join(LOCK)).map_err(not_writable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(not_writable(source)),
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Makes a folder of its own below `parent`, named after the input and the time.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create_named(parent: &Path, stem: &str, now: Timestamp) -> Result<Self, FolderError> {
        let name = format!("seatload-{}-{}", plain(stem), now.strftime("%Y%m%d-%H%M%S"));
        let mut path = parent.join(&name);
        // Two runs may begin in the same second.
        for next in 2.. {
            match fs::create_dir(&path) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    path = parent.join(format!("{name}-{next}"));
                }
                Err(source) => return Err(FolderError::NotWritable { path, source }),
            }
        }
        Self::create(&path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a file to append to.
    ///
    /// # Errors
    /// When it exists or cannot be made.
    pub fn append_to(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(self.path.join(name))
    }

    /// Writes a file as a whole: whoever looks sees all of it or what was there before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let unfinished = self.path.join(format!("{name}.unfinished"));
        let mut file = io::BufWriter::new(File::create(&unfinished)?);
        write(&mut file)?;
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(&unfinished, self.path.join(name))
    }
}

/// A name that every file system takes.
fn plain(stem: &str) -> String {
    stem.chars()
        .take(STEM_CHARS)
        .map(|character| match character {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') => c,
            _ => '-',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T10:15:00Z".parse().unwrap()
    }

    #[test]
    fn a_folder_is_named_after_the_input_and_the_time_and_never_taken_twice() {
        let parent = tempfile::tempdir().unwrap();
        let first = RunFolder::create_named(parent.path(), "HR drop: 3.2", now()).unwrap();
        let second = RunFolder::create_named(parent.path(), "HR drop: 3.2", now()).unwrap();
        assert_eq!(
            first.path(),
            parent.path().join("seatload-HR-drop--3-2-20261124-101500")
        );
        assert_eq!(
            second.path(),
            parent
                .path()
                .join("seatload-HR-drop--3-2-20261124-101500-2")
        );
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("success.csv"), "precious").unwrap();
        let error = RunFolder::create(parent.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotEmpty { .. }));
        let left = fs::read_to_string(parent.path().join("success.csv")).unwrap();
        assert_eq!(left, "precious");
    }

    #[test]
    fn a_whole_file_is_replaced_or_left_as_it_was() {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&parent.path().join("run")).unwrap();
        folder.replace("a", |out| out.write_all(b"first")).unwrap();
        let failed = folder.replace("a", |out| {
            out.write_all(b"second, cut")?;
            Err(io::Error::other("no space"))
        });
        assert!(failed.is_err());
        assert_eq!(
            fs::read_to_string(folder.path().join("a")).unwrap(),
            "first"
        );
    }
}
