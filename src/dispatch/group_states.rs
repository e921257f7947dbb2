//! What is known about the seats of each bundle set.

use crate::dispatch::queue::{BisectionId, Purpose, Task};
use crate::plan::GroupIndex;

/// After this many single users rejected in a row, the rejections are not about the users.
pub const SINGLE_USER_REJECTIONS: u32 = 3;

/// The state of every group of the plan.
#[derive(Debug)]
pub struct GroupStates {
    groups: Vec<GroupState>,
}

#[derive(Debug, Default)]
struct GroupState {
    /// Single users rejected with 409, with no success in between.
    single_user_conflicts: u32,
    exhausted: bool,
    /// An event has reported that the seats are used up.
    is_announced: bool,
    /// While a bisection finds out which users get the last seats, later batches of the group wait: the file's order
    /// decides.
    contested_by: Option<BisectionId>,
    queued: Vec<Task>,
}

impl GroupStates {
    pub fn new(count: usize) -> Self {
        Self {
            groups: std::iter::repeat_with(GroupState::default)
                .take(count)
                .collect(),
        }
    }

    fn state(&mut self, group: GroupIndex) -> &mut GroupState {
        &mut self.groups[group.index()]
    }

    /// Gives the task back if it may be sent now; else keeps it until [`take_queued`](Self::take_queued).
    pub fn admit(&mut self, task: Task) -> Option<Task> {
        let state = self.state(task.group);
        let own_bisection = match task.purpose {
            Purpose::Bisect(bisection) => Some(bisection),
            Purpose::Allocate | Purpose::Confirm => None,
        };
        if state.contested_by.is_none() || state.contested_by == own_bisection {
            return Some(task);
        }
        state.queued.push(task);
        None
    }

    /// Only slices of this bisection are sent until it is over, unless another one was first.
    pub fn begin_contention(&mut self, group: GroupIndex, bisection: BisectionId) {
        self.state(group).contested_by.get_or_insert(bisection);
    }

    /// Ends a bisection, and gives the tasks that have waited for it, in order.
    pub fn take_queued(&mut self, group: GroupIndex, bisection: BisectionId) -> Vec<Task> {
        let state = self.state(group);
        if state.contested_by != Some(bisection) {
            return Vec::new();
        }
        state.contested_by = None;
        let mut queued = std::mem::take(&mut state.queued);
        queued.sort_by_key(|task| task.batch);
        queued
    }

    /// A user of the group got its licences.
    pub fn record_success(&mut self, group: GroupIndex) {
        let state = self.state(group);
        state.single_user_conflicts = 0;
        state.exhausted = false;
        state.is_announced = false;
    }

    /// A single user was rejected with 409. `true` if the seats count as used up from now on.
    pub fn record_single_user_conflict(&mut self, group: GroupIndex) -> bool {
        let state = self.state(group);
        state.single_user_conflicts += 1;
        let is_new = !state.exhausted && state.single_user_conflicts >= SINGLE_USER_REJECTIONS;
        state.exhausted |= is_new;
        is_new
    }

    /// `true` the first time, when the event that the seats are used up is due.
    pub fn announce_once(&mut self, group: GroupIndex) -> bool {
        !std::mem::replace(&mut self.state(group).is_announced, true)
    }

    pub fn is_exhausted(&self, group: GroupIndex) -> bool {
        self.groups[group.index()].exhausted
    }
}
