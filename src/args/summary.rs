//! How the end of a run is printed on standard output.

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct SummaryArgs {
    /// Print the summary as JSON, as in summary.json
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryFormat {
    Table,
    Json,
}

impl SummaryArgs {
    pub fn summary_format(&self) -> SummaryFormat {
        if self.json {
            SummaryFormat::Json
        } else {
            SummaryFormat::Table
        }
    }
}
