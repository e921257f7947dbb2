//! A folder that one process at a time may work in.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

/// Locked as long as the work lasts. The system lets go of it with the process, so it is never stale.
const NAME: &str = "lock";

/// A lock that is held. Dropping it lets go. Its time of change tells when its holder was last alive.
#[derive(Debug)]
pub struct Lock(File);

/// Why a folder cannot be locked.
#[derive(Debug)]
pub enum LockError {
    /// Another process is at it.
    Held {
        /// The process's ID, where it can be told.
        by: Option<String>,
    },
    /// The system does not let it be locked.
    Io(io::Error),
}

impl Lock {
    /// Locks a folder, and writes down for others who holds it.
    ///
    /// # Errors
    /// When another process holds it, or the folder cannot be written to.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(NAME);
        let mut lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(LockError::Io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by = fs::read_to_string(&path).ok();
                return Err(LockError::Held {
                    by: by.map(|pid| pid.trim().to_owned()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        lock.set_len(0).map_err(LockError::Io)?;
        writeln!(lock, "{}", std::process::id()).map_err(LockError::Io)?;
        Ok(Self(lock))
    }

    /// Whether a folder was ever locked.
    pub fn exists_in(folder: &Path) -> bool {
        folder.join(NAME).exists()
    }

    /// Whether a folder holds nothing else.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_only_file_in(folder: &Path) -> io::Result<bool> {
        for entry in fs::read_dir(folder)? {
            if entry?.file_name() != NAME {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// When whoever locked a folder last was last alive.
    pub fn last_heartbeat(folder: &Path) -> Option<SystemTime> {
        fs::metadata(folder.join(NAME)).ok()?.modified().ok()
    }

    /// Leaves a sign of life.
    pub fn beat(&self) {
        self.set_heartbeat(SystemTime::now());
    }

    /// Says when the holder, or one before it, was last alive.
    pub fn set_heartbeat(&self, at: SystemTime) {
        // Whoever comes next then waits no longer than it must.
        let _ = self.0.set_modified(at);
    }
}
