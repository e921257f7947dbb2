//! What must survive a crash: a run's folder, the manifest that it started with, and the state of its users.

pub mod csv_log;
mod error;
mod file_in_use;
mod folder;
pub mod journal;
mod lock;
mod manifest;
mod new_folder;
mod not_before;
mod replace_file;
mod saved_summary;
mod stats;
pub mod summary;
pub mod undo;
mod unfinished;
mod unstarted;
mod user_set;
mod user_states;
mod write_ahead_log;

pub use csv_log::CsvLog;
pub use error::{FolderError, ManifestError, RunFileError};
pub use file_in_use::{FileInUse, wait_while_in_use};
pub use folder::RunFolder;
pub use journal::Journal;
pub use lock::{Lock, LockError};
pub use manifest::{InputFingerprints, RunManifest, SAVED_STDIN};
pub use new_folder::{NewRunFolder, safe_file_name};
pub use not_before::record_not_before;
pub use replace_file::{StagedFile, replace_file, sync_folder};
pub use saved_summary::{RunCounts, SavedSummary};
pub use stats::{RemovalStats, RunStats};
pub use summary::{RequestCounts, RunEnd, SUMMARY, Stopped, Summary, SummarySettings, UserCounts};
pub use undo::{UNDO, Undo, UndoSummary};
pub use unfinished::unfinished_runs;
pub use unstarted::{START, UnstartedRun};
pub use user_states::UserStates;
pub use write_ahead_log::WriteAheadLog;

/// Every error and text of the room, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    let errors = error::samples().into_iter();
    errors
        .chain(journal::samples())
        .chain([undo::sample()])
        .collect()
}
