//! The folder of one run. No other run ever overwrites it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::lock::{Lock, LockError};
use crate::hint::Hint;

/// The longest part of a folder's name that is made from the input's name, in characters.
const STEM_CHARS: usize = 60;

/// A run's folder, locked.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    lock: Lock,
    last_heartbeat: Option<SystemTime>,
    /// This process created the folder.
    is_new: bool,
}

/// A folder for a run that has not started. It is removed again unless it is kept.
#[derive(Debug)]
pub struct NewRunFolder(Option<RunFolder>);

impl NewRunFolder {
    /// Keeps the folder: a run starts in it, or reports are in it.
    pub fn keep(mut self) -> RunFolder {
        self.0.take().expect("taken by this function alone")
    }
}

impl Deref for NewRunFolder {
    type Target = RunFolder;

    fn deref(&self) -> &RunFolder {
        self.0.as_ref().expect("taken by `keep` alone")
    }
}

impl Drop for NewRunFolder {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take() {
            folder.remove_unstarted();
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot write reports to {}", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("the report folder {} is not empty, and reports are never overwritten", path.display())]
    NotEmpty { path: PathBuf },
    #[error("another process{} is working on the run in {}", pid.as_ref().map(|pid| format!(" ({pid})")).unwrap_or_default(), path.display())]
    InUse { path: PathBuf, pid: Option<String> },
    #[error("there is no run folder {}", path.display())]
    Missing { path: PathBuf },
}

impl Hint for FolderError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotWritable { .. } => return None,
            Self::NotEmpty { .. } => "name a new folder with --report-dir",
            Self::InUse { .. } => "wait until it ends, or stop it with Ctrl-C",
            Self::Missing { .. } => "check the path; a run folder has a run.json",
        };
        Some(hint.to_owned())
    }
}

impl RunFolder {
    /// Takes `path`, which is created if it is missing, and else must be empty.
    pub fn create(path: &Path) -> Result<NewRunFolder, FolderError> {
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
        let folder = Self::claim(path, is_new)?;
        Ok(NewRunFolder(Some(folder)))
    }

    /// Locks a folder that was empty a moment ago.
    fn claim(path: &Path, is_new: bool) -> Result<Self, FolderError> {
        let lock = lock(path)?;
        // Another process may have made a run here in between, and ended.
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
            last_heartbeat: None,
            path: path.to_owned(),
            is_new,
        })
    }

    /// Creates a folder below `parent`, named after the input and the time.
    pub fn create_named(
        parent: &Path,
        stem: &str,
        now: Timestamp,
    ) -> Result<NewRunFolder, FolderError> {
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
        let created = Self::create(&path)?.keep();
        Ok(NewRunFolder(Some(Self {
            is_new: true,
            ..created
        })))
    }

    /// Opens the folder of a run that is resumed.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        if !path.is_dir() {
            return Err(FolderError::Missing {
                path: path.to_owned(),
            });
        }
        let last_heartbeat = Lock::last_heartbeat(path);
        Ok(Self {
            lock: lock(path)?,
            last_heartbeat,
            path: path.to_owned(),
            is_new: false,
        })
    }

    /// Removes what was prepared for a run that did not start.
    pub fn remove_unstarted(self) {
        let Self {
            path, lock, is_new, ..
        } = self;
        drop(lock);
        // The folder was empty when it was taken. What cannot be removed does no harm.
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
        if is_new {
            let _ = fs::remove_dir(&path);
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the disk has every entry of the folder.
    pub fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    /// Records that the run is alive.
    pub fn heartbeat(&self) {
        self.lock.heartbeat();
    }

    /// The time since the last heartbeat of an earlier session, if there was one.
    pub fn since_last_heartbeat(&self) -> Option<Duration> {
        // If the clock was set back in between, the heartbeat may have been a moment ago.
        self.last_heartbeat
            .map(|at| at.elapsed().unwrap_or_default())
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Replaces a file at once, as [`replace_file`] does.
    pub fn replace(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        replace_file(&self.path, name, write)
    }
}

/// Replaces a file of a folder at once: a reader sees all of the new file or all of the old one.
///
/// The unfinished file has a fixed name and the usual rights, which tempfile's have not: what a kill leaves is overwritten
/// the next time, and colleagues can read the reports.
pub fn replace_file(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}.unfinished"));
    let written = write_and_sync(&unfinished, write)
        .and_then(|()| fs::rename(&unfinished, folder.join(name)))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        // Best effort: space may be short.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn write_and_sync(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = io::BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

/// Waits until the disk has every entry of a folder.
#[cfg_attr(not(unix), expect(unused_variables, reason = "there is nothing to do"))]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // Other systems cannot open a folder as a file; there an entry is safe as soon as it is made.
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    Ok(())
}

fn lock(path: &Path) -> Result<Lock, FolderError> {
    Lock::take(path).map_err(|error| match error {
        LockError::InUse { pid } => FolderError::InUse {
            path: path.to_owned(),
            pid,
        },
        LockError::Io(source) => FolderError::NotWritable {
            path: path.to_owned(),
            source,
        },
    })
}

/// A name that every file system accepts.
pub fn safe_file_name(stem: &str) -> String {
    stem.chars()
        .take(STEM_CHARS)
        .map(|character| {
            let is_safe = character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
            if is_safe { character } else { '-' }
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
    fn a_folder_is_named_after_the_input_and_the_time_and_never_reused() {
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
    fn a_folder_with_files_is_left_unchanged() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("success.csv"), "precious").unwrap();
        let error = RunFolder::create(parent.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotEmpty { .. }));
        let left = fs::read_to_string(parent.path().join("success.csv")).unwrap();
        assert_eq!(left, "precious");
    }

    #[test]
    fn a_folder_in_which_another_process_has_made_a_run_is_left_unchanged() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let other = RunFolder::create(&path).unwrap().keep();
        fs::write(path.join("success.csv"), "precious").unwrap();
        drop(other);
        let error = RunFolder::claim(&path, true).unwrap_err();
        assert!(matches!(error, FolderError::NotEmpty { .. }));
        let left = fs::read_to_string(path.join("success.csv")).unwrap();
        assert_eq!(left, "precious");
    }

    #[test]
    fn a_folder_is_locked_by_one_process_and_its_lock_ends_with_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let held = RunFolder::create(&path).unwrap().keep();
        let created = RunFolder::create(&path).map(NewRunFolder::keep);
        for again in [created, RunFolder::open(&path)] {
            let Err(FolderError::InUse { pid, .. }) = again else {
                panic!("{again:?}");
            };
            assert_eq!(pid, Some(std::process::id().to_string()));
        }
        drop(held);
        assert!(Lock::exists_in(&path));
        RunFolder::open(&path).unwrap().remove_unstarted();
        assert!(path.is_dir() && !Lock::exists_in(&path));
    }

    #[test]
    fn a_new_folder_is_removed_unless_it_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let folder = RunFolder::create(&path).unwrap();
        fs::write(path.join("input.csv"), "userId,code").unwrap();
        drop(folder);
        assert!(!path.exists());
        RunFolder::create(&path).unwrap().keep();
        assert!(path.exists());
    }

    #[test]
    fn a_file_is_replaced_at_once_or_left_as_it_was() {
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
