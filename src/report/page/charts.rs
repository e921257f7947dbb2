//! Charts over time: bars by slot, in a chart's own units.

use std::time::Duration;

use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};
use crate::report::timeline::Slot;

/// How wide and how high a chart is, in its own units.
pub const WIDTH: u64 = 1200;
pub const HEIGHT: u64 = 100;

/// A chart over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// For references within the page.
    pub id: &'static str,
    pub title: &'static str,
    /// How high the highest bar is.
    pub most: String,
    /// What the chart shows, in words.
    pub told: String,
    pub bars: Vec<Bar>,
}

/// A bar of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    pub class: &'static str,
    pub x: u64,
    pub y: u64,
    pub width: u64,
    pub height: u64,
}

pub fn users(slots: &[Slot], slot: &str) -> Chart {
    let most = most(slots, |slot| slot.succeeded + slot.failed);
    let total = Slot::sum(slots);
    let bars = slots.iter().zip(0..).flat_map(|(slot, place)| {
        let failed = height(slot.failed, most);
        let succeeded = height(slot.succeeded, most).min(HEIGHT - failed);
        [
            bar("held", place, 0, succeeded),
            bar("attention", place, succeeded, failed),
        ]
    });
    Chart {
        id: "users",
        title: "Users decided",
        most: up_to(most, slot),
        told: format!(
            "{} succeeded and {} failed; at most {} in {slot}.",
            count_of(total.succeeded, "user"),
            count(total.failed),
            count(most)
        ),
        bars: bars.flatten().collect(),
    }
}

pub fn requests(slots: &[Slot], slot: &str) -> Chart {
    let (most, total) = (most(slots, |slot| slot.sent), Slot::sum(slots).sent);
    let bars = slots.iter().zip(0..);
    let bars = bars.filter_map(|(slot, place)| bar("held", place, 0, height(slot.sent, most)));
    Chart {
        id: "requests",
        title: "Requests sent",
        most: up_to(most, slot),
        told: format!(
            "{}; at most {} in {slot}.",
            count_of(total, "request"),
            count(most)
        ),
        bars: bars.collect(),
    }
}

pub fn retries(slots: &[Slot], slot: &str) -> Chart {
    let (most, total) = (most(slots, |slot| slot.retried), Slot::sum(slots).retried);
    let bars = slots.iter().zip(0..);
    let bars =
        bars.filter_map(|(slot, place)| bar("attention", place, 0, height(slot.retried, most)));
    Chart {
        id: "retries",
        title: "Requests that had to be sent again",
        most: up_to(most, slot),
        told: format!(
            "{} had to be sent again; at most {} in {slot}.",
            count_of(total, "request"),
            count(most)
        ),
        bars: bars.collect(),
    }
}

pub fn waits(slots: &[Slot], width: Duration, waited: Duration) -> Chart {
    let most = width.as_millis() as u64;
    let bars = slots.iter().zip(0..).filter_map(|(slot, place)| {
        let waited = slot.waited.as_millis() as u64;
        bar("pending", place, 0, height(waited.min(most), most))
    });
    Chart {
        id: "waits",
        title: "Waiting on purpose",
        most: "share of the time".to_owned(),
        told: format!("{} in all.", duration(tenths(waited))),
        bars: bars.collect(),
    }
}

fn most(slots: &[Slot], count: impl Fn(&Slot) -> u64) -> u64 {
    slots.iter().map(count).max().unwrap_or(0)
}

fn up_to(most: u64, slot: &str) -> String {
    format!("up to {} in {slot}", count(most))
}

/// How high a count stands; one that is not zero can be seen.
fn height(count: u64, most: u64) -> u64 {
    let height = u128::from(count) * u128::from(HEIGHT) / u128::from(most.max(1));
    (height as u64).max(u64::from(count > 0) * 2)
}

/// A bar that stands so high above the ground in its slot; none if it has no height.
fn bar(class: &'static str, place: u64, above: u64, height: u64) -> Option<Bar> {
    (height > 0).then(|| Bar {
        class,
        x: place,
        y: HEIGHT.saturating_sub(above + height),
        width: 1,
        height,
    })
}

/// Bars by slots become bars by time; the last is cut where the run ends.
pub fn fit(bars: &mut [Bar], slot: Duration, end: Duration) {
    let end = end.as_nanos().max(1);
    let at = |place: u64| {
        let x = slot.as_nanos() * u128::from(place) * u128::from(WIDTH) / end;
        (x as u64).min(WIDTH)
    };
    for bar in bars {
        let (from, to) = (at(bar.x), at(bar.x + bar.width));
        bar.x = from;
        // A gap tells bars apart.
        bar.width = (to - from).saturating_sub(1).max(1);
    }
}
