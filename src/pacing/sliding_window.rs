//! Counts requests in a sliding window, by the moment at which they were sent.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::SentAt;

/// Admits at most `most` requests in any window of length `length`.
#[derive(Debug)]
pub struct SlidingWindow {
    most: usize,
    length: Duration,
    /// When the requests in the window were sent, in order.
    sent: VecDeque<Instant>,
    /// Admitted requests that are not sent yet: they may be waiting for a connection.
    pending: Vec<SentAt>,
}

impl SlidingWindow {
    /// `sent` is when earlier requests were sent, in order.
    pub fn new(most: usize, length: Duration, sent: &[Instant]) -> Self {
        Self {
            most,
            length,
            sent: sent.iter().copied().collect(),
            pending: Vec::new(),
        }
    }

    /// Whether one more request may be sent now; else the instant before which it may not.
    pub fn check(&mut self, now: Instant) -> Result<(), Instant> {
        self.update(now);
        if self.sent.len() + self.pending.len() < self.most {
            return Ok(());
        }
        // Pending requests are sent now at the earliest.
        Err(*self.sent.front().unwrap_or(&now) + self.length)
    }

    /// When the last of `requests` more, at least one, may be sent at the earliest.
    pub fn earliest(&mut self, requests: u64, now: Instant) -> Instant {
        self.update(now);
        let (last, most) = (requests.saturating_sub(1), self.most as u64);
        let windows = u32::try_from(last / most).unwrap_or(u32::MAX);
        // In each window, requests follow those of the window before, in order.
        let place = usize::try_from(last % most).unwrap_or(usize::MAX);
        let free = self
            .most
            .saturating_sub(self.sent.len() + self.pending.len());
        let first = match place.checked_sub(free) {
            None => now,
            Some(place) => *self.sent.get(place).unwrap_or(&now) + self.length,
        };
        first + self.length * windows
    }

    pub fn add_pending(&mut self, sent_at: SentAt) {
        self.pending.push(sent_at);
    }

    fn update(&mut self, now: Instant) {
        let sent = &mut self.sent;
        self.pending.retain(|sent_at| match sent_at.get() {
            Some(at) => {
                let place = sent.partition_point(|&earlier| earlier <= at);
                sent.insert(place, at);
                false
            }
            None => true,
        });
        while sent
            .front()
            .is_some_and(|&first| first + self.length <= now)
        {
            sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(2);

    fn gone(window: &mut SlidingWindow, at: Instant) -> SentAt {
        let sent_at = SentAt::default();
        sent_at.set(at);
        window.add_pending(sent_at.clone());
        sent_at
    }

    #[test]
    fn a_full_window_opens_when_its_first_request_leaves_it() {
        let start = Instant::now();
        let mut window = SlidingWindow::new(2, WINDOW, &[]);
        gone(&mut window, start);
        assert_eq!(window.check(start), Ok(()));
        gone(&mut window, start + WINDOW / 2);
        assert_eq!(window.check(start + WINDOW / 2), Err(start + WINDOW));
        assert_eq!(window.check(start + WINDOW), Ok(()));
    }

    #[test]
    fn a_request_counts_from_when_it_was_sent_and_not_from_when_it_was_admitted() {
        let start = Instant::now();
        let mut window = SlidingWindow::new(1, WINDOW, &[]);
        let slow = SentAt::default();
        window.add_pending(slow.clone());
        let later = start + 10 * WINDOW;
        assert_eq!(window.check(later), Err(later + WINDOW));
        slow.set(later);
        assert_eq!(window.check(later + WINDOW / 2), Err(later + WINDOW));
        assert_eq!(window.check(later + WINDOW), Ok(()));
    }

    #[test]
    fn the_earliest_end_of_many_requests_is_when_the_last_of_them_leaves() {
        let start = Instant::now();
        let mut window = SlidingWindow::new(3, WINDOW, &[]);
        gone(&mut window, start);
        gone(&mut window, start + WINDOW / 4);
        let now = start + WINDOW / 2;
        // The third place is free; then each place opens a window after it was taken.
        let expected = [
            now,
            start + WINDOW,
            start + WINDOW / 4 + WINDOW,
            now + WINDOW,
            start + WINDOW * 2,
        ];
        for (requests, expected) in (1..).zip(expected) {
            assert_eq!(window.earliest(requests, now), expected, "{requests}");
        }
    }

    #[test]
    fn one_that_hangs_does_not_delay_the_others() {
        let start = Instant::now();
        let mut window = SlidingWindow::new(2, WINDOW, &[]);
        window.add_pending(SentAt::default());
        gone(&mut window, start);
        assert_eq!(window.check(start), Err(start + WINDOW));
        assert_eq!(window.check(start + WINDOW), Ok(()));
    }
}
