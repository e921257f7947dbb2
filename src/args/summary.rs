//! How the end of a run is printed on standard output.

use clap::Args;

use crate::settings::SummaryFormat;

#[derive(Debug, Clone, Args)]
pub struct SummaryArgs {
    /// Print the summary as JSON, as in summary.json
    #[arg(long)]
    json: bool,
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
