//! When the next request may be sent, by the given rate.
//!
//! Two bounds hold at once. governor's token bucket (GCRA) spaces requests evenly and allows bursts of `burst`; a
//! bucket alone lets burst + N through in some window, so [`SlidingWindow`] counts the requests that were really sent.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter as Governor};
use tokio::time::Instant;

use crate::api::SentAt;
use crate::pacing::sliding_window::SlidingWindow;
use crate::rate::Rate;

/// The window is longer by its length divided by this: requests take different times on the way, and the service counts
/// them on arrival.
const MARGIN: u32 = 200;

type TokenBucket = Governor<NotKeyed, InMemoryState, ManualClock, NoOpMiddleware<Duration>>;

/// How far apart the heartbeats of a run are, at most.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// What may have used up the rate before a run starts.
#[derive(Debug, Clone, Copy, Default)]
pub struct EarlierRequests<'a> {
    /// How long ago an earlier session of the run may have sent its last request.
    pub since_last_heartbeat: Option<Duration>,
    /// When other runs sent requests, in order.
    pub sends: &'a [Instant],
}

/// Admits requests as fast as the rate allows.
pub struct RateLimiter {
    bucket: TokenBucket,
    clock: ManualClock,
    window: SlidingWindow,
    /// Until then, requests of an earlier session may fill the window.
    blocked_until: Option<Instant>,
    start: Instant,
}

impl RateLimiter {
    pub fn new(rate: Rate, burst: NonZeroU32, earlier: EarlierRequests<'_>, now: Instant) -> Self {
        let length = rate.window + rate.window / MARGIN;
        let burst = burst.min(rate.requests);
        let spacing = length
            .div_f64(f64::from(rate.requests.get()))
            .max(Duration::from_nanos(1));
        let quota = Quota::with_period(spacing)
            .expect("longer than zero")
            .allow_burst(burst);
        let clock = ManualClock::default();
        let blocked_for = earlier
            .since_last_heartbeat
            .map(|quiet| (length + HEARTBEAT).saturating_sub(quiet))
            .filter(|wait| !wait.is_zero());
        Self {
            blocked_until: blocked_for.map(|wait| now + wait),
            bucket: Governor::direct_with_clock(quota, clock.clone()),
            clock,
            window: SlidingWindow::new(rate.requests.get() as usize, length, earlier.sends),
            start: now,
        }
    }

    /// Admits one request, or gives the instant before which it is no use to try again.
    pub fn try_acquire(&mut self, now: Instant) -> Result<SentAt, Instant> {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Err(until);
        }
        self.window.check(now)?;
        self.clock.set(now - self.start);
        self.bucket.check().map_err(|not_until| {
            let due = self.start + not_until.earliest_possible();
            due.max(now + Duration::from_nanos(1))
        })?;
        let sent_at = SentAt::default();
        self.window.add_pending(sent_at.clone());
        Ok(sent_at)
    }

    /// When the last of `requests` more may be sent, where a burst may be as large as the rate.
    pub fn earliest(&mut self, requests: u64, now: Instant) -> Instant {
        let start = self.blocked_until.map_or(now, |until| until.max(now));
        self.window.earliest(requests, now).max(start)
    }
}

/// A clock that is set by hand, so that time comes from one place.
#[derive(Debug, Clone, Default)]
struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    fn set(&self, since_start: Duration) {
        let nanos = u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX);
        self.0.store(nanos, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// When each of `count` requests leaves, if every one does as soon as it may, after `delay(nth)`.
    fn schedule(
        rate: &str,
        burst: u32,
        count: usize,
        delay: impl Fn(usize) -> Duration,
    ) -> Vec<Duration> {
        let start = Instant::now();
        let mut now = start;
        let mut limiter = RateLimiter::new(
            rate.parse().unwrap(),
            NonZeroU32::new(burst).unwrap(),
            EarlierRequests::default(),
            start,
        );
        let mut leaving: Vec<(Instant, SentAt)> = Vec::new();
        let mut left = Vec::new();
        let mut sent = 0;
        while sent < count || !leaving.is_empty() {
            leaving.sort_by_key(|(at, _)| *at);
            while leaving.first().is_some_and(|(at, _)| *at <= now) {
                let (at, sent_at) = leaving.remove(0);
                sent_at.set(at);
                left.push(at - start);
            }
            let next_leaves = leaving.first().map(|(at, _)| *at);
            let next_asks = if sent == count {
                None
            } else {
                match limiter.try_acquire(now) {
                    Ok(sent_at) => {
                        leaving.push((now + delay(sent), sent_at));
                        sent += 1;
                        continue;
                    }
                    Err(until) => {
                        assert!(until > now, "a wait that does not end");
                        Some(until)
                    }
                }
            };
            now = next_asks
                .into_iter()
                .chain(next_leaves)
                .min()
                .unwrap_or(now);
        }
        left
    }

    fn most_in_a_window(left: &[Duration], window: Duration) -> usize {
        left.iter()
            .map(|from| {
                left.iter()
                    .filter(|at| *at >= from && **at <= *from + window)
                    .count()
            })
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn a_burst_is_sent_at_once_and_the_window_still_holds() {
        let left = schedule("40/2s", 10, 200, |_| Duration::ZERO);
        assert!(left[9] < Duration::from_millis(1));
        assert!(left[10] > Duration::from_millis(40));
        assert_eq!(most_in_a_window(&left, Duration::from_secs(2)), 40);
        // The fastest schedule: every 40 requests take 2 s, and each begins with a burst of 10.
        let fastest = 2.0 * 4.0 + 29.0 * 0.05 + 0.05;
        let took = left[199].as_secs_f64();
        assert!(took < fastest * 1.05, "{took} against {fastest}");
    }

    #[test]
    fn a_burst_of_the_whole_rate_is_sent_at_once_and_then_waits_for_the_window() {
        let left = schedule("160/5m", 160, 161, |_| Duration::ZERO);
        assert_eq!(left[159], Duration::ZERO);
        assert!(left[160] >= Duration::from_secs(300));
    }

    #[test]
    fn a_resumed_run_waits_until_the_window_is_free_of_its_earlier_requests() {
        let now = Instant::now();
        let rate: Rate = "10/10s".parse().unwrap();
        let opens = |quiet: u64| {
            let earlier = EarlierRequests {
                since_last_heartbeat: Some(Duration::from_secs(quiet)),
                sends: &[],
            };
            RateLimiter::new(rate, NonZeroU32::MIN, earlier, now)
                .try_acquire(now)
                .err()
        };
        assert!(opens(3).is_some_and(|until| until > now + Duration::from_secs(7)));
        assert_eq!(opens(12), None);
    }

    #[test]
    fn requests_of_other_runs_count_in_the_window() {
        let earlier = Instant::now();
        let rate: Rate = "3/10s".parse().unwrap();
        let now = earlier + Duration::from_secs(4);
        let earlier_requests = EarlierRequests {
            since_last_heartbeat: None,
            sends: &[earlier, earlier, now],
        };
        let mut limiter = RateLimiter::new(rate, rate.requests, earlier_requests, now);
        let opens = limiter.try_acquire(now).unwrap_err();
        assert!(opens >= earlier + Duration::from_secs(10));
        assert!(opens < now + Duration::from_secs(10));
        assert!(limiter.try_acquire(opens).is_ok());
        assert!(limiter.try_acquire(opens).is_ok());
        assert!(limiter.try_acquire(opens).is_err());
    }

    #[test]
    fn without_a_burst_requests_are_spaced_evenly() {
        let left = schedule("10/s", 1, 50, |_| Duration::ZERO);
        for pair in left.windows(2) {
            let gap = (pair[1] - pair[0]).as_secs_f64();
            assert!((0.1..0.11).contains(&gap), "{gap}");
        }
    }

    proptest! {
        #[test]
        fn no_window_ever_contains_more_than_the_rate(
            requests in 1_u32..60,
            window_ms in 1_u64..5000,
            burst in 1_u32..80,
            slow in prop::collection::vec(0_u64..3000, 1..40),
        ) {
            let rate = format!("{requests}/{window_ms}ms");
            let delay = |nth: usize| Duration::from_millis(slow[nth % slow.len()]);
            let left = schedule(&rate, burst, 150, delay);
            prop_assert_eq!(left.len(), 150);
            let most = most_in_a_window(&left, Duration::from_millis(window_ms));
            prop_assert!(most <= requests as usize, "{most} in {rate}");
        }

        /// Nothing is wasted either: N requests a window, from the second window on.
        #[test]
        fn the_rate_is_used_to_the_full(
            requests in 1_u32..60,
            window_ms in 1_u64..5000,
            burst in 1_u32..80,
        ) {
            let windows = 5;
            let count = windows * requests as usize + 1;
            let left = schedule(&format!("{requests}/{window_ms}ms"), burst, count, |_| Duration::ZERO);
            let fastest = Duration::from_millis(window_ms) * windows as u32;
            prop_assert!(left[count - 1] <= fastest.mul_f64(1.0051) + Duration::from_micros(1));
        }
    }
}
