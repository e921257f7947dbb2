//! Keeps those who come first ahead of those who want the same seats.

use std::collections::HashMap;

use crate::plan::{GroupIx, Plan};
use crate::roster::Assignments;

/// Which batches have been begun and are not decided, where that matters.
#[derive(Debug)]
pub(super) struct Order {
    is_kept: bool,
    /// The last batch that was begun, from 1.
    begun: usize,
    /// By batch: its group, and how many of its users are undecided.
    open: HashMap<usize, (GroupIx, usize)>,
}

impl Order {
    /// With `is_kept`, no batch is begun before those that come first and want one of its codes are decided.
    pub(super) fn new(is_kept: bool) -> Self {
        Self {
            is_kept,
            begun: 0,
            open: HashMap::new(),
        }
    }

    /// Whether a batch of the group may be begun.
    pub(super) fn allows(&self, group: GroupIx, plan: &Plan, assignments: &Assignments) -> bool {
        let codes = |group| assignments.sets().members(plan.group(group).set);
        self.open.values().all(|(open, _)| {
            let wanted = codes(*open);
            codes(group).iter().all(|code| !wanted.contains(code))
        })
    }

    /// A batch, from 1, is begun, or goes on.
    pub(super) fn begin(&mut self, batch: usize, plan: &Plan) {
        if self.is_kept && batch > self.begun {
            self.begun = batch;
            let begun = &plan.batches()[batch - 1];
            let users = plan.users(begun).len();
            self.open.insert(batch, (begun.group, users));
        }
    }

    /// So many of a batch's users are decided.
    pub(super) fn decided(&mut self, batch: usize, users: usize) {
        if let Some((_, undecided)) = self.open.get_mut(&batch) {
            *undecided = undecided.saturating_sub(users);
            if *undecided == 0 {
                self.open.remove(&batch);
            }
        }
    }
}
