//! What a look-up tells while it goes on. It may take minutes.

use std::time::Duration;

/// Hears how far a look-up is.
pub trait LookupObserver {
    /// There are so many users to read in all.
    fn total(&self, _users: u64) {}

    /// So many more are done.
    fn done(&self, _more: u64) {}

    /// By the service's quota, what is left takes at least so long. Zero if nothing has to wait.
    fn left(&self, _at_least: Duration) {}

    /// No call may be sent for so long.
    fn waiting(&self, _wait: Duration) {}
}

/// Nobody hears.
pub struct Unobserved;

impl LookupObserver for Unobserved {}
