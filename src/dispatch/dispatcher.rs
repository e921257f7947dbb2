//! Decides what happens next in a run: pure steps over plain values, without a clock or a network.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Policy;
use super::backoff::Waits;
use super::confirm::{Confirmation, confirm};
use super::groups::{Groups, LONE_REFUSALS};
use super::hold::{self, Hold};
use super::isolate::{Isolation, Part, PartEnd};
use super::pace::Pace;
use super::queue::{IsolationId, Job, Purpose, Queue};
use super::verdict::{Applied, Hindrance, Refusal, RefusalStatus, Verdict, verdict};
use super::width::Width;
use crate::api::{Allocation, AllocationRequest, Answer, Departure, Reply};
use crate::event::{Event, Stop, WaitCause};
use crate::outcome::{Decision, FailureKind, Outcome};
use crate::plan::{GroupIx, Plan};
use crate::roster::{Assignments, UserIx};

/// So many batches in a row that use up their retries say that the service is down.
const LOST_BATCHES: u32 = 3;

/// So many failed attempts in a row say that the service is in trouble.
const HINDRANCES: u32 = 3;

/// Waits up to this are not worth a word.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// What to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// Send a request.
    Send(Box<Sending>),
    /// Nothing to send before then, unless an answer comes.
    WaitUntil(Instant),
    /// Nothing to send before an answer comes.
    WaitForAnswer,
    /// Something was decided without a request: deliver the events, and ask again.
    Again,
    /// The run is over.
    Done,
}

/// A request to send, and what to bring back with its answer.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) job: Job,
    pub(super) request: AllocationRequest,
    pub(super) departure: Departure,
}

/// The state of a run.
pub(super) struct Dispatcher<'a> {
    assignments: &'a Assignments,
    plan: &'a Plan,
    policy: &'a Policy,
    random: fastrand::Rng,
    queue: Queue,
    groups: Groups,
    isolations: HashMap<IsolationId, UnderIsolation>,
    isolations_begun: usize,
    in_flight: usize,
    width: Width,
    pace: Pace,
    hold: Hold,
    seen: Seen,
    announced: Option<(Instant, WaitCause)>,
    stop: Option<Stop>,
    events: Vec<Event>,
}

struct UnderIsolation {
    isolation: Isolation,
    batch: usize,
    group: GroupIx,
    status: RefusalStatus,
}

/// What the answers so far say about the service as a whole.
#[derive(Debug, Default)]
struct Seen {
    any_answer: bool,
    any_success: bool,
    /// Since the last answer that was one.
    hindrances: u32,
    lost_batches: u32,
    /// Lone users refused with 404 in a row.
    lone_not_found: u32,
}

impl<'a> Dispatcher<'a> {
    pub(super) fn new(
        assignments: &'a Assignments,
        plan: &'a Plan,
        policy: &'a Policy,
        now: Instant,
    ) -> Self {
        Self {
            assignments,
            plan,
            policy,
            random: fastrand::Rng::with_seed(policy.seed),
            queue: Queue::new(),
            groups: Groups::new(plan.groups().len()),
            isolations: HashMap::new(),
            isolations_begun: 0,
            in_flight: 0,
            width: Width::new(policy.concurrency.get()),
            pace: Pace::new(policy.rate, policy.burst, now),
            hold: Hold::default(),
            seen: Seen::default(),
            announced: None,
            stop: None,
            events: Vec::new(),
        }
    }

    /// The events since the last call, in order.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Sends nothing from now on. Requests in flight are still to be answered.
    pub(super) fn stop(&mut self, stop: Stop) {
        if self.stop.is_none() {
            self.events.push(Event::Stopping(stop.clone()));
            self.stop = Some(stop);
        }
    }

    /// Why the run stopped early, if it did.
    pub(super) fn into_stop(self) -> Option<Stop> {
        self.stop
    }

    /// What to do next.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        if self.stop.is_some() {
            return match self.in_flight {
                0 => Step::Done,
                _ => Step::WaitForAnswer,
            };
        }
        if self.in_flight >= self.width.allowed() {
            return Step::WaitForAnswer;
        }
        self.queue.wake(now);
        let Some(job) = self.next_job() else {
            return match self.queue.next_wake() {
                Some(until) => {
                    self.announce(until, WaitCause::Retry, now);
                    Step::WaitUntil(until)
                }
                None if self.in_flight == 0 => Step::Done,
                None => Step::WaitForAnswer,
            };
        };
        // Whoever may hold the seats already is asked for: to say that it was refused could be untrue.
        if self.groups.is_exhausted(job.group) && job.applied == Applied::No {
            self.give_up(&job);
            return Step::Again;
        }
        match self.admit(now) {
            Ok(departure) => Step::Send(Box::new(self.send(job, departure))),
            Err((until, cause)) => {
                self.queue.push_front(job);
                if cause != WaitCause::Rate && until - now > hold::LONGEST {
                    self.stop(Stop::WaitTooLong { wait: until - now });
                    return Step::Again;
                }
                self.announce(until, cause, now);
                Step::WaitUntil(until)
            }
        }
    }

    /// Takes the answer to what [`step`](Self::step) gave to send.
    pub(super) fn answered(&mut self, job: Job, departure: &Departure, reply: Reply, now: Instant) {
        // What never left is counted as if it had, now: the window needs an end for it.
        departure.mark_at(now);
        self.in_flight -= 1;
        self.events.push(Event::Answered { batch: job.batch });
        if !std::mem::replace(&mut self.seen.any_answer, true) {
            self.look_for_misdirection(&reply.answer);
        }
        self.hold.heed(reply.limits, self.in_flight, now);
        match verdict(reply.answer) {
            Verdict::Allocated(allocations) => self.allocated(job, &allocations, now),
            Verdict::Again(hindrance) => {
                self.hindered(job, hindrance, reply.limits.retry_after, now);
            }
            Verdict::Refused(refusal) => self.refused(job, refusal, now),
            Verdict::Stop(stop) => self.stop(stop),
        }
    }

    fn next_job(&mut self) -> Option<Job> {
        loop {
            let waits = || new_waits(self.policy, &mut self.random);
            let job = self.queue.pop(self.plan, self.width.is_alone(), waits)?;
            if let Some(job) = self.groups.admit(job) {
                return Some(job);
            }
        }
    }

    fn admit(&mut self, now: Instant) -> Result<Departure, (Instant, WaitCause)> {
        if let Some(hold) = self.hold.until(now) {
            return Err(hold);
        }
        self.pace
            .admit(now)
            .map_err(|until| (until, WaitCause::Rate))
    }

    fn send(&mut self, mut job: Job, departure: Departure) -> Sending {
        job.part.asked += 1;
        self.in_flight += 1;
        self.hold.sent();
        self.announced = None;
        self.events.push(Event::Sent {
            batch: job.batch,
            users: job.part.users.len(),
        });
        let group = self.plan.group(job.group);
        let users = job.part.users.iter();
        Sending {
            request: AllocationRequest {
                user_ids: users
                    .map(|&user| self.assignments.user_id(user).into_owned())
                    .collect(),
                user_bundle_codes: self
                    .assignments
                    .sets()
                    .codes(group.set)
                    .map(ToOwned::to_owned)
                    .collect(),
                use_external_license: group.external,
            },
            job,
            departure,
        }
    }

    fn announce(&mut self, until: Instant, cause: WaitCause, now: Instant) {
        if until - now <= SHORT_WAIT || self.announced == Some((until, cause)) {
            return;
        }
        self.announced = Some((until, cause));
        self.events.push(Event::Waiting {
            wait: until - now,
            cause,
        });
    }

    fn look_for_misdirection(&mut self, answer: &Answer) {
        let answer = match answer {
            Answer::Status {
                status,
                message,
                is_html,
            } if *is_html || matches!(status, 300..400 | 404 | 405) => match message.as_str() {
                "" => format!("status {status}"),
                _ => format!("status {status}: {message}"),
            },
            Answer::Unreadable {
                reason,
                is_html: true,
            } => reason.clone(),
            _ => return,
        };
        self.events.push(Event::Misdirected { answer });
    }

    /// The service has answered as it should.
    fn note_answer(&mut self, now: Instant) {
        self.seen.hindrances = 0;
        self.seen.lost_batches = 0;
        // Within a wait, these are answers to what was sent before the service asked for it.
        if self.hold.until(now).is_none() {
            self.width.answered();
        }
    }

    fn allocated(&mut self, job: Job, allocations: &[Allocation], now: Instant) {
        self.note_answer(now);
        let Confirmation {
            confirmed,
            unconfirmed,
        } = confirm(self.assignments, &job.part.users, allocations);
        if !confirmed.is_empty() {
            self.seen.any_success = true;
            self.seen.lone_not_found = 0;
            self.groups.note_success(job.group);
            let attempts = job.part.asked;
            let decisions = confirmed
                .into_iter()
                .map(|(user, organization_id)| Decision {
                    user,
                    outcome: Outcome::Success { organization_id },
                    attempts,
                });
            self.events.push(Event::Decided(decisions.collect()));
        }
        if !unconfirmed.is_empty() {
            self.unconfirmed(&job, unconfirmed);
        }
        self.end_part(&job, PartEnd::Accepted);
    }

    fn unconfirmed(&mut self, job: &Job, users: Vec<UserIx>) {
        let part = Part {
            users,
            asked: job.part.asked,
        };
        if job.purpose == Purpose::Confirm {
            let said = "the service accepted the request, twice, and its answer does not name the user with what was asked";
            self.decide(&part, FailureKind::Unconfirmed, Some(200), said);
        } else if self.stop.is_none() {
            let again = Job {
                batch: job.batch,
                group: job.group,
                part,
                purpose: Purpose::Confirm,
                waits: self.waits(),
                applied: Applied::Maybe,
            };
            self.queue.push_front(again);
        }
    }

    fn hindered(
        &mut self,
        mut job: Job,
        hindrance: Hindrance,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        self.seen.hindrances += 1;
        if hindrance.binds_run || retry_after.is_some() || self.seen.hindrances >= HINDRANCES {
            self.width.narrow();
        }
        if let Some(wait) = retry_after {
            self.hold.wait(wait, now);
        }
        if hindrance.applied == Applied::Maybe {
            job.applied = Applied::Maybe;
        }
        if self.stop.is_some() {
            return;
        }
        let Some(wait) = job.waits.next() else {
            return self.lost(&job, &hindrance.reason);
        };
        if hindrance.binds_run {
            self.hold.wait(wait, now);
        }
        self.events.push(Event::Retrying {
            batch: job.batch,
            wait: wait.max(retry_after.unwrap_or_default()),
            reason: hindrance.reason,
        });
        self.queue.rest(job, now + wait);
    }

    /// The retries are used up.
    fn lost(&mut self, job: &Job, reason: &str) {
        let kind = match job.applied {
            Applied::Maybe => FailureKind::Unknown,
            Applied::No => FailureKind::Unavailable,
        };
        let said = format!(
            "no answer after {} attempts, at last: {reason}",
            self.policy.max_retries + 1
        );
        self.decide(&job.part, kind, None, &said);
        self.end_part(job, PartEnd::NoAnswer);
        self.seen.lost_batches += 1;
        if self.seen.lost_batches >= LOST_BATCHES {
            self.stop(Stop::ServiceDown {
                reason: reason.to_owned(),
            });
        }
    }

    fn refused(&mut self, job: Job, refusal: Refusal, now: Instant) {
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
        self.events.push(Event::Split {
            batch: job.batch,
            users: job.part.users.len(),
        });
        if refusal.status == RefusalStatus::Conflict && self.groups.is_exhausted(job.group) {
            return self.give_up(&job);
        }
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
        self.decide(&job.part, refusal.status.failure(), Some(code), &said);
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
    fn end_part(&mut self, job: &Job, end: PartEnd) -> bool {
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
                applied: Applied::No,
            };
            return self.queue.push_front(job);
        }
        if let Some(done) = self.isolations.remove(&id)
            && done.status != RefusalStatus::Conflict
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
                    self.decide_exhausted(group, &part);
                }
            }
            self.release(group, id);
        }
    }

    /// The group's seats are used up, and so are the job's chances.
    fn give_up(&mut self, job: &Job) {
        self.decide_exhausted(job.group, &job.part);
        self.end_part(job, PartEnd::NoAnswer);
    }

    fn decide_exhausted(&mut self, group: GroupIx, part: &Part) {
        if self.groups.tell(group) {
            let sets = self.assignments.sets();
            let codes = sets.joined_codes(self.plan.group(group).set);
            self.events.push(Event::Exhausted { codes });
        }
        let said = format!(
            "the seats of these codes are used up: the last {LONE_REFUSALS} users asked for alone were refused"
        );
        self.decide(part, FailureKind::Conflict, Some(409), &said);
    }

    fn decide(&mut self, part: &Part, kind: FailureKind, status: Option<u16>, said: &str) {
        let message: Arc<str> = kind.explain(said).into();
        let decisions = part.users.iter().map(|&user| Decision {
            user,
            outcome: Outcome::Failure {
                kind,
                status,
                message: Arc::clone(&message),
            },
            attempts: part.asked,
        });
        self.events.push(Event::Decided(decisions.collect()));
    }

    fn waits(&mut self) -> Waits {
        new_waits(self.policy, &mut self.random)
    }
}

fn new_waits(policy: &Policy, random: &mut fastrand::Rng) -> Waits {
    Waits::new(policy.max_retries, random.fork())
}
