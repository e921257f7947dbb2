//! What people see of a run: the CSV files, the progress display, the summary.

mod journal;
mod numbers;
mod progress;
mod recorder;
mod summary;
mod table;
mod tally;

pub use journal::Journal;
pub use numbers::{counted, grouped};
pub use progress::{Progress, ProgressMode};
pub use recorder::{Recorded, Recorder};
pub use summary::{About, Requests, Stopped, Summary, UserCounts};
pub use table::table;
pub use tally::Tally;
