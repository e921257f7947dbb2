//! The result of a run, as it is printed at the end.

use std::io::{Write, stdout};
use std::path::PathBuf;

use console::Term;

use crate::event::StopReason;
use crate::exit_code::ExitCode;
use crate::humanize::count_of;
use crate::import::context::resume_hint;
use crate::import::finish::FinalReports;
use crate::report::{Progress, REPORT, SummaryTable, summary_table};
use crate::run::Summary;
use crate::settings::SummaryFormat;

/// How a run, or a session of it, ended.
pub struct RunResult {
    /// The run folder.
    pub folder: PathBuf,
    /// Why it stopped early, if it did.
    pub stop: Option<StopReason>,
    pub summary: Summary,
    /// None if the reports could not be written.
    pub reports: Option<FinalReports>,
    /// Failed users who were not sent again because of `--first`.
    pub not_retried: u64,
}

impl RunResult {
    /// Prints how the run ended, and how to resume or undo it.
    pub fn print(&self, format: SummaryFormat, progress: &Progress) -> ExitCode {
        let folder = &self.folder;
        let summary = match format {
            SummaryFormat::Table => self.table(),
            SummaryFormat::Json => self.summary.json(),
        };
        // A closed standard output is ignored.
        let _ = stdout().write_all(summary.as_bytes());
        if let Some(stop) = &self.stop {
            progress.stopped(stop);
            progress.message_unwrapped(&resume_hint(folder));
        }
        if self.not_retried > 0 {
            let users = count_of(self.not_retried, "user");
            progress.info(&format!("{users} not retried because of --first"));
        }
        let undo = self
            .reports
            .as_ref()
            .and_then(|reports| reports.undo.as_ref());
        if let Some(undo) = undo.filter(|undo| !undo.is_empty()) {
            progress.info(&undo.text(folder));
        }
        progress.end(folder, self.exit_code());
        self.exit_code()
    }

    fn table(&self) -> String {
        let folder = &self.folder;
        // The page of an earlier session has been removed, so this is the page of this session.
        let page = Some(folder.join(REPORT)).filter(|page| page.exists());
        let reports = self.reports.as_ref();
        summary_table(&SummaryTable {
            summary: &self.summary,
            headline: reports.map(|reports| reports.headline.as_str()),
            reports: folder,
            page: page.as_deref(),
            columns: Term::stdout().size_checked().map(|(_, columns)| columns),
        })
    }

    fn exit_code(&self) -> ExitCode {
        match self.stop {
            Some(StopReason::Interrupted) => ExitCode::Interrupted,
            Some(_) => ExitCode::Stopped,
            None if self.summary.has_failures() => ExitCode::SomeFailed,
            None => ExitCode::AllSucceeded,
        }
    }
}
