//! When the next request may leave, by the rate that was given.
//!
//! Two bounds hold at once. governor's token bucket (GCRA) spaces requests evenly and allows bursts of
//! `burst`; a bucket alone lets burst + N through in some window, so [`Window`] counts what really left.

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
use crate::dispatch::sliding_window::SlidingWindow;
use crate::rate::Rate;

/// The part of the window that is added to it: the network does not take the same time for every
/// request, and the service counts where they arrive.
const MARGIN: u32 = 200;

type TokenBucket = Governor<NotKeyed, InMemoryState, ManualClock, NoOpMiddleware<Duration>>;

/// How far apart the signs of life of a run are, at most.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// How late a timer may wake.
const LATE: Duration = Duration::from_millis(20);

/// How long after a request another is let go without any wait in between.
const SAME_BREATH: Duration = Duration::from_millis(1);

/// Lets requests go as fast as the rate allows.
pub struct RateLimiter {
    bucket: TokenBucket,
    clock: ManualClock,
    window: SlidingWindow,
    /// Until then, the window may be full of what an earlier part of the run has sent.
    shut_until: Option<Instant>,
    start: Instant,
    /// When the bucket said that the next request may leave.
    due: Option<Instant>,
    /// When the last request should have been let go, and when it was.
    last: Option<(Instant, Instant)>,
}

impl RateLimiter {
    /// With `quiet_for`, an earlier part of the run may have used up the rate that long ago. `left_before` is when requests of
    /// other runs left, in order.
    pub fn new(
        rate: Rate,
        burst: NonZeroU32,
        (quiet_for, left_before): (Option<Duration>, &[Instant]),
        now: Instant,
    ) -> Self {
        let length = rate.window + rate.window / MARGIN;
        let burst = burst.min(rate.requests);
        let spacing = length
            .div_f64(f64::from(rate.requests.get()))
            .max(Duration::from_nanos(1));
        let quota = Quota::with_period(spacing)
            .expect("longer than zero")
            .allow_burst(burst);
        let clock = ManualClock::default();
        // It leaves a sign of life every second or so.
        let used_up = quiet_for
            .map(|quiet| (length + SIGN_OF_LIFE).saturating_sub(quiet))
            .filter(|wait| !wait.is_zero());
        Self {
            shut_until: used_up.map(|wait| now + wait),
            bucket: Governor::direct_with_clock(quota, clock.clone()),
            clock,
            window: SlidingWindow::new(rate.requests.get() as usize, length, left_before),
            start: now,
            due: None,
            last: None,
        }
    }

    /// Lets one request go, or says before when to not ask again.
    pub fn try_acquire(&mut self, now: Instant) -> Result<SentAt, Instant> {
        if let Some(until) = self.shut_until.filter(|until| *until > now) {
            return Err(until);
        }
        self.window.check(now)?;
        let mut counted = self.count_from(now);
        self.clock.set(counted - self.start);
        while let Err(not_until) = self.bucket.check() {
            let due = self.start + not_until.earliest_possible();
            if due > now || due <= counted {
                self.due = Some(due);
                return Err(due.max(now + Duration::from_nanos(1)));
            }
            counted = due;
            self.clock.set(counted - self.start);
        }
        self.last = Some((counted, now));
        let sent_at = SentAt::default();
        self.window.add_pending(sent_at.clone());
        Ok(sent_at)
    }

    /// The time that a request is counted at. A timer wakes a little late, maybe when more than one request is due: counted
    /// from when they were, the lateness does not add up; the window, which counts what really leaves, sees to the quota.
    fn count_from(&mut self, now: Instant) -> Instant {
        let due = self.due.take();
        let last = self.last.filter(|(_, let_go)| now - *let_go < SAME_BREATH);
        let then = due.or(last.map(|(counted, _)| counted));
        then.filter(|then| now - *then < LATE)
            .unwrap_or(now)
            .min(now)
    }
}

/// A clock that shows what it is set to, so that time comes from one place.
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
            (None, &[]),
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
    fn bursts_go_at_once_and_the_window_still_holds() {
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
    fn a_run_that_goes_on_leaves_the_window_to_what_its_earlier_part_has_sent() {
        let now = Instant::now();
        let rate: Rate = "10/10s".parse().unwrap();
        let opens = |quiet: u64| {
            let quiet = Some(Duration::from_secs(quiet));
            RateLimiter::new(rate, NonZeroU32::MIN, (quiet, &[]), now)
                .try_acquire(now)
                .err()
        };
        assert!(opens(3).is_some_and(|until| until > now + Duration::from_secs(7)));
        assert_eq!(opens(12), None);
    }

    #[test]
    fn what_other_runs_have_sent_counts_in_the_window() {
        let earlier = Instant::now();
        let rate: Rate = "3/10s".parse().unwrap();
        let now = earlier + Duration::from_secs(4);
        let left = [earlier, earlier, now];
        let mut limiter = RateLimiter::new(rate, rate.requests, (None, &left), now);
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

    #[test]
    fn a_timer_that_wakes_late_costs_no_speed_however_close_requests_are() {
        let start = Instant::now();
        let one = NonZeroU32::MIN;
        let mut limiter = RateLimiter::new("1000/s".parse().unwrap(), one, (None, &[]), start);
        let mut now = start;
        for _ in 0..900 {
            while let Err(until) = limiter.try_acquire(now) {
                // Up to a millisecond late, and sometimes another is due by then.
                now = until
                    + Duration::from_micros(400 + 900 * (until - start).as_millis() as u64 % 1300);
            }
        }
        let took = (now - start).as_secs_f64();
        assert!(took < 0.899 * 1.005 + 0.002, "{took}");
    }

    #[test]
    fn who_was_kept_by_answers_does_not_make_up_for_it_in_a_burst() {
        let start = Instant::now();
        let one = NonZeroU32::MIN;
        let mut limiter = RateLimiter::new("1000/s".parse().unwrap(), one, (None, &[]), start);
        limiter.try_acquire(start).unwrap();
        let later = start + Duration::from_millis(15);
        limiter.try_acquire(later).unwrap();
        let until = limiter
            .try_acquire(later + Duration::from_micros(100))
            .err();
        assert!(until.is_some_and(|until| until >= later + Duration::from_millis(1)));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_rate(
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
