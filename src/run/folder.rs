//! The folder that holds everything a run leaves behind. Nothing in it is ever overwritten by another run.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::lock::{Lock, LockError};

/// How long a name made from the input's may be, in characters.
const STEM_CHARS: usize = 60;

/// A run's folder, locked.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    lock: Lock,
    last_alive: Option<SystemTime>,
    /// The folder was not there before.
    is_new: bool,
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
        "the report folder {} is not empty, and reports are never overwritten\n  hint: name a new folder with --report-dir",
        path.display()
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Another process is at it.
    #[error("the run in {} is under way in another process{}", path.display(), holder.as_ref().map(|pid| format!(" ({pid})")).unwrap_or_default())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process's ID, where it can be told.
        holder: Option<String>,
    },
    /// There is no folder.
    #[error("there is no run folder {}", path.display())]
    Missing {
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
        let is_new = !path.exists();
        fs::create_dir_all(path).map_err(not_writable)?;
        if fs::read_dir(path).map_err(not_writable)?.next().is_some() {
            if Lock::exists_in(path) {
                lock(path)?;
            }
            return Err(FolderError::NotEmpty {
                path: path.to_owned(),
            });
        }
        Self::claim(path, is_new)
    }

    /// Takes a folder that was empty a moment ago.
    fn claim(path: &Path, is_new: bool) -> Result<Self, FolderError> {
        let lock = lock(path)?;
        // Since then another process may have made a run here, and ended.
        let is_empty = Lock::is_only_file_in(path).map_err(|source| FolderError::NotWritable {
            path: path.to_owned(),
            source,
        })?;
        if !is_empty {
            return Err(FolderError::NotEmpty {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            lock,
            last_alive: None,
            path: path.to_owned(),
            is_new,
        })
    }

    /// Makes a folder of its own below `parent`, named after the input and the time.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create_named(parent: &Path, stem: &str, now: Timestamp) -> Result<Self, FolderError> {
        let name = format!(
            "seatload-{}-{}",
            safe_file_name(stem),
            now.strftime("%Y%m%d-%H%M%S")
        );
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
        let created = Self::create(&path)?;
        Ok(Self {
            is_new: true,
            ..created
        })
    }

    /// Takes the folder of a run that is to go on.
    ///
    /// # Errors
    /// When there is none, or it is in use.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        if !path.is_dir() {
            return Err(FolderError::Missing {
                path: path.to_owned(),
            });
        }
        let last_alive = Lock::last_heartbeat(path);
        Ok(Self {
            lock: lock(path)?,
            last_alive,
            path: path.to_owned(),
            is_new: false,
        })
    }

    /// Leaves nothing of a folder in which no run has begun, though it may have been prepared.
    pub fn remove_unstarted(self) {
        let Self {
            path, lock, is_new, ..
        } = self;
        drop(lock);
        // It was empty when it was taken. What cannot be taken away does no harm.
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
        if is_new {
            let _ = fs::remove_dir(&path);
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the disk knows of every file that was made here.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    /// Leaves a sign that the run is alive.
    pub fn heartbeat(&self) {
        self.lock.beat();
    }

    /// How long ago an earlier part of the run was last alive, if there was one.
    pub fn since_last_heartbeat(&self) -> Option<Duration> {
        // A clock that was set back in between says nothing: then it may have been a moment ago.
        let quiet = |alive: SystemTime| alive.elapsed().unwrap_or_default();
        self.last_alive.map(quiet)
    }

    /// Takes a file away, if it is there.
    ///
    /// # Errors
    /// When it is there and cannot be taken away.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
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
        replace_file(&self.path, name, write)
    }
}

/// Writes a file of a folder as a whole: whoever looks sees all of it or what was there before.
///
/// # Errors
/// When it cannot be written.
pub fn replace_file(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}.unfinished"));
    let written = write_file(&unfinished, write)
        .and_then(|()| fs::rename(&unfinished, folder.join(name)))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        // Best effort: it takes space that may be short.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = io::BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

/// Waits until the disk knows of every entry of a folder.
///
/// # Errors
/// When the disk does not take it.
#[cfg_attr(not(unix), expect(unused_variables, reason = "there is nothing to do"))]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and its entries are safe once they are made.
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    Ok(())
}

fn lock(path: &Path) -> Result<Lock, FolderError> {
    Lock::take(path).map_err(|error| match error {
        LockError::Held { by } => FolderError::InUse {
            path: path.to_owned(),
            holder: by,
        },
        LockError::Io(source) => FolderError::NotWritable {
            path: path.to_owned(),
            source,
        },
    })
}

/// A name that every file system takes.
pub fn safe_file_name(stem: &str) -> String {
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
    fn a_folder_in_which_another_process_has_made_a_run_meanwhile_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let other = RunFolder::create(&path).unwrap();
        fs::write(path.join("success.csv"), "precious").unwrap();
        drop(other);
        let error = RunFolder::claim(&path, true).unwrap_err();
        assert!(matches!(error, FolderError::NotEmpty { .. }));
        let left = fs::read_to_string(path.join("success.csv")).unwrap();
        assert_eq!(left, "precious");
    }

    #[test]
    fn a_folder_is_held_by_one_process_and_a_lock_left_behind_holds_nobody_up() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let held = RunFolder::create(&path).unwrap();
        for again in [RunFolder::create(&path), RunFolder::open(&path)] {
            let Err(FolderError::InUse { holder, .. }) = again else {
                panic!("{again:?}");
            };
            assert_eq!(holder, Some(std::process::id().to_string()));
        }
        drop(held);
        assert!(Lock::exists_in(&path));
        RunFolder::open(&path).unwrap().remove_unstarted();
        assert!(path.is_dir() && !Lock::exists_in(&path));
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
        assert!(!folder.path().join("a.unfinished").exists());
        assert_eq!(
            fs::read_to_string(folder.path().join("a")).unwrap(),
            "first"
        );
    }
}
