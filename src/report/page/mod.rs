//! `report.html`: the run for people, in one file that fetches nothing.
//!
//! The files below this one work out what the page says, as plain values. The template lays it out and escapes every text.

mod charts;
mod codes;
mod csp;
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
use std::time::Duration;

use askama::Template;
use jiff::Timestamp;

use super::Timeline;
use crate::event::StopReason;
use crate::plan::PlannedChanges;
use crate::run::journal::Journal;
use crate::run::{RunFolder, Summary, UserStates};
use failure_groups::FailureGroups;
use template::Page;

pub const REPORT: &str = "report.html";

/// What the page is made from, beside `failures.csv`.
pub struct PageData<'a> {
    pub summary: &'a Summary,
    pub planned: &'a PlannedChanges,
    pub states: &'a UserStates,
    /// Of the last session.
    pub timeline: &'a Timeline,
    pub session: SessionTotals,
    /// Why the run stopped early, if it did.
    pub stop: Option<&'a StopReason>,
    /// None if the run cannot be resumed.
    pub resume_command: Option<String>,
    pub finished: Timestamp,
}

/// The last session of a run: what was planned, and what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionTotals {
    /// The run has had an earlier session.
    pub is_resumed: bool,
    /// Users to send.
    pub users: u64,
    /// Requests planned for them.
    pub requests: u64,
    /// The time that these requests take at the given rate.
    pub min_duration: Duration,
    /// Users that were decided.
    pub decided: u64,
    /// Requests that were sent.
    pub sent: u64,
    pub duration: Duration,
}

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
