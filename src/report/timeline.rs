//! How a run went over time, in a bounded number of slots: they become wider as the run becomes longer.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Event, WaitCause};
use crate::outcome::Decision;

/// The most slots that a run is shown in.
const MOST_SLOTS: usize = 120;

/// How wide slots are, in milliseconds, as a run becomes longer; each is a multiple of the one before. Beyond the last
/// they double.
const WIDTHS: [u64; 11] = [
    100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
];

/// What happened when, counted from when sending began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    width: Duration,
    slots: Vec<Slot>,
    /// A wait that nothing has ended yet.
    wait: Option<Wait>,
    waited: BTreeMap<WaitCause, Duration>,
    end: Duration,
}

/// What happened in one slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slot {
    /// Users who became a success.
    pub succeeded: u64,
    /// Users who failed.
    pub failed: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests that had to be sent again.
    pub retried: u64,
    /// How long nothing was sent on purpose.
    pub waited: Duration,
}

impl Slot {
    /// Several slots as one.
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
    /// Takes note of what happened so long after sending began. Decisions are noted by [`decided`](Self::decided).
    pub fn note(&mut self, at: Duration, event: &Event) {
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
            Event::ResponseReceived { .. }
            | Event::Split { .. }
            | Event::Decided(_)
            | Event::SeatsExhausted { .. }
            | Event::WrongAddress { .. } => {}
        }
    }

    /// Takes note of a decision that has been recorded.
    pub fn decided(&mut self, at: Duration, decision: &Decision) {
        let slot = self.slot(at);
        let users = decision.users.len() as u64;
        match decision.outcome.is_success() {
            true => slot.succeeded += users,
            false => slot.failed += users,
        }
    }

    /// Sending has ended so long after it began.
    pub fn finish(&mut self, at: Duration) {
        self.end_wait(at);
        self.end = self.end.max(at);
        if at > Duration::ZERO {
            // The instant itself is outside the last slot.
            self.slot(at.saturating_sub(Duration::from_nanos(1)));
        }
    }

    /// The slots from the first, and how long each is; the last may be cut by the end.
    pub fn slots(&self) -> (&[Slot], Duration) {
        (&self.slots, self.width)
    }

    /// How long sending took.
    pub fn end(&self) -> Duration {
        self.end
    }

    /// How long nothing was sent, by why.
    pub fn waited(&self) -> &BTreeMap<WaitCause, Duration> {
        &self.waited
    }

    fn end_wait(&mut self, at: Duration) {
        let Some(Wait { from, until, cause }) = self.wait.take() else {
            return;
        };
        let until = until.min(at);
        *self.waited.entry(cause).or_default() += until.saturating_sub(from);
        let mut from = from;
        while from < until {
            self.slot(from);
            // Wide enough by now for `until` as well, or widened by the next turn.
            let place = place(from, self.width);
            let next = self.width.saturating_mul(place as u32 + 1).min(until);
            self.slots[place].waited += next.saturating_sub(from);
            from = next;
        }
    }

    /// The slot of a time, which is made together with those before it.
    fn slot(&mut self, at: Duration) -> &mut Slot {
        self.end = self.end.max(at);
        while place(at, self.width) >= MOST_SLOTS {
            self.widen();
        }
        let place = place(at, self.width);
        if self.slots.len() <= place {
            self.slots.resize(place + 1, Slot::default());
        }
        &mut self.slots[place]
    }

    /// Puts slots together, so many that the next width comes out.
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
    fn a_short_run_is_shown_by_tenths_of_a_second_and_a_long_one_by_minutes() {
        let mut timeline = Timeline::default();
        for at in [0.0, 0.05, 0.25] {
            timeline.note(seconds(at), &sent());
        }
        let (slots, width) = timeline.slots();
        assert_eq!(width, seconds(0.1));
        let sent_in = |slots: &[Slot]| slots.iter().map(|slot| slot.sent).collect::<Vec<_>>();
        assert_eq!(sent_in(slots), [2, 0, 1]);

        timeline.note(seconds(7000.0), &sent());
        let (slots, width) = timeline.slots();
        assert_eq!((width, slots.len()), (seconds(60.0), 117));
        assert_eq!((slots[0].sent, slots[116].sent), (3, 1));
    }

    #[test]
    fn a_wait_lasts_until_something_is_sent_and_no_longer_than_was_said() {
        let mut timeline = Timeline::default();
        timeline.note(seconds(1.0), &waiting(5.0, WaitCause::Rate));
        timeline.note(seconds(3.0), &sent());
        timeline.note(seconds(10.0), &waiting(5.0, WaitCause::RetryAfter));
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
        timeline.note(seconds(0.0), &waiting(600.0, WaitCause::QuotaExhausted));
        timeline.note(
            seconds(2.0),
            &Event::Stopping(crate::event::StopReason::Interrupted),
        );
        timeline.finish(seconds(2.5));
        assert_eq!(timeline.waited()[&WaitCause::QuotaExhausted], seconds(2.0));
    }

    proptest! {
        #[test]
        fn however_long_a_run_takes_its_slots_are_few_and_lose_nothing(
            steps in prop::collection::vec((0_u64..40_000_000, 0_u64..9_000_000), 1..80)
        ) {
            let mut timeline = Timeline::default();
            let (mut now, mut waited) = (0, 0);
            for (until_next, wait) in &steps {
                let at = Duration::from_millis(now);
                timeline.note(at, &sent());
                timeline.note(at, &waiting(*wait as f64 / 1000.0, WaitCause::Rate));
                waited += wait.min(until_next);
                now += until_next;
            }
            timeline.finish(Duration::from_millis(now));
            let (slots, width) = timeline.slots();
            prop_assert!(slots.len() <= MOST_SLOTS);
            prop_assert!(slots.iter().all(|slot| slot.waited <= width));
            prop_assert_eq!(slots.iter().map(|slot| slot.sent).sum::<u64>(), steps.len() as u64);
            let sum: Duration = slots.iter().map(|slot| slot.waited).sum();
            prop_assert_eq!(sum, Duration::from_millis(waited));
        }
    }
}
