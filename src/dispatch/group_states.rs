//! What has been learnt about the seats of each bundle set.

use crate::dispatch::queue::{BisectionId, Purpose, Task};
use crate::plan::GroupIndex;

/// So many lone users refused in a row say that it is not about them.
pub const SINGLE_USER_REJECTIONS: u32 = 3;

/// The state of every group of the plan.
#[derive(Debug)]
pub struct GroupStates {
    groups: Vec<GroupState>,
}

#[derive(Debug, Default)]
struct GroupState {
    /// Lone users refused with 409, with no success in between.
    single_user_conflicts: u32,
    exhausted: bool,
    /// Somebody was told that the seats are used up.
    is_announced: bool,
    /// While one batch finds out who gets the last seats, later ones of the group wait: the file's order decides.
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

    /// Gives the task back if it may go now; otherwise keeps it until [`release`](Self::release).
    pub fn admit(&mut self, task: Task) -> Option<Task> {
        let state = self.state(task.group);
        let holder = match task.purpose {
            Purpose::Bisect(bisection) => Some(bisection),
            Purpose::Allocate | Purpose::Confirm => None,
        };
        if state.contested_by.is_none() || state.contested_by == holder {
            return Some(task);
        }
        state.queued.push(task);
        None
    }

    /// Seats are being fought over: only this bisection's parts go until it is over, unless another was first.
    pub fn begin_contention(&mut self, group: GroupIndex, bisection: BisectionId) {
        self.state(group).contested_by.get_or_insert(bisection);
    }

    /// An bisection is over: gives the tasks that have waited for it, in order.
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

    /// A user of the group has its licences.
    pub fn record_success(&mut self, group: GroupIndex) {
        let state = self.state(group);
        state.single_user_conflicts = 0;
        state.exhausted = false;
        state.is_announced = false;
    }

    /// A lone user was refused with 409. Whether the seats count as used up from now on.
    pub fn record_single_user_conflict(&mut self, group: GroupIndex) -> bool {
        let state = self.state(group);
        state.single_user_conflicts += 1;
        let is_new = !state.exhausted && state.single_user_conflicts >= SINGLE_USER_REJECTIONS;
        state.exhausted |= is_new;
        is_new
    }

    /// Whether nobody has been told yet that the seats are used up.
    pub fn announce_once(&mut self, group: GroupIndex) -> bool {
        !std::mem::replace(&mut self.state(group).is_announced, true)
    }

    pub fn is_exhausted(&self, group: GroupIndex) -> bool {
        self.groups[group.index()].exhausted
    }
}
