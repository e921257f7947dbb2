//! Files that another program keeps from being replaced, moved or opened. Only Windows lets a program do that: Excel
//! does it with the file that it shows, a virus scanner with one that is new.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::hint::Hint;

/// The pauses between attempts; together five seconds, which no virus scanner needs.
const PAUSES_MS: [u64; 6] = [50, 150, 400, 900, 1500, 2000];

/// Codes of Windows (winerror.h): the sharing mode of another handle forbids it, or a lock of another process.
const SHARING_VIOLATION: i32 = 32;
const LOCK_VIOLATION: i32 = 33;

/// What replacing or moving an open file gives; a missing permission gives the same.
const ACCESS_DENIED: i32 = 5;

/// Another program has a file open.
#[derive(Debug, thiserror::Error)]
#[error("{} is open in another program", path.display())]
pub struct FileInUse {
    path: PathBuf,
    source: io::Error,
}

#[cfg(test)]
impl FileInUse {
    pub fn sample() -> io::Error {
        let source = io::Error::other("the process cannot access the file");
        let path = "run/failures.csv".into();
        io::Error::other(Self { path, source })
    }
}

impl Hint for FileInUse {
    fn hint(&self) -> Option<String> {
        Some("close the file there, such as in Excel, and try again".to_owned())
    }
}

/// Tries until another program closes the file, for some seconds at most. A [`FileInUse`] is wrapped in the error of a
/// file that stays open.
pub fn wait_while_in_use<T>(path: &Path, attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let is_in_use = |error: &io::Error| cfg!(windows) && is_in_use(error, path);
    retry(path, attempt, is_in_use, sleep)
}

fn retry<T>(
    path: &Path,
    mut attempt: impl FnMut() -> io::Result<T>,
    is_in_use: impl Fn(&io::Error) -> bool,
    mut pause: impl FnMut(Duration),
) -> io::Result<T> {
    let mut pauses = PAUSES_MS.into_iter().map(Duration::from_millis);
    loop {
        match attempt() {
            Err(error) if is_in_use(&error) => match pauses.next() {
                Some(wait) => pause(wait),
                None => {
                    let (kind, path) = (error.kind(), path.to_owned());
                    let source = error;
                    return Err(io::Error::new(kind, FileInUse { path, source }));
                }
            },
            other => return other,
        }
    }
}

/// Whether an error of Windows means that another program has the file open.
fn is_in_use(error: &io::Error, path: &Path) -> bool {
    match error.raw_os_error() {
        Some(SHARING_VIOLATION | LOCK_VIOLATION) => true,
        // A file that this user may write to can be replaced, unless it is open.
        Some(ACCESS_DENIED) => {
            path.is_dir()
                || path
                    .metadata()
                    .is_ok_and(|metadata| !metadata.permissions().readonly())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;

    fn attempts_until(closed_after: usize) -> (io::Result<usize>, Vec<Duration>) {
        let (mut attempts, mut pauses) = (0, Vec::new());
        let attempt = || {
            attempts += 1;
            if attempts > closed_after {
                Ok(attempts)
            } else {
                Err(io::Error::from_raw_os_error(SHARING_VIOLATION))
            }
        };
        let is_in_use = |error: &io::Error| is_in_use(error, Path::new("failures.csv"));
        let result = retry(Path::new("failures.csv"), attempt, is_in_use, |pause| {
            pauses.push(pause);
        });
        (result, pauses)
    }

    #[test]
    fn a_file_that_is_closed_in_time_is_used() {
        let (result, pauses) = attempts_until(2);
        assert_eq!(result.unwrap(), 3);
        assert_eq!(pauses, [50, 150].map(Duration::from_millis));
    }

    #[test]
    fn a_file_that_stays_open_is_named_after_some_seconds() {
        let (result, pauses) = attempts_until(usize::MAX);
        assert_eq!(pauses.iter().sum::<Duration>(), Duration::from_secs(5));
        let shown = render(&result.unwrap_err().into());
        assert!(
            shown.starts_with("failures.csv is open in another program\n  caused by: "),
            "{shown}"
        );
        assert!(shown.contains("hint: close the file there"), "{shown}");
    }

    #[test]
    fn any_other_error_is_returned_at_once() {
        let attempt = || -> io::Result<()> { Err(io::ErrorKind::StorageFull.into()) };
        let never = |_| panic!("no pause");
        let is_in_use = |error: &io::Error| is_in_use(error, Path::new("a"));
        let error = retry(Path::new("a"), attempt, is_in_use, never).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn access_denied_is_a_matter_of_permission_where_the_file_is_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failures.csv");
        std::fs::write(&path, "").unwrap();
        let denied = io::Error::from_raw_os_error(ACCESS_DENIED);
        assert!(is_in_use(&denied, &path));
        let mut permissions = path.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&path, permissions).unwrap();
        assert!(!is_in_use(&denied, &path));
    }
}
