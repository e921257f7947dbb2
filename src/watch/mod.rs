//! A folder in which files are dropped to be imported: which of them to take, when, and where they go.
//!
//! What is decided is apart from the folder itself: `arrivals`, `names`, `places` and `verdict` know neither clock nor disk.

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
