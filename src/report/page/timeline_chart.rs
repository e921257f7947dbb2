//! How the run went over time, as charts and as a table.

use crate::event::WaitCause;
use crate::humanize::count;
use crate::humanize::duration::{duration, tenths};
use crate::report::page::charts::{Chart, fit, requests, retries, users, waits};
use crate::report::timeline::{Slot, Timeline};

/// The course of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// How long one slot is.
    pub slot: String,
    pub charts: Vec<Chart>,
    /// Where the time axis begins, its middle and its end.
    pub axis: [String; 3],
    /// What was not worth a chart, and how long what was waited for.
    pub remarks: Vec<String>,
    pub rows: Vec<Row>,
}

/// A slot in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub from: String,
    pub succeeded: String,
    pub failed: String,
    pub sent: String,
    pub retried: String,
    pub waited: String,
}

/// The course of a run in which something was sent.
pub fn course(timeline: &Timeline) -> Option<Course> {
    let (slots, width) = timeline.slots();
    let total = Slot::sum(slots);
    if total.sent == 0 {
        return None;
    }
    let end = timeline.end();
    let slot = duration(width);
    let mut charts = vec![users(slots, &slot), requests(slots, &slot)];
    charts.extend((total.retried > 0).then(|| retries(slots, &slot)));
    charts.extend((!total.waited.is_zero()).then(|| waits(slots, width, total.waited)));
    for chart in &mut charts {
        fit(&mut chart.bars, width, end);
    }
    let rows = slots.iter().zip(0..).map(|(slot, place)| Row {
        from: duration(width * place),
        succeeded: count(slot.succeeded),
        failed: count(slot.failed),
        sent: count(slot.sent),
        retried: count(slot.retried),
        waited: duration(tenths(slot.waited)),
    });
    Some(Course {
        slot,
        charts,
        axis: [
            "0s".to_owned(),
            duration(tenths(end / 2)),
            duration(tenths(end)),
        ],
        remarks: remarks(timeline, &total),
        rows: rows.collect(),
    })
}

fn remarks(timeline: &Timeline, total: &Slot) -> Vec<String> {
    let mut remarks = Vec::new();
    if total.retried == 0 {
        remarks.push("No request had to be sent again.".to_owned());
    }
    let waited = timeline.waited().iter();
    let waited: Vec<_> = waited
        .filter(|(_, time)| !tenths(**time).is_zero())
        .map(|(cause, time)| format!("{} {}", duration(tenths(*time)), because(*cause)))
        .collect();
    remarks.push(match waited.as_slice() {
        [] => "There was no wait of more than two seconds.".to_owned(),
        waited => format!("Waits of more than two seconds: {}.", waited.join("; ")),
    });
    remarks
}

fn because(cause: WaitCause) -> &'static str {
    match cause {
        WaitCause::RetryAfter => "because the service asked to wait",
        WaitCause::QuotaExhausted => "because the service’s quota was used up",
        WaitCause::Rate => "to keep to the given rate",
        WaitCause::SignIn => "because signing in did not work",
        WaitCause::Retry => "because the service had not answered",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::Event;

    fn sent_at(seconds: &[u64]) -> Timeline {
        let mut timeline = Timeline::default();
        for &at in seconds {
            let sent = Event::Sent { batch: 1, users: 1 };
            timeline.note(Duration::from_secs(at), &sent);
        }
        timeline
    }

    #[test]
    fn where_nothing_was_sent_there_is_no_course() {
        assert_eq!(course(&Timeline::default()), None);
    }

    #[test]
    fn a_chart_ends_where_the_run_ends_and_its_last_bar_with_it() {
        let mut timeline = sent_at(&[0, 0, 60]);
        timeline.finish(Duration::from_millis(60_250));
        let course = course(&timeline).unwrap();
        assert_eq!(course.axis, ["0s", "30s", "1m"]);
        let requests = &course.charts[1];
        assert_eq!(requests.most, "up to 2 in 1s");
        let shown: Vec<_> = requests
            .bars
            .iter()
            .map(|bar| (bar.x, bar.width, bar.y, bar.height))
            .collect();
        assert_eq!(shown, [(0, 18, 0, 100), (1195, 4, 50, 50)]);
        assert_eq!(course.rows.len(), 61);
    }

    #[test]
    fn what_did_not_happen_is_said_and_has_no_chart() {
        let mut timeline = sent_at(&[0, 1]);
        timeline.finish(Duration::from_secs(2));
        let quiet = course(&timeline).unwrap();
        assert_eq!(quiet.charts.len(), 2);
        assert_eq!(
            quiet.remarks,
            [
                "No request had to be sent again.",
                "There was no wait of more than two seconds."
            ]
        );
    }

    #[test]
    fn waits_are_told_with_their_cause() {
        let mut timeline = sent_at(&[0]);
        let wait = Event::Waiting {
            wait: Duration::from_secs(130),
            cause: WaitCause::Rate,
        };
        timeline.note(Duration::ZERO, &wait);
        timeline.finish(Duration::from_secs(140));
        let course = course(&timeline).unwrap();
        assert_eq!(course.charts[2].id, "waits");
        assert_eq!(
            course.remarks[1],
            "Waits of more than two seconds: 2m 10s to keep to the given rate."
        );
    }
}
