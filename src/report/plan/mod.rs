//! The plan of an import, as JSON, CSV and text.

mod counts;
mod plan_report;
mod rows;
mod text;

pub use counts::code_names;
pub use plan_report::{PlanReport, PlanSource};
pub use rows::write_csv;
pub use text::{MAX_LISTED, input_section, plan_section};
