//! What was planned, against what happened.

use std::time::Duration;

use super::data::SessionTotals;
use crate::humanize::count;
use crate::humanize::duration::{duration, tenths};
use crate::plan::PlannedChanges;
use crate::run::UserStates;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    pub item: &'static str,
    pub planned: String,
    pub actual: String,
}

impl PlanRow {
    fn new(item: &'static str, planned: String, actual: String) -> Self {
        Self {
            item,
            planned,
            actual,
        }
    }
}

pub fn plan_rows(
    session: &SessionTotals,
    retried: u64,
    planned: &PlannedChanges,
    states: &UserStates,
) -> Vec<PlanRow> {
    let sent = match retried {
        0 => count(session.sent),
        some => format!("{}, {} of them retries", count(session.sent), count(some)),
    };
    let min_duration = match tenths(session.min_duration) {
        Duration::ZERO => "no wait".to_owned(),
        some => format!("at least {}", duration(some)),
    };
    let mut rows = vec![
        PlanRow::new(
            "Users to send",
            count(session.users),
            format!("{} decided", count(session.decided)),
        ),
        PlanRow::new("Requests", count(session.requests), sent),
        PlanRow::new(
            "Time at the given rate",
            min_duration,
            duration(tenths(session.duration)),
        ),
    ];
    if planned.current.is_some() {
        let changes = ChangeCounts::of(planned, states);
        for (item, [planned, actual]) in [
            ("Users who gain licences", changes.gaining),
            ("Users who lose licences", changes.losing),
        ] {
            rows.push(PlanRow::new(item, count(planned), count(actual)));
        }
    }
    rows
}

/// Users who gain and who lose licences: as planned, and as confirmed.
#[derive(Default)]
struct ChangeCounts {
    gaining: [u64; 2],
    losing: [u64; 2],
}

impl ChangeCounts {
    fn of(planned: &PlannedChanges, states: &UserStates) -> Self {
        let mut counts = Self::default();
        for user in planned.to_send() {
            let Some(change) = planned.change(user) else {
                continue;
            };
            let is_confirmed = states.is_success(user);
            for (codes, [planned, actual]) in [
                (change.gained, &mut counts.gaining),
                (change.lost, &mut counts.losing),
            ] {
                *planned += u64::from(!codes.is_empty());
                *actual += u64::from(!codes.is_empty() && is_confirmed);
            }
        }
        counts
    }
}
