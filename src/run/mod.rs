//! A run's folder, what it was begun with, and the signals that end a run.

mod folder;
mod lock;
mod record;
mod signals;

pub use folder::{FolderError, RunFolder, plain, replace_file, sync_folder};
pub use lock::{Lock, LockError};
pub use record::{AsRead, KEPT_INPUT, RecordError, RunRecord};
pub use signals::listen;
