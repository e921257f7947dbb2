//! What left before a run began, and counts in the window of its rate.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::api::{AllocationRequest, Response, SentAt, Service};

/// The requests of one run after another.
#[derive(Debug, Default)]
pub struct SendTimes {
    noted: Mutex<Noted>,
    /// When an earlier process may have sent its last request.
    last_alive: Option<SystemTime>,
}

#[derive(Debug, Default)]
struct Noted {
    departures: Vec<SentAt>,
    /// How many there may be before those that count no more are looked for.
    room: usize,
}

/// Fewer are not worth looking for.
const LEAST_ROOM: usize = 128;

impl Noted {
    /// Adds one. What left longer ago than `window` is forgotten, so that there are not more and more.
    fn add(&mut self, departure: SentAt, window: Duration) {
        if self.departures.len() >= self.room {
            // What has not left may be about to.
            let counts = |at: Instant| at.elapsed() <= window;
            self.departures
                .retain(|departure| departure.get().is_none_or(counts));
            self.room = LEAST_ROOM.max(2 * self.departures.len());
        }
        self.departures.push(departure);
    }
}

impl SendTimes {
    /// After those of an earlier process, of which no more is known than when it was last alive.
    pub fn after_heartbeat(last_alive: Option<SystemTime>) -> Self {
        Self {
            last_alive,
            ..Self::default()
        }
    }

    /// Takes note of a request that is about to leave. It may count as long as `window` after it has.
    fn track(&self, departure: SentAt, window: Duration) {
        self.noted().add(departure, window);
    }

    /// When requests left, in order. What left longer ago than `window` is forgotten.
    pub fn recent(&self, window: Duration) -> Vec<Instant> {
        let noted = &mut self.noted().departures;
        noted.retain(|departure| departure.get().is_some_and(|at| at.elapsed() <= window));
        let mut left: Vec<_> = noted.iter().filter_map(SentAt::get).collect();
        left.sort_unstable();
        left
    }

    /// How long ago an earlier process was last alive, if there was one.
    pub fn since_last_heartbeat(&self) -> Option<Duration> {
        // A clock that was set back in between says nothing: then it may have been a moment ago.
        let quiet = |alive: SystemTime| alive.elapsed().unwrap_or_default();
        self.last_alive.map(quiet)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        // Nobody panics in the middle of a change.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A way to the service that takes note of what leaves.
pub struct TrackedService<'a, S> {
    pub service: &'a S,
    pub departures: &'a SendTimes,
    /// How long what has left may count.
    pub window: Duration,
}

impl<S: Service + Sync> Service for TrackedService<'_, S> {
    async fn exchange(&self, request: AllocationRequest, departure: SentAt) -> Response {
        self.departures.track(departure.clone(), self.window);
        self.service.exchange(request, departure).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_left_is_known_until_it_has_left_the_window() {
        let departures = SendTimes::default();
        let (begin, at_most) = (Instant::now(), Duration::from_secs(60));
        for seconds in [3, 1, 8] {
            let departure = SentAt::default();
            departure.set(begin + Duration::from_secs(seconds));
            departures.track(departure, at_most);
        }
        // It never left.
        departures.track(SentAt::default(), at_most);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let seconds = |window: u64| -> Vec<_> {
            let left = departures.recent(Duration::from_secs(window));
            left.iter().map(|at| (*at - begin).as_secs()).collect()
        };
        assert_eq!(seconds(60), [1, 3, 8]);
        assert_eq!(seconds(5), [8]);
        assert_eq!(seconds(60), [8]);
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_leave_only_those_in_the_window_are_kept() {
        let departures = SendTimes::default();
        let window = Duration::from_secs(10);
        let waiting = SentAt::default();
        departures.track(waiting.clone(), window);
        for _ in 0..10_000 {
            let departure = SentAt::default();
            departure.set_now();
            departures.track(departure, window);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(departures.noted().departures.len() <= LEAST_ROOM);
        waiting.set_now();
        assert_eq!(departures.recent(window).len(), 11);
    }
}
