//! When requests were sent, over all runs of a process: they count in the rate's window.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::api::{AllocationRequest, Response, SentAt, Service};

/// The send times of one run after another.
#[derive(Debug, Default)]
pub struct SendTimes {
    tracked: Mutex<Vec<SentAt>>,
    /// When an earlier process may have sent its last request.
    last_heartbeat: Option<SystemTime>,
}

/// Fewer send times than this are never cleaned up.
const MIN_CAPACITY: usize = 128;

impl SendTimes {
    /// After an earlier process, of which only the last heartbeat is known.
    pub fn after_heartbeat(last_heartbeat: Option<SystemTime>) -> Self {
        Self {
            last_heartbeat,
            ..Self::default()
        }
    }

    /// Tracks a request that is about to be sent. It may count for `window` after that.
    fn track(&self, sent_at: SentAt, window: Duration) {
        let mut tracked = self.tracked();
        if tracked.len() >= MIN_CAPACITY && tracked.len() == tracked.capacity() {
            // A request that is not sent yet may be sent at any moment.
            tracked.retain(|sent_at| sent_at.get().is_none_or(|at| at.elapsed() <= window));
            let room = tracked.len().max(MIN_CAPACITY);
            tracked.shrink_to(room);
            tracked.reserve_exact(room);
        }
        tracked.push(sent_at);
    }

    /// Whether this process has sent a request, or is about to.
    pub fn has_any(&self) -> bool {
        !self.tracked().is_empty()
    }

    /// The send times within `window`, in order. Forgets the others.
    pub fn recent(&self, window: Duration) -> Vec<Instant> {
        let mut tracked = self.tracked();
        tracked.retain(|sent_at| sent_at.get().is_some_and(|at| at.elapsed() <= window));
        let mut recent: Vec<_> = tracked.iter().filter_map(SentAt::get).collect();
        recent.sort_unstable();
        recent
    }

    /// Time since the last heartbeat of an earlier process, if there was one.
    pub fn since_last_heartbeat(&self) -> Option<Duration> {
        // If the clock was set back, the heartbeat may have been a moment ago.
        let elapsed = |heartbeat: SystemTime| heartbeat.elapsed().unwrap_or_default();
        self.last_heartbeat.map(elapsed)
    }

    fn tracked(&self) -> MutexGuard<'_, Vec<SentAt>> {
        // No change is left half-done by a panic.
        self.tracked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A service whose requests are tracked.
pub struct TrackedService<'a, S> {
    pub service: S,
    pub send_times: &'a SendTimes,
    /// How long a sent request may count.
    pub window: Duration,
}

impl<S: Service + Sync> Service for TrackedService<'_, S> {
    async fn exchange(&self, request: AllocationRequest, sent_at: SentAt) -> Response {
        self.send_times.track(sent_at.clone(), self.window);
        self.service.exchange(request, sent_at).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn send_times_are_kept_until_they_have_left_the_window() {
        let send_times = SendTimes::default();
        let (start, longest) = (Instant::now(), Duration::from_secs(60));
        for seconds in [3, 1, 8] {
            let sent_at = SentAt::default();
            sent_at.set(start + Duration::from_secs(seconds));
            send_times.track(sent_at, longest);
        }
        // Never sent.
        send_times.track(SentAt::default(), longest);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let seconds = |window: u64| -> Vec<_> {
            let recent = send_times.recent(Duration::from_secs(window));
            recent.iter().map(|at| (*at - start).as_secs()).collect()
        };
        assert_eq!(seconds(60), [1, 3, 8]);
        assert_eq!(seconds(5), [8]);
        assert_eq!(seconds(60), [8]);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_by_the_window() {
        let send_times = SendTimes::default();
        let window = Duration::from_secs(10);
        let waiting = SentAt::default();
        send_times.track(waiting.clone(), window);
        for _ in 0..10_000 {
            let sent_at = SentAt::default();
            sent_at.set_now();
            send_times.track(sent_at, window);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(send_times.tracked().len() <= 2 * MIN_CAPACITY);
        waiting.set_now();
        assert_eq!(send_times.recent(window).len(), 11);
    }
}
