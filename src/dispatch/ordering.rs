//! Keeps users ahead of later ones that request the same seats.

use std::collections::HashMap;

use crate::plan::{GroupIndex, Plan};
use crate::roster::Assignments;

/// The batches that are started and undecided, where the order matters.
#[derive(Debug)]
pub struct OrderGuard {
    is_strict: bool,
    /// The last batch that was started, from 1.
    started: usize,
    /// By batch: its group, and how many of its users are undecided.
    open: HashMap<usize, (GroupIndex, usize)>,
    /// The groups of the requests that are in flight.
    in_flight: Vec<GroupIndex>,
}

impl OrderGuard {
    /// If strict, no two requests in flight share a code, and no batch is started before all earlier ones that share a
    /// code with it are decided.
    pub fn new(is_strict: bool) -> Self {
        Self {
            is_strict,
            started: 0,
            open: HashMap::new(),
            in_flight: Vec::new(),
        }
    }

    /// Whether a batch of the group may be started.
    pub fn may_start(&self, group: GroupIndex, plan: &Plan, assignments: &Assignments) -> bool {
        let mut open = self.open.values();
        open.all(|(open, _)| are_disjoint(*open, group, plan, assignments))
    }

    /// Whether a request of the group may be sent: no request in flight or delayed task shares a code with it.
    pub fn may_send(
        &self,
        group: GroupIndex,
        delayed: impl Iterator<Item = GroupIndex>,
        plan: &Plan,
        assignments: &Assignments,
    ) -> bool {
        let mut active = self.in_flight.iter().copied().chain(delayed);
        !self.is_strict || active.all(|other| are_disjoint(other, group, plan, assignments))
    }

    /// A task of a batch, from 1, is about to be sent.
    pub fn begin(&mut self, batch: usize, plan: &Plan) {
        if self.is_strict && batch > self.started {
            self.started = batch;
            let started = &plan.batches()[batch - 1];
            let users = plan.users(started).len();
            self.open.insert(batch, (started.group, users));
        }
    }

    /// A request has been sent.
    pub fn sent(&mut self, group: GroupIndex) {
        if self.is_strict {
            self.in_flight.push(group);
        }
    }

    /// A request has its response.
    pub fn response_received(&mut self, group: GroupIndex) {
        if let Some(place) = self.in_flight.iter().position(|other| *other == group) {
            self.in_flight.swap_remove(place);
        }
    }

    /// `users` of a batch's users are decided.
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
