//! `report.html`: the run for people, in one file that fetches nothing.
//!
//! The files below this one work out what the page says, as plain values. The template lays it out and escapes every
//! text.

mod charts;
mod codes;
mod csp;
mod data;
mod ending;
mod failure_groups;
mod files;
mod headline;
mod labels;
mod plan_table;
mod remarks;
mod settings_table;
mod share_bar;
mod stop_box;
mod template;
#[cfg(test)]
mod tests;
mod timeline_chart;

use std::io;

use askama::Template;

use crate::run::RunFolder;
use crate::run::journal::Journal;
use failure_groups::FailureGroups;
use template::Page;

pub use data::{PageData, SessionTotals};

pub const REPORT: &str = "report.html";

/// Writes the page of a run that has ended, and gives its headline. `failures.csv` must be complete.
pub fn write_page(folder: &RunFolder, data: &PageData<'_>) -> io::Result<String> {
    let failures = FailureGroups::collect(Journal::read_failures(folder)?);
    let page = Page::new(data, failures);
    let html = page.render().map_err(io::Error::other)?;
    folder.replace(REPORT, |out| out.write_all(html.as_bytes()))?;
    Ok(page.headline)
}

/// Removes the page of an earlier session.
pub fn remove_page(folder: &RunFolder) -> io::Result<()> {
    folder.remove(REPORT)
}
