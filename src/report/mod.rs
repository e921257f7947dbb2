//! What people see of a run: the CSV files, the progress display, the summary.

mod journal;
mod numbers;
mod progress;
mod recorder;
mod standing;
mod summary;
mod table;
mod tally;

pub use journal::{Journal, JournalError};
pub use numbers::{counted, grouped};
pub use progress::Progress;
pub use recorder::{Recorded, Recorder};
pub use standing::Standing;
pub use summary::{
    About, RequestCounts, SUMMARY, Stopped, Summary, UserCounts, has_finished, not_before,
};
pub use table::table;
pub use tally::Tally;
