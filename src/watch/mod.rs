//! A folder in which files are dropped to be imported: which of them to take, when, and where they go.
//!
//! What is decided is apart from the folder itself: `arrivals`, `names`, `places` and `verdict` know neither clock nor disk.

mod arrivals;
mod error;
mod folder;
mod job;
mod memory;
mod names;
mod pauses;
mod places;
mod stamp;
mod status;
mod verdict;

pub use arrivals::Arrivals;
pub use folder::WatchFolder;
pub use job::{Job, run_in};
pub use memory::Memory;
pub use names::{Kind, kind};
pub use pauses::pause;
pub use places::Place;
pub use status::{Tally, status};
pub use verdict::{AfterStop, Verdict, after_no_answer, after_stop};
