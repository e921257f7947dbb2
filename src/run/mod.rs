//! A run's folder, and the signals that end a run.

mod folder;
mod signals;

pub use folder::{FolderError, RunFolder};
pub use signals::listen;
