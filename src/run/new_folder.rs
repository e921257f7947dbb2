//! The folder of a run that has not started: it is removed again unless it is kept.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::lock::Lock;
use super::{FolderError, RunFolder, START};

/// The longest part of a folder's name that is made from the input's name, in characters.
const STEM_CHARS: usize = 60;

/// A locked folder without a run.
#[derive(Debug)]
pub struct NewRunFolder {
    /// None once it is kept.
    folder: Option<RunFolder>,
    /// This process created the folder.
    is_created: bool,
}

impl NewRunFolder {
    /// Takes `path`, which is created if it is missing, and else must be empty.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        let is_created = !path.exists();
        fs::create_dir_all(path).map_err(FolderError::not_writable(path))?;
        Self::claim(path, is_created)
    }

    /// Creates a folder below `parent`, named after the input and the time.
    pub fn create_named(parent: &Path, stem: &str, now: Timestamp) -> Result<Self, FolderError> {
        let stem = safe_file_name(stem);
        let name = format!("seatload-{stem}-{}", now.strftime("%Y%m%d-%H%M%S"));
        Self::claim(&create_unused(&parent.join(name))?, true)
    }

    fn claim(path: &Path, is_created: bool) -> Result<Self, FolderError> {
        let check_empty = || match Lock::is_only_file_in(path, START) {
            Ok(true) => Ok(()),
            Ok(false) => Err(FolderError::NotEmpty {
                path: path.to_owned(),
            }),
            Err(error) => Err(FolderError::not_writable(path)(error)),
        };
        // The lock comes first where there is one: a run in progress is reported as such.
        if !Lock::exists_in(path) {
            check_empty()?;
        }
        let folder = RunFolder::lock(path)?;
        // Another process may have made a run here in between, and ended.
        check_empty()?;
        folder
            .remove(START)
            .map_err(FolderError::not_writable(path))?;
        Ok(Self {
            folder: Some(folder),
            is_created,
        })
    }

    /// Keeps the folder: a run starts in it, or reports are in it.
    pub fn keep(mut self) -> RunFolder {
        self.folder.take().expect("taken by this function alone")
    }
}

impl Deref for NewRunFolder {
    type Target = RunFolder;

    fn deref(&self) -> &RunFolder {
        self.folder.as_ref().expect("taken by `keep` alone")
    }
}

impl Drop for NewRunFolder {
    fn drop(&mut self) {
        let Some(folder) = self.folder.take() else {
            return;
        };
        let path = folder.path().to_owned();
        folder.remove_unstarted();
        if self.is_created {
            // Best effort: an empty folder does no harm.
            let _ = fs::remove_dir(path);
        }
    }
}

/// Creates a folder, with a number after its name if it is there already: two runs may start in the same second.
fn create_unused(path: &Path) -> Result<PathBuf, FolderError> {
    let numbered = (2..).map(|number| PathBuf::from(format!("{}-{number}", path.display())));
    for path in [path.to_owned()].into_iter().chain(numbered) {
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(FolderError::not_writable(&path)(error)),
        }
    }
    unreachable!("there are more numbers than folders")
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
        let first = NewRunFolder::create_named(parent.path(), "HR drop: 3.2", now()).unwrap();
        let second = NewRunFolder::create_named(parent.path(), "HR drop: 3.2", now()).unwrap();
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
        let error = NewRunFolder::create(parent.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotEmpty { .. }));
        let left = fs::read_to_string(parent.path().join("success.csv")).unwrap();
        assert_eq!(left, "precious");
    }

    #[test]
    fn a_folder_in_which_another_process_has_made_a_run_is_left_unchanged() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let other = NewRunFolder::create(&path).unwrap().keep();
        fs::write(path.join("success.csv"), "precious").unwrap();
        drop(other);
        let error = NewRunFolder::claim(&path, true).unwrap_err();
        assert!(matches!(error, FolderError::NotEmpty { .. }));
        let left = fs::read_to_string(path.join("success.csv")).unwrap();
        assert_eq!(left, "precious");
    }

    #[test]
    fn a_folder_is_locked_by_one_process_and_its_lock_ends_with_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let first = NewRunFolder::create(&path).unwrap().keep();
        let created = NewRunFolder::create(&path).map(NewRunFolder::keep);
        for again in [created, RunFolder::open(&path)] {
            let Err(FolderError::InUse { pid, .. }) = again else {
                panic!("{again:?}");
            };
            // Windows lets nobody read a locked file.
            let own = std::process::id().to_string();
            assert!(pid == Some(own) || cfg!(windows) && pid.is_none());
        }
        drop(first);
        assert!(Lock::exists_in(&path));
        RunFolder::open(&path).unwrap().remove_unstarted();
        assert!(path.is_dir() && !Lock::exists_in(&path));
    }

    #[test]
    fn a_new_folder_is_removed_unless_it_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let folder = NewRunFolder::create(&path).unwrap();
        fs::write(path.join("input.csv"), "userId,code").unwrap();
        drop(folder);
        assert!(!path.exists());
        NewRunFolder::create(&path).unwrap().keep();
        assert!(path.exists());
    }
}
