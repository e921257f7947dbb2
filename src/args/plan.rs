//! The flags that a plan depends on: who gets which licences, in how many requests.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::args::current::CurrentArgs;
use crate::args::input::InputArgs;
use crate::args::seats::SeatArgs;
use crate::catalog::Catalog;
use crate::input::{ColumnChoice, Format, Input};
use crate::settings::{ImportPlan, InputSettings};

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    current: CurrentArgs,

    #[command(flatten)]
    seats: SeatArgs,

    /// Maximum users in one request
    #[arg(
        long,
        value_name = "USERS",
        help_heading = "Requests",
        hide_short_help = true
    )]
    #[arg(default_value_t = NonZeroUsize::new(100).expect("not zero"))]
    batch_size: NonZeroUsize,
}

impl PlanArgs {
    pub fn into_plan(self, input: PathBuf) -> anyhow::Result<ImportPlan> {
        let reading = self.input.into_input_settings()?;
        let catalog = Catalog::with_extra_codes(&reading.allowed_codes);
        let priority_column = self.seats.priority.clone().map(ColumnChoice);
        Ok(ImportPlan {
            input: match input.as_os_str().to_str() {
                Some("-") => Input::Stdin,
                _ => Input::Path(input),
            },
            input_settings: InputSettings {
                format: Format {
                    priority_column,
                    ..reading.format
                },
                mode: self.current.mode(),
                current: self.current.into_file()?,
                ..reading
            },
            seats: self.seats.into_budget(&catalog)?,
            batch_size: self.batch_size,
        })
    }
}
