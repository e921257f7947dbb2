//! How long a plan takes at a rate.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use crate::pacing::{EarlierRequests, RateLimiter};
use crate::rate::Rate;

/// The least time until the last of these requests may be sent: that of a run's rate limiter, if every response came at
/// once.
pub fn min_duration(requests: usize, rate: Rate, burst: NonZeroU32) -> Duration {
    let start = Instant::now();
    let mut limiter = RateLimiter::new(rate, burst, EarlierRequests::default(), start);
    let mut now = start;
    for _ in 0..requests {
        loop {
            match limiter.try_acquire(now) {
                Ok(sent_at) => {
                    sent_at.set(now);
                    break;
                }
                Err(until) => now = until,
            }
        }
    }
    now - start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_counted_as_a_run_counts_it() {
        let seconds = |requests, rate: &str, burst| {
            let burst = NonZeroU32::new(burst).unwrap();
            min_duration(requests, rate.parse().unwrap(), burst).as_secs_f64()
        };
        assert_eq!(seconds(0, "10/s", 1), 0.0);
        assert_eq!(seconds(1, "10/s", 1), 0.0);
        assert!((seconds(11, "10/s", 1) - 1.0).abs() < 0.01);
        // The 160 leave at once, and the next when the window is over: not users divided by the rate.
        assert_eq!(seconds(160, "160/5m", 160), 0.0);
        assert!((seconds(161, "160/5m", 160) - 300.0).abs() < 3.0);
    }
}
