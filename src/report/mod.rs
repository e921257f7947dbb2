//! What users look at: the plan, the progress display, the summary table, the page. It reads a run and decides nothing.

mod layout;
mod page;
mod plan;
mod progress;
mod summary_table;
mod table;
mod timeline;
mod unusual_ids;
mod verification;
mod workbook;
mod wrap;

pub use layout::Layout;
pub use page::{PageData, REPORT, SessionTotals, remove_page, write_page};
pub use plan::{MAX_LISTED, PlanReport, PlanSource, input_section, plan_section, write_csv};
#[cfg(test)]
pub use progress::samples;
pub use progress::{LookupBar, Progress, print_final, stop_drawing};
pub use summary_table::{SummaryTable, summary_table};
pub use timeline::{Slot, Timeline};
pub use unusual_ids::UnusualIds;
pub use verification::Verification;
pub use workbook::{WORKBOOK, remove_workbook, write_workbook};
pub use wrap::{wrap_to_terminal, wrap_with_indent};
