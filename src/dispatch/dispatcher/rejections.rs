//! What a refusal leads to: a user's failure, an isolation, a set that has run dry.

use tokio::time::Instant;

use crate::dispatch::bisect::{Bisection, Slice, SliceResult};
use crate::dispatch::dispatcher::{ActiveBisection, Dispatcher};
use crate::dispatch::group_states::LONE_REFUSALS;
use crate::dispatch::queue::{BisectionId, Purpose, Task};
use crate::dispatch::response_policy::{Rejection, RejectionStatus};
use crate::event::{Event, StopReason};
use crate::outcome::{Applied, FailureKind};
use crate::plan::GroupIndex;

impl Dispatcher<'_> {
    pub fn handle_rejection(&mut self, job: Task, refusal: Rejection, now: Instant) {
        // A 404 may mean that the account or the address is wrong, so it proves nothing.
        if refusal.status != RejectionStatus::NotFound || self.seen.any_success {
            self.record_healthy_response(now);
        }
        if let [_] = job.part.users[..] {
            return self.reject_single_user(&job, &refusal);
        }
        if self.stop.is_some() {
            return;
        }
        if refusal.status == RejectionStatus::Conflict
            && self.groups.is_exhausted(job.group)
            && job.part.applied == Applied::No
        {
            return self.fail_no_seats(&job);
        }
        self.events.push(Event::Split {
            batch: job.batch,
            users: job.part.users.len(),
        });
        if refusal.status == RejectionStatus::TooLarge {
            self.queue.limit_size(job.part.users.len() / 2);
        }
        let end = SliceResult::Refused(job.part.clone());
        if self.finish_slice(&job, end) {
            return;
        }
        if refusal.status == RejectionStatus::TooLarge {
            // Nobody in particular is to blame: the queue cuts it to size.
            let waits = self.waits();
            return self.queue.push_front(Task { waits, ..job });
        }
        self.isolate(job, refusal.status);
    }

    fn reject_single_user(&mut self, job: &Task, refusal: &Rejection) {
        let code = refusal.status.code();
        let said = match refusal.message.as_str() {
            "" => format!("refused with the status {code}"),
            message => message.to_owned(),
        };
        self.fail(
            (job.batch, &job.part),
            refusal.status.failure(),
            Some(code),
            &said,
        );
        self.finish_slice(job, SliceResult::Refused(job.part.clone()));
        match refusal.status {
            RejectionStatus::NotFound => self.seen.single_user_not_found += 1,
            _ => self.seen.single_user_not_found = 0,
        }
        if self.policy.keep_trying || self.stop.is_some() {
            return;
        }
        if refusal.status == RejectionStatus::Conflict && self.groups.note_lone_conflict(job.group)
        {
            self.mark_seats_exhausted(job.group);
        }
        if self.seen.single_user_not_found >= LONE_REFUSALS && !self.seen.any_success {
            self.stop(StopReason::NoUserFound {
                message: refusal.message.clone(),
            });
        }
    }

    fn isolate(&mut self, job: Task, status: RejectionStatus) {
        let id = BisectionId(self.isolations_begun);
        self.isolations_begun += 1;
        if status == RejectionStatus::Conflict {
            self.groups.contest(job.group, id);
        }
        let under_isolation = ActiveBisection {
            isolation: Bisection::new(job.part),
            batch: job.batch,
            group: job.group,
            status,
        };
        self.isolations.insert(id, under_isolation);
        self.next_part(id);
    }

    /// Tells the isolation that the job belongs to, if any, and moves it on. `true` if there is one.
    pub fn finish_slice(&mut self, job: &Task, end: SliceResult) -> bool {
        let Purpose::Bisect(id) = job.purpose else {
            return false;
        };
        let Some(under_isolation) = self.isolations.get_mut(&id) else {
            return false;
        };
        under_isolation.isolation.record(job.part.users.len(), end);
        self.next_part(id);
        true
    }

    fn next_part(&mut self, id: BisectionId) {
        let Some(under_isolation) = self.isolations.get_mut(&id) else {
            return;
        };
        let (batch, group) = (under_isolation.batch, under_isolation.group);
        if let Some(part) = under_isolation.isolation.next_part() {
            let job = Task {
                batch,
                group,
                part,
                purpose: Purpose::Bisect(id),
                waits: self.waits(),
            };
            return self.queue.push_front(job);
        }
        if let Some(done) = self.isolations.remove(&id)
            && done.status.may_blame_the_size()
            && let Some(size) = done.isolation.size_to_blame()
        {
            self.queue.limit_size(size);
        }
        self.end_contention(group, id);
    }

    /// An isolation is over. Whoever waited for it goes on; the next to fight over seats takes its place.
    fn end_contention(&mut self, group: GroupIndex, id: BisectionId) {
        let waited = self.groups.release(group, id);
        for job in &waited {
            if let Purpose::Bisect(next) = job.purpose
                && let Some(under_isolation) = self.isolations.get(&next)
                && under_isolation.status == RejectionStatus::Conflict
            {
                self.groups.contest(group, next);
            }
        }
        for job in waited.into_iter().rev() {
            self.queue.push_front(job);
        }
    }

    /// The group's seats count as used up: nobody else of it is sent.
    fn mark_seats_exhausted(&mut self, group: GroupIndex) {
        let ids: Vec<_> = self
            .isolations
            .iter()
            .filter(|(_, under_isolation)| under_isolation.group == group)
            .map(|(&id, _)| id)
            .collect();
        for id in ids {
            // Its part in the queue, if any, is decided when its turn comes.
            if let Some(given_up) = self.isolations.remove(&id) {
                for part in given_up.isolation.into_rest() {
                    self.fail_or_resend(given_up.batch, group, part);
                }
            }
            self.end_contention(group, id);
        }
    }

    /// Whoever may hold the seats already is asked for: to say that it was refused could be untrue.
    fn fail_or_resend(&mut self, batch: usize, group: GroupIndex, part: Slice) {
        if part.applied == Applied::No {
            return self.fail_exhausted(batch, group, &part);
        }
        let waits = self.waits();
        self.queue.push_front(Task {
            batch,
            group,
            part,
            purpose: Purpose::Allocate,
            waits,
        });
    }

    /// The group's seats are used up, and so are the job's chances.
    pub fn fail_no_seats(&mut self, job: &Task) {
        self.fail_exhausted(job.batch, job.group, &job.part);
        self.finish_slice(job, SliceResult::NoAnswer);
    }

    fn fail_exhausted(&mut self, batch: usize, group: GroupIndex, part: &Slice) {
        if self.groups.announce_once(group) {
            let sets = self.assignments.sets();
            let codes = sets.codes_text(self.plan.group(group).set);
            self.events.push(Event::SeatsExhausted { codes });
        }
        let said = format!(
            "the seats of these codes are used up: the last {LONE_REFUSALS} users asked for alone were refused"
        );
        self.fail((batch, part), FailureKind::Conflict, Some(409), &said);
    }
}
