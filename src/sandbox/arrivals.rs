//! Counts requests as the service's quota does: when they arrive.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::rate::Rate;

/// The requests in the window of a quota.
#[derive(Debug)]
pub struct Arrivals {
    rate: Rate,
    counted: VecDeque<Instant>,
}

impl Arrivals {
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            counted: VecDeque::new(),
        }
    }

    /// Counts one request, or gives the time until the next one is allowed.
    pub fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        let window = self.rate.window;
        while self
            .counted
            .front()
            .is_some_and(|&first| first + window <= now)
        {
            self.counted.pop_front();
        }
        if let Some(&first) = self.counted.front()
            && self.counted.len() >= self.rate.requests.get() as usize
        {
            return Err(first + window - now);
        }
        self.counted.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_refuses_until_its_first_request_leaves_it() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new("2/10s".parse().unwrap());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(arrivals.admit(at(0)), Ok(()));
        assert_eq!(arrivals.admit(at(4)), Ok(()));
        assert_eq!(arrivals.admit(at(6)), Err(Duration::from_secs(4)));
        assert_eq!(arrivals.admit(at(10)), Ok(()));
    }
}
