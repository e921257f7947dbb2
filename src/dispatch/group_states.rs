//! What has been learnt about the seats of each bundle set.

use crate::dispatch::queue::{BisectionId, Purpose, Task};
use crate::plan::GroupIndex;

/// So many lone users refused in a row say that it is not about them.
pub const LONE_REFUSALS: u32 = 3;

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
    parked: Vec<Task>,
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

    /// Gives the job back if it may go now; otherwise keeps it until [`release`](Self::release).
    pub fn admit(&mut self, job: Task) -> Option<Task> {
        let state = self.state(job.group);
        let holder = match job.purpose {
            Purpose::Bisect(isolation) => Some(isolation),
            Purpose::Allocate | Purpose::Confirm => None,
        };
        if state.contested_by.is_none() || state.contested_by == holder {
            return Some(job);
        }
        state.parked.push(job);
        None
    }

    /// Seats are being fought over: only this isolation's parts go until it is over, unless another was first.
    pub fn contest(&mut self, group: GroupIndex, isolation: BisectionId) {
        self.state(group).contested_by.get_or_insert(isolation);
    }

    /// An isolation is over: gives the jobs that have waited for it, in order.
    pub fn release(&mut self, group: GroupIndex, isolation: BisectionId) -> Vec<Task> {
        let state = self.state(group);
        if state.contested_by != Some(isolation) {
            return Vec::new();
        }
        state.contested_by = None;
        let mut parked = std::mem::take(&mut state.parked);
        parked.sort_by_key(|job| job.batch);
        parked
    }

    /// A user of the group has its licences.
    pub fn record_success(&mut self, group: GroupIndex) {
        let state = self.state(group);
        state.single_user_conflicts = 0;
        state.exhausted = false;
        state.is_announced = false;
    }

    /// A lone user was refused with 409. Whether the seats count as used up from now on.
    pub fn note_lone_conflict(&mut self, group: GroupIndex) -> bool {
        let state = self.state(group);
        state.single_user_conflicts += 1;
        let is_new = !state.exhausted && state.single_user_conflicts >= LONE_REFUSALS;
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
