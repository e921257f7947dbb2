//! Waits that the service asks for. They apply to the whole run.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::RateLimitHeaders;
use crate::event::WaitCause;

/// The longest `Retry-After` that a run waits for; a longer one stops it.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(15 * 60);

/// Longer than any wait, and still an instant that the clock can represent.
const FAR_FUTURE: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Two responses describe the same window of a quota if their ends are no further apart: they are given in whole
/// seconds, and responses take their time.
const SAME_WINDOW: Duration = Duration::from_secs(2);

/// Until when no request may be sent, as the service says.
#[derive(Debug, Default)]
pub struct Cooldown {
    retry_after: Option<Instant>,
    quota: Option<RemainingQuota>,
}

/// What is left of the service's quota.
#[derive(Debug)]
struct RemainingQuota {
    left: u64,
    until: Instant,
}

impl Cooldown {
    /// `left` is the rest of a wait that the service asked an earlier session of the run for.
    pub fn new(left: Option<Duration>, now: Instant) -> Self {
        let mut cooldown = Self::default();
        if let Some(left) = left {
            cooldown.wait(left, now);
        }
        cooldown
    }

    /// No request is sent for this long.
    pub fn wait(&mut self, wait: Duration, now: Instant) {
        self.retry_after = self.retry_after.max(Some(now + wait.min(FAR_FUTURE)));
    }

    /// Applies a quota given in headers. The service may have counted some of the `in_flight` requests already.
    ///
    /// Responses overtake each other, so within one window of the quota the remaining number only falls.
    pub fn apply_rate_limit_headers(
        &mut self,
        limits: RateLimitHeaders,
        in_flight: usize,
        now: Instant,
    ) {
        let Some(budget) = limits.budget else {
            return;
        };
        let until = now + budget.reset.min(FAR_FUTURE);
        self.quota = Some(match &self.quota {
            Some(known) if known.until > now && until <= known.until + SAME_WINDOW => {
                RemainingQuota {
                    left: known.left.min(budget.remaining),
                    until: known.until.max(until),
                }
            }
            _ => RemainingQuota {
                left: budget.remaining.saturating_sub(in_flight as u64),
                until,
            },
        });
    }

    /// Until when no request may be sent, and why; `None` if one may be sent now.
    pub fn until(&self, now: Instant) -> Option<(Instant, WaitCause)> {
        let retry_after = self.retry_after.map(|until| (until, WaitCause::RetryAfter));
        let used_up = self
            .quota
            .as_ref()
            .filter(|quota| quota.left == 0)
            .map(|quota| (quota.until, WaitCause::QuotaExhausted));
        retry_after
            .into_iter()
            .chain(used_up)
            .filter(|&(until, _)| until > now)
            .max_by_key(|&(until, _)| until)
    }

    /// A request is sent.
    pub fn sent(&mut self) {
        if let Some(quota) = &mut self.quota {
            quota.left = quota.left.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::RemainingQuota;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(remaining: u64, reset: Duration) -> RateLimitHeaders {
        RateLimitHeaders {
            retry_after: None,
            budget: Some(RemainingQuota { remaining, reset }),
        }
    }

    #[test]
    fn the_longest_requested_wait_counts() {
        let now = Instant::now();
        let mut hold = Cooldown::default();
        hold.wait(3 * SECOND, now);
        hold.wait(SECOND, now);
        assert_eq!(
            hold.until(now),
            Some((now + 3 * SECOND, WaitCause::RetryAfter))
        );
        assert_eq!(hold.until(now + 3 * SECOND), None);
    }

    #[test]
    fn a_reported_quota_is_used_and_not_exceeded() {
        let now = Instant::now();
        let mut hold = Cooldown::default();
        hold.apply_rate_limit_headers(budget(5, 30 * SECOND), 3, now);
        for _ in 0..2 {
            assert_eq!(hold.until(now), None);
            hold.sent();
        }
        assert_eq!(
            hold.until(now),
            Some((now + 30 * SECOND, WaitCause::QuotaExhausted))
        );
        assert_eq!(hold.until(now + 30 * SECOND), None);
    }

    #[test]
    fn within_a_window_what_is_left_only_falls_however_answers_overtake_each_other() {
        let now = Instant::now();
        let mut hold = Cooldown::default();
        hold.apply_rate_limit_headers(budget(0, 30 * SECOND), 0, now);
        hold.apply_rate_limit_headers(budget(9, 31 * SECOND), 0, now);
        assert_eq!(
            hold.until(now),
            Some((now + 31 * SECOND, WaitCause::QuotaExhausted))
        );
    }

    #[test]
    fn a_new_window_brings_a_new_quota() {
        let now = Instant::now();
        let mut hold = Cooldown::default();
        hold.apply_rate_limit_headers(budget(0, 3 * SECOND), 0, now);
        let later = now + 3 * SECOND;
        hold.apply_rate_limit_headers(budget(9, 3 * SECOND), 2, later);
        assert_eq!(hold.until(later), None);
        for _ in 0..7 {
            hold.sent();
        }
        assert!(hold.until(later).is_some());
    }

    #[test]
    fn a_wait_beyond_all_time_is_a_wait() {
        let now = Instant::now();
        let mut hold = Cooldown::default();
        hold.wait(Duration::MAX, now);
        assert!(
            hold.until(now)
                .is_some_and(|(until, _)| until - now > MAX_RETRY_AFTER)
        );
    }
}
