//! A session over time, in a bounded number of slots: they become wider as the session becomes longer.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Event, WaitCause};
use crate::outcome::Decision;

const MAX_SLOTS: usize = 120;

/// The widths of slots in milliseconds, each a multiple of the one before. After the last they double.
const WIDTHS: [u64; 11] = [
    100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
];

/// Counts by slot, from when sending started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    width: Duration,
    slots: Vec<Slot>,
    /// The wait under way.
    wait: Option<Wait>,
    waited: BTreeMap<WaitCause, Duration>,
    end: Duration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slot {
    pub succeeded: u64,
    pub failed: u64,
    pub sent: u64,
    pub retried: u64,
    /// The time in which nothing was sent on purpose.
    pub waited: Duration,
}

impl Slot {
    pub fn sum(slots: &[Self]) -> Self {
        slots.iter().fold(Self::default(), |sum, slot| Self {
            succeeded: sum.succeeded + slot.succeeded,
            failed: sum.failed + slot.failed,
            sent: sum.sent + slot.sent,
            retried: sum.retried + slot.retried,
            waited: sum.waited + slot.waited,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Wait {
    from: Duration,
    until: Duration,
    cause: WaitCause,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            width: Duration::from_millis(WIDTHS[0]),
            slots: Vec::new(),
            wait: None,
            waited: BTreeMap::new(),
            end: Duration::ZERO,
        }
    }
}

impl Timeline {
    pub fn record(&mut self, at: Duration, event: &Event) {
        match event {
            Event::Sent { .. } => {
                self.end_wait(at);
                self.slot(at).sent += 1;
            }
            Event::Retrying { .. } => self.slot(at).retried += 1,
            Event::Waiting { wait, cause } => {
                self.end_wait(at);
                self.wait = Some(Wait {
                    from: at,
                    until: at.saturating_add(*wait),
                    cause: *cause,
                });
            }
            Event::Stopping(_) => self.end_wait(at),
            Event::Decided(decision) => self.record_decision(at, decision),
            Event::ResponseReceived { .. }
            | Event::Split { .. }
            | Event::SeatsExhausted { .. }
            | Event::WrongAddress { .. } => {}
        }
    }

    fn record_decision(&mut self, at: Duration, decision: &Decision) {
        let slot = self.slot(at);
        let users = decision.users.len() as u64;
        if decision.outcome.is_success() {
            slot.succeeded += users;
        } else {
            slot.failed += users;
        }
    }

    /// Sending has ended.
    pub fn finish(&mut self, at: Duration) {
        self.end_wait(at);
        self.end = self.end.max(at);
        if at > Duration::ZERO {
            // The last slot ends before this instant.
            self.slot(at.saturating_sub(Duration::from_nanos(1)));
        }
    }

    /// The slots and their width. The end of the session may cut the last.
    pub fn slots(&self) -> (&[Slot], Duration) {
        (&self.slots, self.width)
    }

    pub fn end(&self) -> Duration {
        self.end
    }

    pub fn waited(&self) -> &BTreeMap<WaitCause, Duration> {
        &self.waited
    }

    fn end_wait(&mut self, at: Duration) {
        let Some(wait) = self.wait.take() else {
            return;
        };
        let (mut from, until) = (wait.from, wait.until.min(at));
        *self.waited.entry(wait.cause).or_default() += until.saturating_sub(from);
        while from < until {
            self.slot(from);
            // `slot` may have widened the slots.
            let place = place(from, self.width);
            let next = self.width.saturating_mul(place as u32 + 1).min(until);
            self.slots[place].waited += next.saturating_sub(from);
            from = next;
        }
    }

    /// The slot of a time, added with those before it.
    fn slot(&mut self, at: Duration) -> &mut Slot {
        self.end = self.end.max(at);
        while place(at, self.width) >= MAX_SLOTS {
            self.widen();
        }
        let place = place(at, self.width);
        if self.slots.len() <= place {
            self.slots.resize(place + 1, Slot::default());
        }
        &mut self.slots[place]
    }

    /// Merges slots to the next width.
    fn widen(&mut self) {
        let now = self.width.as_millis() as u64;
        let next = WIDTHS.into_iter().find(|&width| width > now);
        let next = next.unwrap_or(now.saturating_mul(2));
        let wider = self.slots.chunks((next / now) as usize).map(Slot::sum);
        self.slots = wider.collect();
        self.width = Duration::from_millis(next);
    }
}

fn place(at: Duration, width: Duration) -> usize {
    (at.as_nanos() / width.as_nanos()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn sent() -> Event {
        Event::Sent { batch: 1, users: 1 }
    }

    fn waiting(wait: f64, cause: WaitCause) -> Event {
        Event::Waiting {
            wait: seconds(wait),
            cause,
        }
    }

    #[test]
    fn a_short_session_is_shown_by_tenths_of_a_second_and_a_long_one_by_minutes() {
        let mut timeline = Timeline::default();
        for at in [0.0, 0.05, 0.25] {
            timeline.record(seconds(at), &sent());
        }
        let (slots, width) = timeline.slots();
        assert_eq!(width, seconds(0.1));
        let sent_in = |slots: &[Slot]| slots.iter().map(|slot| slot.sent).collect::<Vec<_>>();
        assert_eq!(sent_in(slots), [2, 0, 1]);

        timeline.record(seconds(7000.0), &sent());
        let (slots, width) = timeline.slots();
        assert_eq!((width, slots.len()), (seconds(60.0), 117));
        assert_eq!((slots[0].sent, slots[116].sent), (3, 1));
    }

    #[test]
    fn a_wait_ends_with_the_next_request_or_its_time() {
        let mut timeline = Timeline::default();
        timeline.record(seconds(1.0), &waiting(5.0, WaitCause::Rate));
        timeline.record(seconds(3.0), &sent());
        timeline.record(seconds(10.0), &waiting(5.0, WaitCause::RetryAfter));
        timeline.finish(seconds(60.0));
        let waited: Vec<_> = timeline.waited().iter().collect();
        assert_eq!(
            waited,
            [
                (&WaitCause::RetryAfter, &seconds(5.0)),
                (&WaitCause::Rate, &seconds(2.0)),
            ]
        );
        let (slots, width) = timeline.slots();
        assert_eq!((slots.len(), width), (120, seconds(0.5)));
        assert_eq!(slots[2].waited, seconds(0.5));
        assert_eq!(slots[6].waited, Duration::ZERO);
    }

    #[test]
    fn an_interrupt_ends_a_wait() {
        let mut timeline = Timeline::default();
        timeline.record(seconds(0.0), &waiting(600.0, WaitCause::QuotaExhausted));
        timeline.record(
            seconds(2.0),
            &Event::Stopping(crate::event::StopReason::Interrupted),
        );
        timeline.finish(seconds(2.5));
        assert_eq!(timeline.waited()[&WaitCause::QuotaExhausted], seconds(2.0));
    }

    proptest! {
        #[test]
        fn slots_are_few_and_lose_nothing(
            steps in prop::collection::vec((0_u64..40_000_000, 0_u64..9_000_000), 1..80)
        ) {
            let mut timeline = Timeline::default();
            let (mut now, mut waited) = (0, 0);
            for (until_next, wait) in &steps {
                let at = Duration::from_millis(now);
                timeline.record(at, &sent());
                timeline.record(at, &waiting(*wait as f64 / 1000.0, WaitCause::Rate));
                waited += wait.min(until_next);
                now += until_next;
            }
            timeline.finish(Duration::from_millis(now));
            let (slots, width) = timeline.slots();
            prop_assert!(slots.len() <= MAX_SLOTS);
            prop_assert!(slots.iter().all(|slot| slot.waited <= width));
            prop_assert_eq!(slots.iter().map(|slot| slot.sent).sum::<u64>(), steps.len() as u64);
            let sum: Duration = slots.iter().map(|slot| slot.waited).sum();
            prop_assert_eq!(sum, Duration::from_millis(waited));
        }
    }
}
