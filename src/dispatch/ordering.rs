//! Keeps those who come first ahead of those who want the same seats.

use std::collections::HashMap;

use crate::plan::{GroupIndex, Plan};
use crate::roster::Assignments;

/// Who is under way and undecided, where it matters who comes first.
#[derive(Debug)]
pub struct OrderGuard {
    is_strict: bool,
    /// The last batch that was begun, from 1.
    begun: usize,
    /// By batch: its group, and how many of its users are undecided.
    open: HashMap<usize, (GroupIndex, usize)>,
    /// The groups of the requests that are in flight.
    in_flight: Vec<GroupIndex>,
}

impl OrderGuard {
    /// With `is_kept`, no two requests are under way that want the same code, and no batch is begun before those that
    /// come first and want one of its codes are decided.
    pub fn new(is_kept: bool) -> Self {
        Self {
            is_strict: is_kept,
            begun: 0,
            open: HashMap::new(),
            in_flight: Vec::new(),
        }
    }

    /// Whether a batch of the group may be begun.
    pub fn may_start(&self, group: GroupIndex, plan: &Plan, assignments: &Assignments) -> bool {
        let mut open = self.open.values();
        open.all(|(open, _)| are_disjoint(*open, group, plan, assignments))
    }

    /// Whether a request of the group may go: none that wants one of its codes is in flight, or rests to go again.
    pub fn may_send(
        &self,
        group: GroupIndex,
        delayed: impl Iterator<Item = GroupIndex>,
        plan: &Plan,
        assignments: &Assignments,
    ) -> bool {
        let mut under_way = self.in_flight.iter().copied().chain(delayed);
        !self.is_strict || under_way.all(|other| are_disjoint(other, group, plan, assignments))
    }

    /// A batch, from 1, is begun, or goes on.
    pub fn begin(&mut self, batch: usize, plan: &Plan) {
        if self.is_strict && batch > self.begun {
            self.begun = batch;
            let begun = &plan.batches()[batch - 1];
            let users = plan.users(begun).len();
            self.open.insert(batch, (begun.group, users));
        }
    }

    /// A request has been sent.
    pub fn sent(&mut self, group: GroupIndex) {
        if self.is_strict {
            self.in_flight.push(group);
        }
    }

    /// A request has been answered.
    pub fn answered(&mut self, group: GroupIndex) {
        if let Some(place) = self.in_flight.iter().position(|other| *other == group) {
            self.in_flight.swap_remove(place);
        }
    }

    /// So many of a batch's users are decided.
    pub fn decided(&mut self, batch: usize, users: usize) {
        if let Some((_, undecided)) = self.open.get_mut(&batch) {
            *undecided = undecided.saturating_sub(users);
            if *undecided == 0 {
                self.open.remove(&batch);
            }
        }
    }
}

/// Whether two groups have no code in common.
fn are_disjoint(
    group: GroupIndex,
    other: GroupIndex,
    plan: &Plan,
    assignments: &Assignments,
) -> bool {
    let codes = |group| assignments.sets().code_indices(plan.group(group).set);
    codes(group).iter().all(|code| !codes(other).contains(code))
}
