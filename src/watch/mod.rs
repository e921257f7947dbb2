//! A folder in which files are dropped to be imported: which file is imported, when, and where it goes.
//!
//! Decisions are apart from the folder itself: `pending_files`, `names`, `folders` and `disposition` use neither a clock
//! nor a disk.

mod backoff;
mod disposition;
mod file_version;
mod folder;
mod folders;
mod import_log;
mod job;
mod names;
mod pending_files;
mod status;

pub use backoff::delay;
pub use disposition::{AfterStop, Disposition, after_no_response, after_stop};
pub use folder::{WatchError, WatchFolder};
pub use folders::TargetFolder;
pub use import_log::{ImportLog, ImportLogError};
pub use job::{Job, run_in};
pub use names::{FileKind, kind};
pub use pending_files::PendingFiles;
pub use status::{FileCounts, status};

/// One error of each kind, and every note, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use std::collections::BTreeMap;
    use std::io;
    use std::path::Path;

    use crate::diagnostic::Sample;
    use crate::event::StopReason;
    use crate::run::RunCounts;

    let path = || "/srv/licences".into();
    let errors = [
        WatchError::Missing { path: path() },
        WatchError::InUse {
            path: path(),
            by: Some("4711".to_owned()),
        },
        WatchError::NotWritable {
            path: path(),
            source: io::ErrorKind::PermissionDenied.into(),
        },
        WatchError::NotMovable {
            path: path(),
            place: "done",
            source: io::ErrorKind::CrossesDevices.into(),
        },
    ];
    let notes = [
        Disposition::Finished(RunCounts {
            success: 7,
            failures: BTreeMap::from([("conflict".to_owned(), 2)]),
        }),
        Disposition::Changed,
        Disposition::Stopped(StopReason::NoUserFound {
            message: String::new(),
        }),
        Disposition::CannotResume {
            error: "the run uses another service or account than the watch".to_owned(),
        },
        Disposition::NotImported {
            error: "the input is empty".to_owned(),
        },
        Disposition::Duplicate {
            file: "joiners.csv".to_owned(),
            when: "2026-11-24 10:15:00".to_owned(),
            folder: Some("done/joiners-20261124-101500".to_owned()),
        },
    ];
    let run = Path::new("attention/joiners-20261126-080000/run");
    let notes = notes
        .iter()
        .filter_map(|note| note.note_text("joiners.csv", run));
    let errors = errors.into_iter().map(Sample::error);
    errors.chain(notes.map(Sample::text)).collect()
}
