//! What is looked at: the plan, the progress display, the summary table, the page. It reads a run and decides nothing.

mod page;
mod plan;
mod progress;
mod summary_table;
mod table;
mod timeline;
mod wrap;

pub use page::{Part, REPORT, Told, remove_page, write_page};
pub use plan::{PlanReport, SHOWN, introduction, outline, write_csv};
pub use progress::{Progress, freeze, last_words};
pub use summary_table::table;
pub use timeline::{Slot, Timeline};
pub use wrap::{fitted, fitted_beside};
