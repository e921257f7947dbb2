//! The lock of a folder: one process at a time works in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

const NAME: &str = "lock";

/// A lock on a folder. The system releases it with the process, so it is never stale. The file's time of change is the
/// last heartbeat.
#[derive(Debug)]
pub struct Lock(File);

#[derive(Debug)]
pub enum LockError {
    InUse {
        /// The other process, if it is known.
        pid: Option<String>,
    },
    Io(io::Error),
}

impl Lock {
    /// Locks a folder, and writes this process's ID for others to read.
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
                // Windows lets nobody read a locked file.
                let pid = fs::read_to_string(&path).ok();
                return Err(LockError::InUse {
                    pid: pid.map(|pid| pid.trim().to_owned()),
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

    pub fn is_only_file_in(folder: &Path, but_for: &str) -> io::Result<bool> {
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            if name != NAME && name != but_for {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The last heartbeat of the last process that locked a folder.
    pub fn last_heartbeat(folder: &Path) -> Option<SystemTime> {
        fs::metadata(folder.join(NAME)).ok()?.modified().ok()
    }

    pub fn heartbeat(&self) {
        self.set_heartbeat(SystemTime::now());
    }

    pub fn set_heartbeat(&self, at: SystemTime) {
        // Best effort: without it, the next session waits longer than it must.
        let _ = self.0.set_modified(at);
    }
}
