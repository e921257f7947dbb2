//! What a rejection leads to: a user's failure, a bisection, or a bundle set without seats.

use tokio::time::Instant;

use crate::dispatch::bisect::{Bisection, Slice, SliceResult};
use crate::dispatch::dispatcher::{ActiveBisection, Dispatcher, Failure};
use crate::dispatch::group_states::SINGLE_USER_REJECTIONS;
use crate::dispatch::queue::{BisectionId, Purpose, Task};
use crate::dispatch::response_policy::{Rejection, RejectionStatus};
use crate::event::{Event, StopReason};
use crate::outcome::{Applied, FailureKind};
use crate::plan::GroupIndex;

/// A 409 also means that a code does not exist (API.md, "What the service can answer").
const SEATS_SUFFICED: &str = " (there were enough free seats before the run, so the organisation may not have one of these codes)";

impl Dispatcher<'_> {
    pub fn handle_rejection(&mut self, task: Task, rejection: Rejection, now: Instant) {
        // A 404 may mean that the account or the address is wrong, so it does not show a healthy service.
        if rejection.status != RejectionStatus::NotFound || self.health.any_success {
            self.record_healthy_response(now);
        }
        if let [_] = task.slice.users[..] {
            return self.reject_single_user(&task, &rejection);
        }
        if self.stop.is_some() {
            return;
        }
        if rejection.status == RejectionStatus::Conflict
            && self.groups.is_exhausted(task.group)
            && task.slice.applied == Applied::No
        {
            return self.fail_no_seats(&task);
        }
        self.events.push(Event::Split {
            batch: task.batch,
            users: task.slice.users.len(),
        });
        if rejection.status == RejectionStatus::TooLarge {
            self.queue.limit_size(task.slice.users.len() / 2);
        }
        let end = SliceResult::Rejected(task.slice.clone());
        if self.finish_slice(&task, end) {
            return;
        }
        if rejection.status == RejectionStatus::TooLarge {
            // The size is to blame, and no user: the queue cuts the task to size.
            let backoff = self.new_backoff();
            return self.queue.push_front(Task { backoff, ..task });
        }
        self.start_bisection(task, rejection.status);
    }

    fn reject_single_user(&mut self, task: &Task, rejection: &Rejection) {
        let code = rejection.status.code();
        let mut message = match rejection.message.as_str() {
            "" => format!("rejected with status {code}"),
            message => message.to_owned(),
        };
        if rejection.status == RejectionStatus::Conflict && self.policy.seats_suffice {
            message.push_str(SEATS_SUFFICED);
        }
        let failure = Failure {
            kind: rejection.failure(),
            status: Some(code),
            message: &message,
        };
        self.fail_single_user(task, rejection.status, failure);
        self.finish_slice(task, SliceResult::Rejected(task.slice.clone()));
        if self.policy.keep_trying || self.stop.is_some() {
            return;
        }
        if rejection.status == RejectionStatus::Conflict
            && self.groups.record_single_user_conflict(task.group)
        {
            self.mark_seats_exhausted(task.group);
        }
        if self.health.single_user_not_found >= SINGLE_USER_REJECTIONS && !self.health.any_success {
            self.stop(StopReason::NoUserFound {
                message: rejection.message.clone(),
            });
        }
    }

    /// The user has failed, unless its 404 may be about the account: then it stays open until that is known.
    fn fail_single_user(&mut self, task: &Task, status: RejectionStatus, failure: Failure<'_>) {
        if status == RejectionStatus::NotFound {
            self.health.single_user_not_found += 1;
        } else {
            self.health.single_user_not_found = 0;
            self.decide_not_found();
        }
        if self.may_be_wrong_account(status) {
            self.order.decided(task.batch, task.slice.users.len());
            let undecided = &mut self.health.undecided_not_found;
            undecided.push(failure.of(&task.slice));
        } else {
            self.fail(task.batch, &task.slice, failure);
        }
    }

    /// Whether a rejection may be about the account, and not about its user.
    fn may_be_wrong_account(&self, status: RejectionStatus) -> bool {
        status == RejectionStatus::NotFound && !self.health.any_success && !self.policy.keep_trying
    }

    /// The account is right, so the users that the service did not find have failed. `false` if there are none.
    pub fn decide_not_found(&mut self) -> bool {
        let decisions = std::mem::take(&mut self.health.undecided_not_found);
        let is_any = !decisions.is_empty();
        self.events
            .extend(decisions.into_iter().map(Event::Decided));
        is_any
    }

    fn start_bisection(&mut self, task: Task, status: RejectionStatus) {
        let id = BisectionId(self.bisections_started);
        self.bisections_started += 1;
        if status == RejectionStatus::Conflict {
            self.groups.begin_contention(task.group, id);
        }
        let active = ActiveBisection {
            bisection: Bisection::new(task.slice),
            batch: task.batch,
            group: task.group,
            status,
        };
        self.bisections.insert(id, active);
        self.next_slice(id);
    }

    /// Records the result in the task's bisection and queues its next slice. `false` if the task has no bisection.
    pub fn finish_slice(&mut self, task: &Task, end: SliceResult) -> bool {
        let Purpose::Bisect(id) = task.purpose else {
            return false;
        };
        let Some(active) = self.bisections.get_mut(&id) else {
            return false;
        };
        active.bisection.record(task.slice.users.len(), end);
        self.next_slice(id);
        true
    }

    fn next_slice(&mut self, id: BisectionId) {
        let Some(active) = self.bisections.get_mut(&id) else {
            return;
        };
        let (batch, group) = (active.batch, active.group);
        if let Some(slice) = active.bisection.next_slice() {
            let task = Task {
                batch,
                group,
                slice,
                purpose: Purpose::Bisect(id),
                backoff: self.new_backoff(),
            };
            return self.queue.push_front(task);
        }
        if let Some(done) = self.bisections.remove(&id)
            && done.status.may_be_too_large()
            && let Some(size) = done.bisection.accepted_size()
        {
            self.queue.limit_size(size);
        }
        self.end_contention(group, id);
    }

    /// A bisection is over: the tasks that waited for it are queued, and the next bisection over seats takes its place.
    fn end_contention(&mut self, group: GroupIndex, id: BisectionId) {
        let waited = self.groups.take_queued(group, id);
        for task in &waited {
            if let Purpose::Bisect(next) = task.purpose
                && let Some(active) = self.bisections.get(&next)
                && active.status == RejectionStatus::Conflict
            {
                self.groups.begin_contention(group, next);
            }
        }
        for task in waited.into_iter().rev() {
            self.queue.push_front(task);
        }
    }

    /// The group's seats count as used up: no other user of it is sent.
    fn mark_seats_exhausted(&mut self, group: GroupIndex) {
        let ids: Vec<_> = self
            .bisections
            .iter()
            .filter(|(_, active)| active.group == group)
            .map(|(&id, _)| id)
            .collect();
        for id in ids {
            // Its slice in the queue, if any, is decided when its turn comes.
            if let Some(abandoned) = self.bisections.remove(&id) {
                for slice in abandoned.bisection.into_rest() {
                    self.fail_or_resend(abandoned.batch, group, slice);
                }
            }
            self.end_contention(group, id);
        }
    }

    /// Users that may have the seats already are sent, since a failure without a request could be untrue.
    fn fail_or_resend(&mut self, batch: usize, group: GroupIndex, slice: Slice) {
        if slice.applied == Applied::No {
            return self.fail_exhausted(batch, group, &slice);
        }
        let backoff = self.new_backoff();
        self.queue.push_front(Task {
            batch,
            group,
            slice,
            purpose: Purpose::Allocate,
            backoff,
        });
    }

    /// The task's users fail, since the group's seats are used up.
    pub fn fail_no_seats(&mut self, task: &Task) {
        self.fail_exhausted(task.batch, task.group, &task.slice);
        self.finish_slice(task, SliceResult::NoAnswer);
    }

    fn fail_exhausted(&mut self, batch: usize, group: GroupIndex, slice: &Slice) {
        if self.groups.announce_once(group) {
            let sets = self.assignments.sets();
            let codes = sets.codes_text(self.plan.group(group).set);
            self.events.push(Event::SeatsExhausted { codes });
        }
        let message = format!(
            "the seats of these codes are used up: the last {SINGLE_USER_REJECTIONS} users that were sent alone were rejected"
        );
        let failure = Failure {
            kind: FailureKind::Conflict,
            status: Some(409),
            message: &message,
        };
        self.fail(batch, slice, failure);
    }
}
