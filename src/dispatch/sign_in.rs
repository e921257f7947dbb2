//! When to request a token again after a failure.

use std::time::Duration;

use tokio::time::Instant;

use crate::pacing::Backoff;

/// Retries of the sign-in. They are apart from the retries of batches.
#[derive(Debug, Default)]
pub struct SignInRetry {
    /// The retries that are left; complete again once a request has had a token.
    backoff: Option<Backoff>,
    /// When the sign-in last failed, and when it is retried.
    failure: Option<(Instant, Instant)>,
}

/// What follows when there was no token.
#[derive(Debug, PartialEq, Eq)]
pub enum SignInDecision {
    RetryAfter(Duration),
    /// Another request has failed for the same token, and the retry is planned.
    AlreadyScheduled,
    GiveUp,
}

impl SignInRetry {
    /// When the sign-in is retried, if it has failed.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.failure.map(|(_, due)| due).filter(|due| *due > now)
    }

    /// There was no token. `retry_after` is what the token service asked for.
    pub fn failed(
        &mut self,
        retry_after: Option<Duration>,
        now: Instant,
        new_backoff: impl FnOnce() -> Backoff,
    ) -> SignInDecision {
        if self.until(now).is_some() {
            return SignInDecision::AlreadyScheduled;
        }
        let Some(wait) = self.backoff.get_or_insert_with(new_backoff).next() else {
            return SignInDecision::GiveUp;
        };
        let wait = wait.max(retry_after.unwrap_or_default());
        self.failure = Some((now, now + wait));
        SignInDecision::RetryAfter(wait)
    }

    /// A request was sent: if that was after the failure, there was a token again.
    pub fn sent(&mut self, at: Instant) {
        if self.failure.is_none_or(|(failed, _)| at > failed) {
            self.backoff = None;
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
    fn only_a_request_sent_after_the_failure_shows_that_it_is_over() {
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
