//! The session over time, as charts and as a table.

use std::time::Duration;

use crate::event::WaitCause;
use crate::humanize::count;
use crate::humanize::duration::{duration, tenths};
use crate::report::page::charts::{Chart, fit, requests, retries, users, waits};
use crate::report::timeline::{Slot, Timeline};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineChart {
    /// The length of a slot.
    pub slot: String,
    pub charts: Vec<Chart>,
    /// The start, the middle and the end of the time axis.
    pub axis: [String; 3],
    /// Events that need no chart, and the reasons of waits.
    pub remarks: Vec<String>,
    pub rows: Vec<SlotRow>,
}

/// A slot in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    pub from: String,
    pub succeeded: String,
    pub failed: String,
    pub sent: String,
    pub retried: String,
    pub waited: String,
}

impl TimelineChart {
    /// None if nothing was sent.
    pub fn of(timeline: &Timeline) -> Option<Self> {
        let (slots, width) = timeline.slots();
        let total = Slot::sum(slots);
        if total.sent == 0 {
            return None;
        }
        let end = timeline.end();
        let slot = duration(width);
        let mut charts = vec![users(slots, &slot), requests(slots, &slot)];
        charts.extend((total.retried > 0).then(|| retries(slots, &slot)));
        charts.extend((!total.waited.is_zero()).then(|| waits(slots, width)));
        for chart in &mut charts {
            fit(&mut chart.bars, width, end);
        }
        Some(Self {
            slot,
            charts,
            axis: [
                "0s".to_owned(),
                duration(tenths(end / 2)),
                duration(tenths(end)),
            ],
            remarks: remarks(timeline, &total),
            rows: slots
                .iter()
                .zip(0..)
                .map(|(slot, place)| SlotRow::new(width * place, slot))
                .collect(),
        })
    }
}

impl SlotRow {
    fn new(from: Duration, slot: &Slot) -> Self {
        Self {
            from: duration(from),
            succeeded: count(slot.succeeded),
            failed: count(slot.failed),
            sent: count(slot.sent),
            retried: count(slot.retried),
            waited: duration(tenths(slot.waited)),
        }
    }
}

fn remarks(timeline: &Timeline, total: &Slot) -> Vec<String> {
    let no_retries = (total.retried == 0).then(|| "No request was retried.".to_owned());
    let waits: Vec<_> = timeline
        .waited()
        .iter()
        .filter(|(_, time)| !tenths(**time).is_zero())
        .map(|(cause, time)| format!("{} {}", duration(tenths(*time)), reason(*cause)))
        .collect();
    let waits = if waits.is_empty() {
        "There was no wait of more than two seconds.".to_owned()
    } else {
        format!("Waits of more than two seconds: {}.", waits.join("; "))
    };
    no_retries.into_iter().chain([waits]).collect()
}

fn reason(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::RetryAfter => "because the service asked to wait",
        WaitCause::QuotaExhausted => "because the service’s quota was used up",
        WaitCause::Rate => "to keep to the given rate",
        WaitCause::SignIn => "because sign-in failed",
        WaitCause::Retry => "because the service did not respond",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    fn sent_at(seconds: &[u64]) -> Timeline {
        let mut timeline = Timeline::default();
        for &at in seconds {
            let sent = Event::Sent { batch: 1, users: 1 };
            timeline.record(Duration::from_secs(at), &sent);
        }
        timeline
    }

    #[test]
    fn without_requests_there_is_no_chart() {
        assert_eq!(TimelineChart::of(&Timeline::default()), None);
    }

    #[test]
    fn a_chart_ends_where_the_session_ends_and_its_last_bar_with_it() {
        let mut timeline = sent_at(&[0, 0, 60]);
        timeline.finish(Duration::from_millis(60_250));
        let chart = TimelineChart::of(&timeline).unwrap();
        assert_eq!(chart.axis, ["0s", "30s", "1m"]);
        let requests = &chart.charts[1];
        assert_eq!(requests.scale, "up to 2 in 1s");
        let shown: Vec<_> = requests
            .bars
            .iter()
            .map(|bar| (bar.x, bar.width, bar.y, bar.height))
            .collect();
        assert_eq!(shown, [(0, 18, 0, 100), (1195, 4, 50, 50)]);
        assert_eq!(chart.rows.len(), 61);
    }

    #[test]
    fn what_did_not_happen_has_a_remark_and_no_chart() {
        let mut timeline = sent_at(&[0, 1]);
        timeline.finish(Duration::from_secs(2));
        let quiet = TimelineChart::of(&timeline).unwrap();
        assert_eq!(quiet.charts.len(), 2);
        assert_eq!(
            quiet.remarks,
            [
                "No request was retried.",
                "There was no wait of more than two seconds."
            ]
        );
    }

    #[test]
    fn waits_are_shown_with_their_cause() {
        let mut timeline = sent_at(&[0]);
        let wait = Event::Waiting {
            wait: Duration::from_secs(130),
            cause: WaitCause::Rate,
        };
        timeline.record(Duration::ZERO, &wait);
        timeline.finish(Duration::from_secs(140));
        let chart = TimelineChart::of(&timeline).unwrap();
        assert_eq!(chart.charts[2].id, "waits");
        assert_eq!(
            chart.remarks[1],
            "Waits of more than two seconds: 2m 10s to keep to the given rate."
        );
    }
}
