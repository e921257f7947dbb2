//! How long to wait between attempts: exponential, with a random part.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const MAX: Duration = Duration::from_secs(60);

/// The delays between attempts; it ends when the retries are used up.
///
/// The nth delay is between half and the whole of 0.5 s · 2ⁿ, at most 60 s: never near zero, and different for two
/// batches that failed together.
#[derive(Debug, Clone)]
pub struct Backoff {
    left: u32,
    whole: Duration,
    random: fastrand::Rng,
}

impl Backoff {
    pub fn new(max_retries: u32, random: fastrand::Rng) -> Self {
        Self {
            left: max_retries,
            whole: FIRST,
            random,
        }
    }

    /// The delay before the next attempt, even if no retry is left.
    pub fn next_delay(&mut self) -> Duration {
        let half = self.whole / 2;
        self.whole = (self.whole * 2).min(MAX);
        half + half.mul_f64(self.random.f64())
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        Some(self.next_delay())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_doubles_up_to_a_minute_and_at_least_half_of_it_is_certain() {
        for seed in 0..100 {
            let waits: Vec<_> = Backoff::new(10, fastrand::Rng::with_seed(seed)).collect();
            assert_eq!(waits.len(), 10);
            let mut whole = 0.5_f64;
            for wait in waits {
                let wait = wait.as_secs_f64();
                assert!(wait >= whole / 2.0 && wait <= whole, "{wait} of {whole}");
                whole = (whole * 2.0).min(60.0);
            }
        }
    }

    #[test]
    fn batches_that_failed_together_do_not_come_back_together() {
        let first = |seed| Backoff::new(1, fastrand::Rng::with_seed(seed)).next();
        let waits: std::collections::HashSet<_> = (0..50).map(first).collect();
        assert!(waits.len() > 45);
    }
}
