//! What must survive a crash: a run's folder, what it was begun with, and what became of its users.

pub mod csv_log;
mod folder;
pub mod journal;
mod lock;
mod manifest;
mod stats;
pub mod summary;
pub mod undo;
mod user_states;
mod write_ahead_log;

pub use csv_log::RecordFile;
pub use folder::{FolderError, RunFolder, plain, replace_file, sync_folder};
pub use journal::{Journal, JournalError};
pub use lock::{Lock, LockError};
pub use manifest::{AsRead, KEPT_INPUT, RecordError, RunRecord};
pub use stats::Tally;
pub use summary::{
    About, RequestCounts, RunCounts, SUMMARY, Stopped, Summary, UserCounts, has_finished,
    not_before,
};
pub use undo::{UNDO, Undo, WayBack};
pub use user_states::Standing;
pub use write_ahead_log::Ahead;
