//! The bar of a look-up.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressState};

use super::bars::style;

const LOOKING_UP: &str = "{prefix:<10} {wide_bar:.bold/dim} {human_pos}/{human_len}  {left} left";

/// The progress of a look-up. Dropping it removes the bar.
pub struct LookupBar {
    bar: ProgressBar,
    /// When the service's quota lets the look-up end at the earliest.
    earliest_end: Arc<Mutex<Option<Instant>>>,
}

impl LookupBar {
    pub fn new(bar: ProgressBar, name: &str) -> Self {
        let earliest_end = Arc::<Mutex<Option<Instant>>>::default();
        let end = Arc::clone(&earliest_end);
        let left = move |state: &ProgressState, out: &mut dyn Write| {
            let end = *end.lock().unwrap_or_else(PoisonError::into_inner);
            let left = time_left(end, Instant::now(), state.eta());
            // Writing to a string cannot fail.
            let _ = write!(out, "{:#}", HumanDuration(left));
        };
        bar.set_style(style(LOOKING_UP).with_key("left", left));
        bar.set_prefix(name.to_owned());
        Self { bar, earliest_end }
    }

    /// For displays without bars.
    pub fn hidden() -> Self {
        Self::new(ProgressBar::hidden(), "")
    }

    /// A look-up of this many users begins.
    pub fn restart(&self, total: u64) {
        self.bar.set_length(total);
        self.bar.reset();
    }

    pub fn add(&self, more: u64) {
        self.bar.inc(more);
    }

    /// The least time that the rest takes by the service's quota.
    pub fn set_time_left(&self, at_least: Duration) {
        let end = &self.earliest_end;
        *end.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + at_least);
    }
}

impl Drop for LookupBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The time left by the quota, if calls have to wait for it; else by the pace so far.
fn time_left(earliest_end: Option<Instant>, now: Instant, by_pace: Duration) -> Duration {
    let by_quota = earliest_end.and_then(|end| end.checked_duration_since(now));
    by_quota
        .filter(|left| *left >= Duration::from_secs(1))
        .unwrap_or(by_pace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_the_quota_is_part_of_the_time_left() {
        let now = Instant::now();
        let (minutes, seconds) = (Duration::from_secs(240), Duration::from_secs(3));
        assert_eq!(time_left(Some(now + minutes), now, seconds), minutes);
        assert_eq!(time_left(Some(now), now + seconds, seconds), seconds);
        assert_eq!(time_left(None, now, seconds), seconds);
    }
}
