//! The watched folder: its files, the current job, and the moves between its subfolders.
//!
//! A file is moved into a folder of its own in `working`, and stays in it: the reports and the note are written there, and
//! the whole folder is moved when the file is done. Each move is one rename, so a kill leaves a file in one place or the
//! other.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use super::job::{Job, NOTE, run_in};
use super::names::{FileKind, kind};
use crate::hint::Hint;
use crate::run::{Lock, LockError, replace_file, sync_folder, wait_while_in_use};
use crate::watch::file_version::file_version;
use crate::watch::folders::{TargetFolder, job_folder_name, unused_name};
use crate::watch::pending_files::FoundFile;

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("there is no folder {}", path.display())]
    Missing { path: PathBuf },
    #[error("another process watches {}{}", path.display(), by.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        path: PathBuf,
        /// The process's ID, if it is known.
        by: Option<String>,
    },
    #[error("cannot write to {}", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    /// Files cannot be moved between two of the watch's folders.
    #[error("cannot move files from {WORKING} to {place} in {}", path.display())]
    NotMovable {
        path: PathBuf,
        place: &'static str,
        source: io::Error,
    },
}

impl Hint for WatchError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { .. } => "create the folder, or name another one",
            Self::InUse { .. } => "stop the other watch, or name another folder",
            Self::NotWritable { .. } => {
                "give this user the permission to create, move and remove files there"
            }
            Self::NotMovable { .. } => {
                "make both plain folders on the same disk, with write permission for this user"
            }
        };
        Some(hint.to_owned())
    }
}

/// The subfolder of the lock and the log of imported files.
const OWN: &str = ".seatload";

pub const WORKING: &str = "working";

/// A folder that is moved to find out whether files can be.
const PROBE: &str = ".probe";

/// A folder that is watched, locked.
#[derive(Debug)]
pub struct WatchFolder {
    path: PathBuf,
    lock: Lock,
    earlier_heartbeat: Option<SystemTime>,
}

impl WatchFolder {
    /// Locks a folder, creates its subfolders, and checks that files can be moved between them.
    ///
    /// # Errors
    /// When there is no folder, another process watches it, or it cannot be written to.
    pub fn open(path: &Path) -> Result<Self, WatchError> {
        let path = path.to_owned();
        if !path.is_dir() {
            return Err(WatchError::Missing { path });
        }
        let not_writable = |source| WatchError::NotWritable {
            path: path.clone(),
            source,
        };
        let own = path.join(OWN);
        fs::create_dir_all(&own).map_err(not_writable)?;
        let earlier_heartbeat = Lock::last_heartbeat(&own);
        let lock = Lock::take(&own).map_err(|error| match error {
            LockError::InUse { pid: by } => WatchError::InUse {
                path: path.clone(),
                by,
            },
            LockError::Io(source) => not_writable(source),
        })?;
        let folder = Self {
            path: path.clone(),
            lock,
            earlier_heartbeat,
        };
        // Starting a watch sends nothing, so the heartbeat stays that of the last request.
        folder.restore_heartbeat(earlier_heartbeat);
        for part in TargetFolder::ALL
            .map(TargetFolder::folder)
            .into_iter()
            .chain([WORKING])
        {
            fs::create_dir_all(path.join(part)).map_err(not_writable)?;
        }
        for place in TargetFolder::ALL {
            folder.check_movable(place)?;
        }
        Ok(folder)
    }

    fn check_movable(&self, place: TargetFolder) -> Result<(), WatchError> {
        let from = self.path.join(WORKING).join(PROBE);
        let to = self.path.join(place.folder()).join(PROBE);
        fs::create_dir_all(&from)
            .and_then(|()| fs::rename(&from, &to))
            .and_then(|()| fs::remove_dir(&to))
            .map_err(|source| WatchError::NotMovable {
                path: self.path.clone(),
                place: place.folder(),
                source,
            })
    }

    /// The folder of the log of imported files.
    pub fn state_dir(&self) -> PathBuf {
        self.path.join(OWN)
    }

    /// The last heartbeat of an earlier watch of this folder.
    pub fn earlier_heartbeat(&self) -> Option<SystemTime> {
        self.earlier_heartbeat
    }

    /// Records that a request may have been sent.
    pub fn heartbeat(&self) {
        self.lock.heartbeat();
    }

    pub fn last_heartbeat(&self) -> Option<SystemTime> {
        Lock::last_heartbeat(&self.state_dir())
    }

    /// Removes the heartbeats after this one, since nothing was sent.
    pub fn restore_heartbeat(&self, heartbeat: Option<SystemTime>) {
        self.lock
            .set_heartbeat(heartbeat.unwrap_or(SystemTime::UNIX_EPOCH));
    }

    /// The files in the folder, without symbolic links and folders.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn files(&self) -> io::Result<Vec<FoundFile>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // A file may be gone by now. This does not follow links.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_file() {
                files.push(FoundFile {
                    name: entry.file_name(),
                    version: file_version(&metadata),
                });
            }
        }
        Ok(files)
    }

    /// Moves a file into a folder of its own in `working`. `None` if the file is gone.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn claim(&self, file: &OsStr, now: Timestamp) -> io::Result<Option<Job>> {
        let stem = Path::new(file).file_stem().unwrap_or(file);
        let working = self.path.join(WORKING);
        let name = job_folder_name(&stem.to_string_lossy(), now, |name| {
            let places = TargetFolder::ALL.map(TargetFolder::folder);
            let mut parts = places.into_iter().chain([WORKING]);
            parts.any(|part| exists(&self.path.join(part).join(name)))
        });
        let path = working.join(&name);
        fs::create_dir(&path)?;
        let from = self.path.join(file);
        let moved = wait_while_in_use(&from, || fs::rename(&from, path.join(file)));
        if let Err(error) = moved {
            let _ = fs::remove_dir(&path);
            return match error.kind() {
                io::ErrorKind::NotFound => Ok(None),
                _ => Err(error),
            };
        }
        for folder in [&path, &working, &self.path] {
            sync_folder(folder)?;
        }
        Ok(Some(Job {
            path,
            name,
            file: Some(file.to_owned()),
        }))
    }

    /// The file in `working`, if there is one. Removes folders that were created for a file and have none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn current_job(&self) -> io::Result<Option<Job>> {
        let mut jobs = Vec::new();
        for entry in fs::read_dir(self.path.join(WORKING))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if !entry.file_type()?.is_dir() || name == PROBE {
                continue;
            }
            let path = entry.path();
            let file = import_in(&path)?;
            if file.is_none() && !exists(&run_in(&path)) {
                // A kill came before the file was moved. A folder with other content stays.
                let _ = fs::remove_dir(&path);
                continue;
            }
            jobs.push(Job { path, name, file });
        }
        jobs.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(jobs.into_iter().next())
    }

    /// The path that a job's folder will be moved to.
    pub fn destination(&self, job: &Job, place: TargetFolder) -> PathBuf {
        let parent = self.path.join(place.folder());
        parent.join(unused_name(&job.name, |name| exists(&parent.join(name))))
    }

    /// Moves a job's folder to a destination, with a note if one is given.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn file_away(&self, job: &Job, destination: &Path, note: Option<&str>) -> io::Result<()> {
        if let Some(note) = note {
            replace_file(&job.path, NOTE, |out| out.write_all(note.as_bytes()))?;
        }
        wait_while_in_use(&job.path, || fs::rename(&job.path, destination))?;
        if let Some(parent) = destination.parent() {
            sync_folder(parent)?;
        }
        sync_folder(&self.path.join(WORKING))
    }

    /// The folder with this name among those of files that are done, if it is still there.
    pub fn find_filed(&self, name: &str) -> Option<PathBuf> {
        let places = TargetFolder::ALL.map(|place| self.path.join(place.folder()).join(name));
        places.into_iter().find(|path| exists(path))
    }
}

fn exists(path: &Path) -> bool {
    // A broken link takes the name, too.
    fs::symlink_metadata(path).is_ok()
}

/// The file to import in a job's folder.
fn import_in(folder: &Path) -> io::Result<Option<OsString>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && kind(&name.to_string_lossy()) == FileKind::Import {
            found.push(name);
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T10:15:00Z".parse().unwrap()
    }

    fn watched() -> (tempfile::TempDir, WatchFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = WatchFolder::open(dir.path()).unwrap();
        (dir, folder)
    }

    #[test]
    fn a_file_moves_through_working_to_its_folder_with_a_note_and_overwrites_none() {
        let (dir, folder) = watched();
        for nth in 1..3 {
            fs::write(dir.path().join("a.csv"), nth.to_string()).unwrap();
            let job = folder.claim(OsStr::new("a.csv"), now()).unwrap().unwrap();
            assert!(!dir.path().join("a.csv").exists());
            assert_eq!(folder.current_job().unwrap(), Some(job.clone()));
            let to = folder.destination(&job, TargetFolder::Attention);
            folder.file_away(&job, &to, Some("why")).unwrap();
            assert_eq!(folder.current_job().unwrap(), None);
            assert_eq!(
                fs::read_to_string(to.join("a.csv")).unwrap(),
                nth.to_string()
            );
            assert_eq!(fs::read_to_string(to.join(NOTE)).unwrap(), "why");
            assert_eq!(folder.find_filed(&job.name), Some(to));
        }
        let attention = dir.path().join("attention");
        assert!(attention.join("a-20261124-101500/a.csv").exists());
        assert!(attention.join("a-20261124-101500-2/a.csv").exists());
    }

    #[test]
    fn a_folder_that_was_created_for_a_file_and_has_none_is_removed() {
        let (dir, folder) = watched();
        let empty = dir.path().join("working/a-20261124-101500");
        fs::create_dir(&empty).unwrap();
        fs::create_dir(dir.path().join("working/mine")).unwrap();
        fs::write(dir.path().join("working/mine/notes.txt"), "mine").unwrap();
        assert_eq!(folder.current_job().unwrap(), None);
        assert!(!empty.exists());
        assert!(dir.path().join("working/mine/notes.txt").exists());
    }

    #[test]
    fn a_file_that_is_gone_is_not_claimed_and_leaves_nothing() {
        let (dir, folder) = watched();
        assert_eq!(folder.claim(OsStr::new("a.csv"), now()).unwrap(), None);
        let left = fs::read_dir(dir.path().join("working")).unwrap().count();
        assert_eq!(left, 0);
    }

    #[test]
    fn one_process_watches_a_folder() {
        let (dir, held) = watched();
        let Err(WatchError::InUse { by, .. }) = WatchFolder::open(dir.path()) else {
            panic!("watched twice");
        };
        // Windows lets nobody read a locked file.
        let own = std::process::id().to_string();
        assert!(by == Some(own) || cfg!(windows) && by.is_none());
        drop(held);
        WatchFolder::open(dir.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_and_folders_are_ignored_and_a_renamed_file_keeps_its_identity() {
        let (dir, folder) = watched();
        fs::create_dir(dir.path().join("sub.csv")).unwrap();
        fs::write(dir.path().join("a.csv.part"), "a").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link.csv")).unwrap();
        let before = folder.files().unwrap();
        fs::rename(dir.path().join("a.csv.part"), dir.path().join("a.csv")).unwrap();
        let after = folder.files().unwrap();
        assert_eq!((before.len(), after.len()), (1, 1));
        assert_eq!(before[0].version.id, after[0].version.id);
        assert_eq!(after[0].name, "a.csv");
    }
}
