//! What a refusal leads to: a user's failure, an isolation, a set that has run dry.

use tokio::time::Instant;

use crate::dispatch::bisect::{Isolation, Part, PartEnd};
use crate::dispatch::dispatcher::{Dispatcher, UnderIsolation};
use crate::dispatch::group_states::LONE_REFUSALS;
use crate::dispatch::queue::{IsolationId, Job, Purpose};
use crate::dispatch::response_policy::{Refusal, RefusalStatus};
use crate::event::{Event, Stop};
use crate::outcome::{Applied, FailureKind};
use crate::plan::GroupIx;

impl Dispatcher<'_> {
    pub fn refused(&mut self, job: Job, refusal: Refusal, now: Instant) {
        // A 404 may mean that the account or the address is wrong, so it proves nothing.
        if refusal.status != RefusalStatus::NotFound || self.seen.any_success {
            self.note_answer(now);
        }
        if let [_] = job.part.users[..] {
            return self.refused_alone(&job, &refusal);
        }
        if self.stop.is_some() {
            return;
        }
        if refusal.status == RefusalStatus::Conflict
            && self.groups.is_exhausted(job.group)
            && job.part.applied == Applied::No
        {
            return self.give_up(&job);
        }
        self.events.push(Event::Split {
            batch: job.batch,
            users: job.part.users.len(),
        });
        if refusal.status == RefusalStatus::TooLarge {
            self.queue.limit_size(job.part.users.len() / 2);
        }
        let end = PartEnd::Refused(job.part.clone());
        if self.end_part(&job, end) {
            return;
        }
        if refusal.status == RefusalStatus::TooLarge {
            // Nobody in particular is to blame: the queue cuts it to size.
            let waits = self.waits();
            return self.queue.push_front(Job { waits, ..job });
        }
        self.isolate(job, refusal.status);
    }

    fn refused_alone(&mut self, job: &Job, refusal: &Refusal) {
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
        self.end_part(job, PartEnd::Refused(job.part.clone()));
        match refusal.status {
            RefusalStatus::NotFound => self.seen.lone_not_found += 1,
            _ => self.seen.lone_not_found = 0,
        }
        if self.policy.keep_trying || self.stop.is_some() {
            return;
        }
        if refusal.status == RefusalStatus::Conflict && self.groups.note_lone_conflict(job.group) {
            self.exhaust(job.group);
        }
        if self.seen.lone_not_found >= LONE_REFUSALS && !self.seen.any_success {
            self.stop(Stop::NotFound {
                message: refusal.message.clone(),
            });
        }
    }

    fn isolate(&mut self, job: Job, status: RefusalStatus) {
        let id = IsolationId(self.isolations_begun);
        self.isolations_begun += 1;
        if status == RefusalStatus::Conflict {
            self.groups.contest(job.group, id);
        }
        let under_isolation = UnderIsolation {
            isolation: Isolation::new(job.part),
            batch: job.batch,
            group: job.group,
            status,
        };
        self.isolations.insert(id, under_isolation);
        self.next_part(id);
    }

    /// Tells the isolation that the job belongs to, if any, and moves it on. `true` if there is one.
    pub fn end_part(&mut self, job: &Job, end: PartEnd) -> bool {
        let Purpose::Isolate(id) = job.purpose else {
            return false;
        };
        let Some(under_isolation) = self.isolations.get_mut(&id) else {
            return false;
        };
        under_isolation.isolation.note(job.part.users.len(), end);
        self.next_part(id);
        true
    }

    fn next_part(&mut self, id: IsolationId) {
        let Some(under_isolation) = self.isolations.get_mut(&id) else {
            return;
        };
        let (batch, group) = (under_isolation.batch, under_isolation.group);
        if let Some(part) = under_isolation.isolation.next_part() {
            let job = Job {
                batch,
                group,
                part,
                purpose: Purpose::Isolate(id),
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
        self.release(group, id);
    }

    /// An isolation is over. Whoever waited for it goes on; the next to fight over seats takes its place.
    fn release(&mut self, group: GroupIx, id: IsolationId) {
        let waited = self.groups.release(group, id);
        for job in &waited {
            if let Purpose::Isolate(next) = job.purpose
                && let Some(under_isolation) = self.isolations.get(&next)
                && under_isolation.status == RefusalStatus::Conflict
            {
                self.groups.contest(group, next);
            }
        }
        for job in waited.into_iter().rev() {
            self.queue.push_front(job);
        }
    }

    /// The group's seats count as used up: nobody else of it is sent.
    fn exhaust(&mut self, group: GroupIx) {
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
                    self.give_up_or_ask(given_up.batch, group, part);
                }
            }
            self.release(group, id);
        }
    }

    /// Whoever may hold the seats already is asked for: to say that it was refused could be untrue.
    fn give_up_or_ask(&mut self, batch: usize, group: GroupIx, part: Part) {
        if part.applied == Applied::No {
            return self.fail_exhausted(batch, group, &part);
        }
        let waits = self.waits();
        self.queue.push_front(Job {
            batch,
            group,
            part,
            purpose: Purpose::Allocate,
            waits,
        });
    }

    /// The group's seats are used up, and so are the job's chances.
    pub fn give_up(&mut self, job: &Job) {
        self.fail_exhausted(job.batch, job.group, &job.part);
        self.end_part(job, PartEnd::NoAnswer);
    }

    fn fail_exhausted(&mut self, batch: usize, group: GroupIx, part: &Part) {
        if self.groups.tell(group) {
            let sets = self.assignments.sets();
            let codes = sets.joined_codes(self.plan.group(group).set);
            self.events.push(Event::Exhausted { codes });
        }
        let said = format!(
            "the seats of these codes are used up: the last {LONE_REFUSALS} users asked for alone were refused"
        );
        self.fail((batch, part), FailureKind::Conflict, Some(409), &said);
    }
}
