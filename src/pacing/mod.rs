//! When the next request may be sent: the quota, the waits that the service asks for, and the delays between attempts.
//!
//! Every time comes from the caller, so that a test decides what time it is.

mod backoff;
mod cooldown;
mod rate_limit;
mod sliding_window;

pub use backoff::Backoff;
pub use cooldown::{Cooldown, MAX_RETRY_AFTER};
pub use rate_limit::{EarlierRequests, RateLimiter};
