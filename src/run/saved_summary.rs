//! How a run ended, read from its folder: the summary of its last session, and the wait that the service asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::{SUMMARY, Summary, not_before};
use crate::outcome::FailureKind;

/// How the last session of a run ended. After a kill there is no summary, so the run has not finished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedSummary {
    /// The run came to its end, and did not stop early.
    pub is_finished: bool,
    /// The service asked for no request before this time.
    pub not_before: Option<Timestamp>,
    /// Users by outcome, if there is a summary.
    pub counts: Option<RunCounts>,
}

/// Users of a run, and bad rows, by outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunCounts {
    pub success: u64,
    /// By the name of the outcome, without zeros.
    pub failures: BTreeMap<String, u64>,
}

impl SavedSummary {
    pub fn read(folder: &Path) -> Self {
        let summary: Option<Summary> = fs::read(folder.join(SUMMARY))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let at_end = summary
            .as_ref()
            .and_then(|summary| summary.stopped.as_ref())
            .and_then(|stopped| stopped.not_before.as_ref())
            .and_then(|until| until.parse().ok());
        Self {
            is_finished: summary
                .as_ref()
                .is_some_and(|summary| summary.stopped.is_none()),
            not_before: at_end.max(not_before::read(folder)),
            counts: summary.map(|summary| RunCounts::of(&summary)),
        }
    }

    /// Users who failed because the service did not respond.
    pub fn unavailable(&self) -> u64 {
        self.counts.as_ref().map_or(0, RunCounts::unavailable)
    }
}

impl RunCounts {
    fn of(summary: &Summary) -> Self {
        let failures = summary.users.failures.iter();
        Self {
            success: summary.users.success,
            failures: failures
                .filter(|(_, count)| **count > 0)
                .map(|(kind, count)| (kind.clone(), *count))
                .collect(),
        }
    }

    fn unavailable(&self) -> u64 {
        let kinds = [FailureKind::Unavailable, FailureKind::Unknown];
        let counts = kinds.map(|kind| self.failures.get(kind.name()).copied());
        counts.into_iter().flatten().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::NewRunFolder;

    #[test]
    fn after_a_kill_the_wait_that_the_service_asked_for_is_still_known() {
        let parent = tempfile::tempdir().unwrap();
        let folder = NewRunFolder::create(&parent.path().join("run")).unwrap();
        assert_eq!(SavedSummary::read(folder.path()), SavedSummary::default());
        let until: Timestamp = "2026-11-24T10:15:00.5Z".parse().unwrap();
        not_before::record_not_before(&folder, until).unwrap();
        let saved = SavedSummary::read(folder.path());
        assert_eq!(saved.not_before, Some(until));
        assert!(!saved.is_finished);
    }
}
