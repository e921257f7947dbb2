//! What left before a run began, and counts in the window of its rate.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::api::{AllocationRequest, Departure, Reply, Service};

/// The requests of one run after another.
#[derive(Debug, Default)]
pub(super) struct Departures {
    noted: Mutex<Vec<Departure>>,
    /// When an earlier process may have sent its last request.
    last_alive: Option<SystemTime>,
}

impl Departures {
    /// After those of an earlier process, of which no more is known than when it was last alive.
    pub(super) fn after(last_alive: Option<SystemTime>) -> Self {
        Self {
            last_alive,
            ..Self::default()
        }
    }

    /// When requests left, in order. What left longer ago than `window` is forgotten.
    pub(super) fn left(&self, window: Duration) -> Vec<Instant> {
        let mut noted = self.noted();
        noted.retain(|departure| departure.at().is_some_and(|at| at.elapsed() <= window));
        let mut left: Vec<_> = noted.iter().filter_map(Departure::at).collect();
        left.sort_unstable();
        left
    }

    /// How long ago an earlier process was last alive, if there was one.
    pub(super) fn quiet_for(&self) -> Option<Duration> {
        // A clock that was set back in between says nothing: then it may have been a moment ago.
        let quiet = |alive: SystemTime| alive.elapsed().unwrap_or_default();
        self.last_alive.map(quiet)
    }

    fn noted(&self) -> MutexGuard<'_, Vec<Departure>> {
        // Nobody panics in the middle of a change.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A way to the service that takes note of what leaves.
pub(super) struct Noting<'a, S> {
    pub(super) service: &'a S,
    pub(super) departures: &'a Departures,
}

impl<S: Service + Sync> Service for Noting<'_, S> {
    async fn exchange(&self, request: AllocationRequest, departure: Departure) -> Reply {
        self.departures.noted().push(departure.clone());
        self.service.exchange(request, departure).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_left_is_known_until_it_has_left_the_window() {
        let departures = Departures::default();
        let begin = Instant::now();
        for seconds in [3, 1, 8] {
            let departure = Departure::default();
            departure.mark_at(begin + Duration::from_secs(seconds));
            departures.noted().push(departure);
        }
        // It never left.
        departures.noted().push(Departure::default());
        tokio::time::sleep(Duration::from_secs(10)).await;
        let seconds = |window: u64| -> Vec<_> {
            let left = departures.left(Duration::from_secs(window));
            left.iter().map(|at| (*at - begin).as_secs()).collect()
        };
        assert_eq!(seconds(60), [1, 3, 8]);
        assert_eq!(seconds(5), [8]);
        assert_eq!(seconds(60), [8]);
    }
}
