//! The progress of a look-up, which may take minutes.

use std::time::Duration;

/// Receives the progress of a look-up.
pub trait LookupObserver {
    /// The number of users to read.
    fn total(&self, _users: u64) {}

    /// More users are read.
    fn done(&self, _more: u64) {}

    /// The least time that the rest takes by the service's quota; zero if no call has to wait.
    fn left(&self, _at_least: Duration) {}

    /// No call may be sent for this time.
    fn waiting(&self, _wait: Duration) {}
}

/// Ignores the progress.
pub struct Unobserved;

impl LookupObserver for Unobserved {}
