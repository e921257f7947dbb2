//! Waits that the service asks for. They bind the whole run.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::Limits;
use crate::event::WaitCause;

/// The longest wait that a run sits through.
pub(super) const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Until when nobody may send, as far as the service has said.
#[derive(Debug, Default)]
pub(super) struct Hold {
    told_until: Option<Instant>,
    credit: Option<Credit>,
}

/// What is left of a quota that the service keeps.
#[derive(Debug)]
struct Credit {
    left: u64,
    until: Instant,
}

impl Hold {
    /// Nobody sends for so long.
    pub(super) fn wait(&mut self, wait: Duration, now: Instant) {
        self.told_until = self.told_until.max(now.checked_add(wait));
    }

    /// Heeds a quota told in headers. `in_flight` requests may or may not be counted in it already.
    pub(super) fn heed(&mut self, limits: Limits, in_flight: usize, now: Instant) {
        if let Some(budget) = limits.budget
            && let Some(until) = now.checked_add(budget.reset)
        {
            self.credit = Some(Credit {
                left: budget.remaining.saturating_sub(in_flight as u64),
                until,
            });
        }
    }

    /// Until when nobody may send, and why; `None` when one may now.
    pub(super) fn until(&self, now: Instant) -> Option<(Instant, WaitCause)> {
        let told = self.told_until.map(|until| (until, WaitCause::ToldToWait));
        let used_up = self
            .credit
            .as_ref()
            .filter(|credit| credit.left == 0)
            .map(|credit| (credit.until, WaitCause::QuotaTold));
        told.into_iter()
            .chain(used_up)
            .filter(|&(until, _)| until > now)
            .max_by_key(|&(until, _)| until)
    }

    /// A request goes.
    pub(super) fn sent(&mut self) {
        if let Some(credit) = &mut self.credit {
            credit.left = credit.left.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Budget;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(remaining: u64, reset: Duration) -> Limits {
        Limits {
            retry_after: None,
            budget: Some(Budget { remaining, reset }),
        }
    }

    #[test]
    fn the_longest_wait_told_counts() {
        let now = Instant::now();
        let mut hold = Hold::default();
        hold.wait(3 * SECOND, now);
        hold.wait(SECOND, now);
        assert_eq!(
            hold.until(now),
            Some((now + 3 * SECOND, WaitCause::ToldToWait))
        );
        assert_eq!(hold.until(now + 3 * SECOND), None);
    }

    #[test]
    fn a_quota_told_is_used_and_not_overdrawn() {
        let now = Instant::now();
        let mut hold = Hold::default();
        hold.heed(budget(5, 30 * SECOND), 3, now);
        for _ in 0..2 {
            assert_eq!(hold.until(now), None);
            hold.sent();
        }
        assert_eq!(
            hold.until(now),
            Some((now + 30 * SECOND, WaitCause::QuotaTold))
        );
        assert_eq!(hold.until(now + 30 * SECOND), None);
    }

    #[test]
    fn a_newer_word_replaces_an_older_one() {
        let now = Instant::now();
        let mut hold = Hold::default();
        hold.heed(budget(0, 30 * SECOND), 0, now);
        hold.heed(budget(9, 30 * SECOND), 0, now);
        assert_eq!(hold.until(now), None);
    }

    #[test]
    fn waits_beyond_all_time_do_no_harm() {
        let now = Instant::now();
        let mut hold = Hold::default();
        hold.wait(Duration::MAX, now);
        hold.heed(budget(0, Duration::MAX), 0, now);
        assert_eq!(hold.until(now), None);
    }
}
