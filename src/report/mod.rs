//! What people see of a run: the plan, the CSV files, the progress display, the summary, the page.

mod ahead;
mod columns;
mod journal;
mod page;
mod plan;
mod progress;
mod record_file;
mod standing;
mod summary;
mod table;
mod tally;
mod timeline;
mod undo;
mod wrap;

pub use crate::import::recorder::{Recorded, Recorder};
pub use crate::numbers::{counted, grouped};
pub use ahead::Ahead;
pub use journal::{Journal, JournalError};
pub use page::{Part, REPORT, Told, remove_page, write_page};
pub use plan::{PlanReport, SHOWN, introduction, outline, write_csv};
pub use progress::{Progress, freeze, last_words};
pub use record_file::RecordFile;
pub use standing::Standing;
pub use summary::{
    About, RequestCounts, RunCounts, SUMMARY, Stopped, Summary, UserCounts, has_finished,
    not_before,
};
pub use table::table;
pub use tally::Tally;
pub use timeline::{Slot, Timeline};
use undo::UNDO;
pub use undo::{Undo, WayBack};
pub use wrap::{fitted, fitted_beside};
