//! What has been learnt about the seats of each bundle set.

use crate::dispatch::queue::{IsolationId, Job, Purpose};
use crate::plan::GroupIx;

/// So many lone users refused in a row say that it is not about them.
pub const LONE_REFUSALS: u32 = 3;

/// The state of every group of the plan.
#[derive(Debug)]
pub struct Groups {
    groups: Vec<GroupState>,
}

#[derive(Debug, Default)]
struct GroupState {
    /// Lone users refused with 409, with no success in between.
    lone_conflicts: u32,
    exhausted: bool,
    /// Somebody was told that the seats are used up.
    told: bool,
    /// While one batch finds out who gets the last seats, later ones of the group wait: the file's order decides.
    contested_by: Option<IsolationId>,
    parked: Vec<Job>,
}

impl Groups {
    pub fn new(count: usize) -> Self {
        Self {
            groups: std::iter::repeat_with(GroupState::default)
                .take(count)
                .collect(),
        }
    }

    fn state(&mut self, group: GroupIx) -> &mut GroupState {
        &mut self.groups[group.index()]
    }

    /// Gives the job back if it may go now; otherwise keeps it until [`release`](Self::release).
    pub fn admit(&mut self, job: Job) -> Option<Job> {
        let state = self.state(job.group);
        let holder = match job.purpose {
            Purpose::Isolate(isolation) => Some(isolation),
            Purpose::Allocate | Purpose::Confirm => None,
        };
        if state.contested_by.is_none() || state.contested_by == holder {
            return Some(job);
        }
        state.parked.push(job);
        None
    }

    /// Seats are being fought over: only this isolation's parts go until it is over, unless another was first.
    pub fn contest(&mut self, group: GroupIx, isolation: IsolationId) {
        self.state(group).contested_by.get_or_insert(isolation);
    }

    /// An isolation is over: gives the jobs that have waited for it, in order.
    pub fn release(&mut self, group: GroupIx, isolation: IsolationId) -> Vec<Job> {
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
    pub fn note_success(&mut self, group: GroupIx) {
        let state = self.state(group);
        state.lone_conflicts = 0;
        state.exhausted = false;
        state.told = false;
    }

    /// A lone user was refused with 409. Whether the seats count as used up from now on.
    pub fn note_lone_conflict(&mut self, group: GroupIx) -> bool {
        let state = self.state(group);
        state.lone_conflicts += 1;
        let is_new = !state.exhausted && state.lone_conflicts >= LONE_REFUSALS;
        state.exhausted |= is_new;
        is_new
    }

    /// Whether nobody has been told yet that the seats are used up.
    pub fn tell(&mut self, group: GroupIx) -> bool {
        !std::mem::replace(&mut self.state(group).told, true)
    }

    pub fn is_exhausted(&self, group: GroupIx) -> bool {
        self.groups[group.index()].exhausted
    }
}
