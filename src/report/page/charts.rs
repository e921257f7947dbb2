//! Charts over time, in their own units.

use std::time::Duration;

use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};
use crate::report::timeline::Slot;

pub const WIDTH: u64 = 1200;
pub const HEIGHT: u64 = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// For references within the page.
    pub id: &'static str,
    pub title: &'static str,
    /// What the highest bar stands for.
    pub scale: String,
    /// The chart as text.
    pub description: String,
    pub bars: Vec<Bar>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    pub class: &'static str,
    pub x: u64,
    pub y: u64,
    pub width: u64,
    pub height: u64,
}

pub fn users(slots: &[Slot], slot: &str) -> Chart {
    let highest = highest(slots, |slot| slot.succeeded + slot.failed);
    let total = Slot::sum(slots);
    let bars = slots.iter().zip(0..).flat_map(|(slot, place)| {
        let failed = height(slot.failed, highest);
        let succeeded = height(slot.succeeded, highest).min(HEIGHT - failed);
        [
            bar("success", place, 0, succeeded),
            bar("attention", place, succeeded, failed),
        ]
    });
    Chart {
        id: "users",
        title: "Users decided",
        scale: scale(highest, slot),
        description: format!(
            "{} succeeded and {} failed; at most {} in {slot}.",
            count_of(total.succeeded, "user"),
            count(total.failed),
            count(highest)
        ),
        bars: bars.flatten().collect(),
    }
}

pub fn requests(slots: &[Slot], slot: &str) -> Chart {
    let highest = highest(slots, |slot| slot.sent);
    Chart {
        id: "requests",
        title: "Requests sent",
        scale: scale(highest, slot),
        description: format!(
            "{}; at most {} in {slot}.",
            count_of(Slot::sum(slots).sent, "request"),
            count(highest)
        ),
        bars: bars("success", slots, |slot| height(slot.sent, highest)),
    }
}

pub fn retries(slots: &[Slot], slot: &str) -> Chart {
    let highest = highest(slots, |slot| slot.retried);
    Chart {
        id: "retries",
        title: "Requests retried",
        scale: scale(highest, slot),
        description: format!(
            "{} retried; at most {} in {slot}.",
            count_of(Slot::sum(slots).retried, "request"),
            count(highest)
        ),
        bars: bars("attention", slots, |slot| height(slot.retried, highest)),
    }
}

pub fn waits(slots: &[Slot], width: Duration) -> Chart {
    let highest = width.as_millis() as u64;
    Chart {
        id: "waits",
        title: "Waits",
        scale: "share of the time".to_owned(),
        description: format!("{} in all.", duration(tenths(Slot::sum(slots).waited))),
        bars: bars("pending", slots, |slot| {
            height((slot.waited.as_millis() as u64).min(highest), highest)
        }),
    }
}

fn bars(class: &'static str, slots: &[Slot], height: impl Fn(&Slot) -> u64) -> Vec<Bar> {
    let slots = slots.iter().zip(0..);
    slots
        .filter_map(|(slot, place)| bar(class, place, 0, height(slot)))
        .collect()
}

fn highest(slots: &[Slot], count: impl Fn(&Slot) -> u64) -> u64 {
    slots.iter().map(count).max().unwrap_or(0)
}

fn scale(highest: u64, slot: &str) -> String {
    format!("up to {} in {slot}", count(highest))
}

/// The height of a count. One that is not zero can be seen.
fn height(count: u64, highest: u64) -> u64 {
    let height = u128::from(count) * u128::from(HEIGHT) / u128::from(highest.max(1));
    (height as u64).max(u64::from(count > 0) * 2)
}

/// A bar in the slot at `place`, `above` the axis. None without a height.
fn bar(class: &'static str, place: u64, above: u64, height: u64) -> Option<Bar> {
    (height > 0).then(|| Bar {
        class,
        x: place,
        y: HEIGHT.saturating_sub(above + height),
        width: 1,
        height,
    })
}

/// Scales bars by slots to bars by time. The last is cut where the run ends.
pub fn fit(bars: &mut [Bar], slot: Duration, end: Duration) {
    let end = end.as_nanos().max(1);
    let at = |place: u64| {
        let x = slot.as_nanos() * u128::from(place) * u128::from(WIDTH) / end;
        (x as u64).min(WIDTH)
    };
    for bar in bars {
        let (from, to) = (at(bar.x), at(bar.x + bar.width));
        bar.x = from;
        // One unit is the gap between bars.
        bar.width = (to - from).saturating_sub(1).max(1);
    }
}
