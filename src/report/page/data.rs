//! What the page is made from, beside `failures.csv`.

use std::time::Duration;

use jiff::Timestamp;

use crate::event::StopReason;
use crate::plan::PlannedChanges;
use crate::report::Timeline;
use crate::run::{Summary, UserStates};

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
