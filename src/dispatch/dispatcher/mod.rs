//! Decides what happens next in a run: pure steps over plain values, without a clock or a network.

mod rejections;
mod responses;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Policy;
use super::backoff::Backoff;
use super::queue::{BisectionId, Queue, Task};
use super::sign_in::SignInRetry;
use crate::api::{AllocationRequest, SentAt};
use crate::dispatch::bisect::{Bisection, Slice};
use crate::dispatch::concurrency::ConcurrencyLimit;
use crate::dispatch::cooldown::{self, Cooldown};
use crate::dispatch::group_states::GroupStates;
use crate::dispatch::ordering::OrderGuard;
use crate::dispatch::rate_limit::RateLimiter;
use crate::dispatch::response_policy::RejectionStatus;
use crate::event::{Event, StopReason, WaitCause};
use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::plan::{GroupIndex, Plan};
use crate::roster::Assignments;

/// So many batches in a row that use up their retries say that the service is down.
const USED_UP_BATCHES: u32 = 3;

/// So many failed attempts in a row say that the service is in trouble.
const FAILURES_BEFORE_SLOWDOWN: u32 = 3;

/// So many requests refused for their token, for each that may be under way, say that no token is any good.
const REFUSED_TOKENS: usize = 3;

/// Waits up to this are not worth a word.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// What there is to do before another request may leave.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Something was decided without a request: deliver the events, and ask again.
    Now,
    /// Wait until then, unless an answer comes.
    At(Instant),
    Answer,
    End,
}

/// A request to send, and what to bring back with its answer.
#[derive(Debug)]
pub struct Outgoing {
    pub job: Task,
    pub request: AllocationRequest,
    pub departure: SentAt,
}

/// The state of a run.
pub struct Dispatcher<'a> {
    assignments: &'a Assignments,
    plan: &'a Plan,
    policy: &'a Policy,
    random: fastrand::Rng,
    queue: Queue,
    groups: GroupStates,
    order: OrderGuard,
    isolations: HashMap<BisectionId, ActiveBisection>,
    isolations_begun: usize,
    in_flight: usize,
    width: ConcurrencyLimit,
    pace: RateLimiter,
    hold: Cooldown,
    seen: ServiceHealth,
    sign_in: SignInRetry,
    announced: Option<(Instant, WaitCause)>,
    stop: Option<StopReason>,
    events: Vec<Event>,
}

struct ActiveBisection {
    isolation: Bisection,
    batch: usize,
    group: GroupIndex,
    status: RejectionStatus,
}

/// What the answers so far say about the service as a whole.
#[derive(Debug, Default)]
struct ServiceHealth {
    any_answer: bool,
    any_success: bool,
    /// Since the last answer that was one.
    hindrances: u32,
    exhausted_batches: u32,
    /// Requests refused for their token since the last answer.
    refused_tokens: usize,
    /// Lone users refused with 404 in a row.
    single_user_not_found: u32,
}

impl<'a> Dispatcher<'a> {
    pub fn new(
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
            groups: GroupStates::new(plan.groups().len()),
            order: OrderGuard::new(policy.in_order),
            isolations: HashMap::new(),
            isolations_begun: 0,
            in_flight: 0,
            width: ConcurrencyLimit::new(policy.concurrency.get()),
            pace: RateLimiter::new(
                policy.rate,
                policy.burst,
                (policy.since_last_heartbeat, &policy.earlier_sends),
                now,
            ),
            hold: Cooldown::new(policy.initial_cooldown, now),
            seen: ServiceHealth {
                any_success: policy.has_succeeded,
                ..ServiceHealth::default()
            },
            sign_in: SignInRetry::default(),
            announced: None,
            stop: None,
            events: Vec::new(),
        }
    }

    /// The events since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Sends nothing from now on. Requests in flight are still to be answered.
    pub fn stop(&mut self, stop: StopReason) {
        if self.stop.is_none() {
            self.events.push(Event::Stopping(stop.clone()));
            self.stop = Some(stop);
        }
    }

    pub fn has_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Why the run stopped early, if it did.
    pub fn into_stop(self) -> Option<StopReason> {
        self.stop
    }

    /// The requests that may leave now, and what there is to do before another may.
    pub fn ready_requests(&mut self, now: Instant) -> (Vec<Outgoing>, Next) {
        let mut leaving = Vec::new();
        loop {
            match self.next_action(now) {
                Ok(sending) => leaving.push(sending),
                Err(next) => return (leaving, next),
            }
        }
    }

    fn next_action(&mut self, now: Instant) -> Result<Outgoing, Next> {
        if self.stop.is_some() {
            return Err(match self.in_flight {
                0 => Next::End,
                _ => Next::Answer,
            });
        }
        if self.in_flight >= self.width.current() {
            return Err(Next::Answer);
        }
        self.queue.wake_due(now, self.policy.in_order);
        let Some(job) = self.next_job() else {
            return Err(match self.queue.next_wake() {
                Some(until) => {
                    self.announce(until, WaitCause::Retry, now);
                    Next::At(until)
                }
                None if self.in_flight == 0 => Next::End,
                None => Next::Answer,
            });
        };
        // Whoever may hold the seats already is asked for: to say that it was refused could be untrue.
        if self.groups.is_exhausted(job.group) && job.part.applied == Applied::No {
            self.fail_no_seats(&job);
            return Err(Next::Now);
        }
        match self.try_acquire(now) {
            Ok(departure) => Ok(self.send(job, departure)),
            Err((until, cause)) => {
                self.queue.push_front(job);
                if cause != WaitCause::Rate && until - now > cooldown::MAX_RETRY_AFTER {
                    self.stop(StopReason::RetryAfterTooLong { wait: until - now });
                    return Err(Next::Now);
                }
                if cause == WaitCause::QuotaExhausted {
                    // What the new window holds is learnt from one request.
                    self.width.reduce();
                }
                self.announce(until, cause, now);
                Err(Next::At(until))
            }
        }
    }

    fn next_job(&mut self) -> Option<Task> {
        loop {
            let waits = || new_waits(self.policy, &mut self.random);
            let may_begin = |group| self.order.may_start(group, self.plan, self.assignments);
            let finish_first = self.width.is_serial();
            let maybe_applied = &self.policy.maybe_applied;
            let job = self
                .queue
                .pop(self.plan, finish_first, may_begin, maybe_applied, waits)?;
            self.order.begin(job.batch, self.plan);
            let resting = self.queue.resting();
            if !self
                .order
                .may_send(job.group, resting, self.plan, self.assignments)
            {
                self.queue.push_front(job);
                return None;
            }
            if let Some(job) = self.groups.admit(job) {
                return Some(job);
            }
        }
    }

    fn try_acquire(&mut self, now: Instant) -> Result<SentAt, (Instant, WaitCause)> {
        if let Some(due) = self.sign_in.until(now) {
            return Err((due, WaitCause::SignIn));
        }
        if let Some(hold) = self.hold.until(now) {
            return Err(hold);
        }
        self.pace
            .try_acquire(now)
            .map_err(|until| (until, WaitCause::Rate))
    }

    fn send(&mut self, mut job: Task, departure: SentAt) -> Outgoing {
        job.part.asked += 1;
        self.in_flight += 1;
        self.order.sent(job.group);
        self.hold.sent();
        self.announced = None;
        self.events.push(Event::Sent {
            batch: job.batch,
            users: job.part.users.len(),
        });
        let group = self.plan.group(job.group);
        let users = job.part.users.iter();
        let user_ids = users.map(|&user| self.assignments.user_id(user).to_string());
        Outgoing {
            request: AllocationRequest {
                user_ids: user_ids.collect(),
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

    /// Users of a batch have failed.
    fn fail(
        &mut self,
        (batch, part): (usize, &Slice),
        kind: FailureKind,
        status: Option<u16>,
        said: &str,
    ) {
        let decision = Decision {
            users: part.users.clone(),
            outcome: Outcome::Failure {
                kind,
                status,
                message: kind.with_hint(said).into(),
            },
            attempts: part.asked,
            applied: part.applied,
        };
        self.decided(batch, decision);
    }

    fn decided(&mut self, batch: usize, decision: Decision) {
        self.order.decided(batch, decision.users.len());
        self.events.push(Event::Decided(decision));
    }

    fn waits(&mut self) -> Backoff {
        new_waits(self.policy, &mut self.random)
    }
}

fn new_waits(policy: &Policy, random: &mut fastrand::Rng) -> Backoff {
    Backoff::new(policy.max_retries, random.fork())
}
