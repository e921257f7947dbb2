//! The folder of one run. No other run ever overwrites it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::lock::Lock;
use super::{FolderError, StagedFile, replace_file, sync_folder, wait_while_in_use};

/// A run's folder, locked.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    lock: Lock,
    last_heartbeat: Option<SystemTime>,
}

impl RunFolder {
    /// Opens the folder of a run that is resumed.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        if !path.is_dir() {
            return Err(FolderError::Missing {
                path: path.to_owned(),
            });
        }
        let last_heartbeat = Lock::last_heartbeat(path);
        Ok(Self {
            last_heartbeat,
            ..Self::lock(path)?
        })
    }

    /// Locks a folder without an earlier session.
    pub fn lock(path: &Path) -> Result<Self, FolderError> {
        Ok(Self {
            path: path.to_owned(),
            lock: Lock::take(path).map_err(FolderError::not_locked(path))?,
            last_heartbeat: None,
        })
    }

    /// Removes the files of a run that did not start. What cannot be removed does no harm.
    pub fn remove_unstarted(self) {
        let Self { path, lock, .. } = self;
        drop(lock);
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
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
    ///
    /// # Errors
    /// When the folder was removed: nothing that is written to its open files would be found again.
    pub fn heartbeat(&self) -> io::Result<()> {
        if !Lock::exists_in(&self.path) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the report folder was removed",
            ));
        }
        self.lock.heartbeat();
        Ok(())
    }

    /// The time since the last heartbeat of an earlier session, if there was one.
    pub fn since_last_heartbeat(&self) -> Option<Duration> {
        // If the clock was set back in between, the heartbeat may have been a moment ago.
        self.last_heartbeat
            .map(|at| at.elapsed().unwrap_or_default())
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        match wait_while_in_use(&path, || fs::remove_file(&path)) {
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

    /// Writes what replaces a file once that is closed.
    pub fn stage(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<StagedFile> {
        StagedFile::write(&self.path, name, write)
    }
}
