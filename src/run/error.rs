//! Why the folder of a run and its files cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::lock::LockError;
use crate::hint::Hint;

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot write reports to {}", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("the report folder {} is not empty, and reports are never overwritten", path.display())]
    NotEmpty { path: PathBuf },
    #[error("another process{} is working on the run in {}", in_parentheses(pid), path.display())]
    InUse { path: PathBuf, pid: Option<String> },
    #[error("there is no run folder {}", path.display())]
    Missing { path: PathBuf },
}

#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("{} has no run.json: it is not a run folder, or its run ended before anything was sent", path.display())]
    NotStarted { path: PathBuf },
    #[error("cannot read run.json in {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{input} has changed since the run started: {difference}")]
    InputChanged { input: String, difference: String },
}

#[derive(Debug, thiserror::Error)]
pub enum RunFileError {
    #[error("cannot read or write the files of the run")]
    Io(#[from] io::Error),
    #[error("{file} is damaged: one of its records cannot be read")]
    Damaged {
        file: &'static str,
        source: csv::Error,
    },
    #[error("{file} is missing, so it is unknown which users were sent")]
    Missing { file: &'static str },
    #[error("{file} names the user {user}, which is not in the input")]
    UnknownUser { file: &'static str, user: String },
}

impl FolderError {
    pub fn not_writable(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::NotWritable {
            path: path.to_owned(),
            source,
        }
    }

    pub fn not_locked(path: &Path) -> impl Fn(LockError) -> Self + '_ {
        |error| match error {
            LockError::Io(source) => Self::not_writable(path)(source),
            LockError::InUse { pid } => Self::InUse {
                path: path.to_owned(),
                pid,
            },
        }
    }
}

fn in_parentheses(pid: &Option<String>) -> String {
    pid.as_ref()
        .map_or_else(String::new, |pid| format!(" ({pid})"))
}

impl RunFileError {
    pub fn damaged(file: &'static str) -> impl Fn(csv::Error) -> Self {
        move |source| Self::Damaged { file, source }
    }
}

impl Hint for FolderError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotWritable { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "give this user access to it; for a new import, --report-dir names another folder"
                }
                // The system's error decides.
                _ => return None,
            },
            Self::NotEmpty { .. } => "name a new folder with --report-dir",
            Self::InUse { .. } => "wait until it ends, or stop it with Ctrl-C",
            Self::Missing { .. } => "check the path; a run folder has a run.json",
        };
        Some(hint.to_owned())
    }
}

impl Hint for ManifestError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotStarted { .. } => {
                "give the folder that the import named as Reports, or import the file again"
            }
            Self::Unreadable { .. } => return None,
            Self::InputChanged { .. } => "restore the file, or import it as it is now",
        };
        Some(hint.to_owned())
    }
}

impl Hint for RunFileError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io(_) => return None,
            Self::Damaged { .. } | Self::Missing { .. } => {
                "import the input again; sending a user twice does no harm"
            }
            Self::UnknownUser { .. } => "restore the input that the run started with",
        };
        Some(hint.to_owned())
    }
}

/// Every error of the room, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use crate::diagnostic::Sample;
    use crate::run::FileInUse;

    let path = || PathBuf::from("seatload-onboarding-20261124-101500");
    let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
    let file = "success.csv";
    let pid = Some("4711".to_owned());
    let damaged = csv::Reader::from_reader(&b"a,b\nc\n"[..])
        .records()
        .find_map(Result::err)
        .expect("a short record");
    vec![
        Sample::error(FileInUse::sample()),
        Sample::error(FolderError::not_writable(&path())(denied())),
        Sample::error(FolderError::NotEmpty { path: path() }),
        Sample::error(FolderError::InUse { path: path(), pid }),
        Sample::error(FolderError::Missing { path: path() }),
        Sample::error(ManifestError::NotStarted { path: path() }),
        Sample::error(ManifestError::Unreadable {
            path: path(),
            source: denied(),
        }),
        Sample::error(ManifestError::InputChanged {
            input: "onboarding.csv".to_owned(),
            difference: "it has 4032 bytes instead of 4018".to_owned(),
        }),
        Sample::error(RunFileError::Io(denied())),
        Sample::error(RunFileError::Damaged {
            file,
            source: damaged,
        }),
        Sample::error(RunFileError::Missing { file }),
        Sample::error(RunFileError::UnknownUser {
            file,
            user: "ann@example.com".to_owned(),
        }),
    ]
}
