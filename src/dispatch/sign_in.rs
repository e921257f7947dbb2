//! When to ask for a token again, after it was asked for in vain.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;

/// How signing in stands. Its waits are its own: they say nothing about any batch.
#[derive(Debug, Default)]
pub struct SignInRetry {
    /// The waits that are left before it is given up; whole again once a request has had a token.
    waits: Option<Backoff>,
    /// When it failed, the last time, and when it is tried again.
    trouble: Option<(Instant, Instant)>,
}

/// What follows when a token was asked for in vain.
#[derive(Debug, PartialEq, Eq)]
pub enum SignInDecision {
    /// It is tried again after this wait.
    RetryAfter(Duration),
    /// That is known: somebody else has asked for the same token.
    AlreadyScheduled,
    GiveUp,
}

impl SignInRetry {
    /// When it is tried again, if it is in trouble.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.trouble.map(|(_, due)| due).filter(|due| *due > now)
    }

    /// A token was asked for in vain. `told` is what was said of when to ask again.
    pub fn failed(
        &mut self,
        told: Option<Duration>,
        now: Instant,
        whole: impl FnOnce() -> Backoff,
    ) -> SignInDecision {
        if self.until(now).is_some() {
            return SignInDecision::AlreadyScheduled;
        }
        let Some(wait) = self.waits.get_or_insert_with(whole).next() else {
            return SignInDecision::GiveUp;
        };
        let wait = wait.max(told.unwrap_or_default());
        self.trouble = Some((now, now + wait));
        SignInDecision::RetryAfter(wait)
    }

    /// A request left then: if that was after the trouble, there was a token again.
    pub fn sent(&mut self, left: Instant) {
        if self.trouble.is_none_or(|(failed, _)| left > failed) {
            self.waits = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_waits() -> Backoff {
        Backoff::new(2, fastrand::Rng::with_seed(1))
    }

    #[test]
    fn who_waits_for_the_same_token_counts_once() {
        let now = Instant::now();
        let mut sign_in = SignInRetry::default();
        let SignInDecision::RetryAfter(wait) = sign_in.failed(None, now, two_waits) else {
            panic!("no wait");
        };
        assert_eq!(sign_in.until(now), Some(now + wait));
        assert_eq!(
            sign_in.failed(None, now, two_waits),
            SignInDecision::AlreadyScheduled
        );
        let later = now + wait;
        assert_eq!(sign_in.until(later), None);
        let told = Some(Duration::from_secs(20));
        assert_eq!(
            sign_in.failed(told, later, two_waits),
            SignInDecision::RetryAfter(Duration::from_secs(20))
        );
        let end = later + Duration::from_secs(20);
        assert_eq!(sign_in.failed(None, end, two_waits), SignInDecision::GiveUp);
    }

    #[test]
    fn only_what_leaves_after_the_trouble_says_that_it_is_over() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut sign_in = SignInRetry::default();
        let mut at = now;
        for _ in 0..2 {
            at += second * 60;
            assert!(matches!(
                sign_in.failed(None, at, two_waits),
                SignInDecision::RetryAfter(_)
            ));
            sign_in.sent(at - second);
        }
        at += second * 60;
        assert_eq!(sign_in.failed(None, at, two_waits), SignInDecision::GiveUp);
        sign_in.sent(at + second);
        assert!(matches!(
            sign_in.failed(None, at, two_waits),
            SignInDecision::RetryAfter(_)
        ));
    }
}
