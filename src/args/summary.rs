//! The arguments that say how the end of a run is told on standard output.

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use crate::args::run::REPORTS;

#[derive(Debug, Clone, Args)]
pub struct SummaryArgs {
    /// Print the summary as JSON in place of a table
    ///
    /// Just as summary.json has it.
    #[arg(long, env = "SEATLOAD_JSON", help_heading = REPORTS, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    json: bool,
}

/// How a summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryFormat {
    Table,
    Json,
}

impl SummaryArgs {
    /// How the summary is printed.
    pub fn summary_format(&self) -> SummaryFormat {
        match self.json {
            true => SummaryFormat::Json,
            false => SummaryFormat::Table,
        }
    }
}
