//! Decides what happens next in a run: pure steps over plain values, without a clock or a network.

mod rejections;
mod responses;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Policy;
use super::queue::{BisectionId, Queue, Task};
use super::sign_in::SignInRetry;
use crate::api::{AllocationRequest, SentAt};
use crate::dispatch::bisect::{Bisection, Slice};
use crate::dispatch::concurrency::ConcurrencyLimit;
use crate::dispatch::group_states::GroupStates;
use crate::dispatch::ordering::OrderGuard;
use crate::dispatch::response_policy::RejectionStatus;
use crate::event::{Event, StopReason, WaitCause};
use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::pacing::{Backoff, Cooldown, EarlierRequests, MAX_RETRY_AFTER, RateLimiter};
use crate::plan::{GroupIndex, Plan};
use crate::roster::Assignments;

/// After this many batches in a row that use up their retries, the service is down.
const EXHAUSTED_BATCHES: u32 = 3;

/// After this many failed attempts in a row, requests go one at a time.
const FAILURES_BEFORE_SLOWDOWN: u32 = 3;

/// After this many requests rejected for their token, for each that may be in flight, no token will be accepted.
const REJECTED_TOKENS: usize = 3;

/// Waits up to this are not reported.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// The next step of a run.
#[derive(Debug)]
enum NextAction {
    Send(Outgoing),
    Wait(Wait),
    /// The run is over.
    Done,
}

/// What to wait for before the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Nothing: users were decided without a request, so there are events to deliver.
    None,
    /// This instant, or a response before it.
    Until(Instant),
    ForResponse,
}

/// A request to send, with what its response needs.
#[derive(Debug)]
pub struct Outgoing {
    pub task: Task,
    pub request: AllocationRequest,
    pub sent_at: SentAt,
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
    bisections: HashMap<BisectionId, ActiveBisection>,
    bisections_started: usize,
    in_flight: usize,
    concurrency: ConcurrencyLimit,
    rate_limiter: RateLimiter,
    cooldown: Cooldown,
    health: ServiceHealth,
    sign_in: SignInRetry,
    announced: Option<(Instant, WaitCause)>,
    stop: Option<StopReason>,
    events: Vec<Event>,
}

struct ActiveBisection {
    bisection: Bisection,
    batch: usize,
    group: GroupIndex,
    status: RejectionStatus,
}

/// Why users have failed.
struct Failure<'a> {
    kind: FailureKind,
    status: Option<u16>,
    message: &'a str,
}

impl Failure<'_> {
    fn of(&self, slice: &Slice) -> Decision {
        Decision {
            users: slice.users.clone(),
            outcome: Outcome::Failure {
                kind: self.kind,
                status: self.status,
                message: self.kind.with_hint(self.message).into(),
            },
            attempts: slice.attempts,
            applied: slice.applied,
        }
    }
}

/// What the responses so far say about the service as a whole.
#[derive(Debug, Default)]
struct ServiceHealth {
    any_response: bool,
    any_success: bool,
    /// Failed attempts since the last response that was none.
    transient_failures: u32,
    exhausted_batches: u32,
    /// Requests rejected for their token since the last response.
    rejected_tokens: usize,
    /// Single users rejected with 404 in a row.
    single_user_not_found: u32,
    /// The failures of these users. They are not decided before it is clear that the account is right: until the first
    /// success, a rejection for another reason, or the end of the run. If the run stops before, the users are pending.
    undecided_not_found: Vec<Decision>,
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
            bisections: HashMap::new(),
            bisections_started: 0,
            in_flight: 0,
            concurrency: ConcurrencyLimit::new(policy.concurrency.get()),
            rate_limiter: RateLimiter::new(
                policy.rate,
                policy.burst,
                EarlierRequests {
                    since_last_heartbeat: policy.since_last_heartbeat,
                    sends: &policy.earlier_sends,
                },
                now,
            ),
            cooldown: Cooldown::new(policy.initial_cooldown, now),
            health: ServiceHealth {
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

    /// Sends nothing from now on. Responses to requests in flight are still handled.
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

    /// The requests to send now, and what to wait for after that; `None` at the end of the run.
    pub fn ready_requests(&mut self, now: Instant) -> (Vec<Outgoing>, Option<Wait>) {
        let mut ready = Vec::new();
        loop {
            match self.next_action(now) {
                NextAction::Send(outgoing) => ready.push(outgoing),
                NextAction::Wait(wait) => return (ready, Some(wait)),
                NextAction::Done => return (ready, None),
            }
        }
    }

    fn next_action(&mut self, now: Instant) -> NextAction {
        if self.stop.is_some() {
            return self.when_in_flight_is_done();
        }
        if self.in_flight >= self.concurrency.current() {
            return NextAction::Wait(Wait::ForResponse);
        }
        self.queue.wake_due(now, self.policy.in_order);
        let Some(task) = self.next_task() else {
            return match self.queue.next_wake() {
                Some(until) => {
                    self.announce(until, WaitCause::Retry, now);
                    NextAction::Wait(Wait::Until(until))
                }
                None => self.when_in_flight_is_done(),
            };
        };
        // A user that may have its licences already is sent all the same: a failure without a request could be untrue.
        if self.groups.is_exhausted(task.group) && task.slice.applied == Applied::No {
            self.fail_no_seats(&task);
            return NextAction::Wait(Wait::None);
        }
        match self.try_acquire(now) {
            Ok(sent_at) => NextAction::Send(self.send(task, sent_at)),
            Err((until, cause)) => {
                self.queue.push_front(task);
                NextAction::Wait(self.wait_until(until, cause, now))
            }
        }
    }

    fn when_in_flight_is_done(&mut self) -> NextAction {
        if self.in_flight > 0 {
            return NextAction::Wait(Wait::ForResponse);
        }
        if self.stop.is_none() && self.decide_not_found() {
            return NextAction::Wait(Wait::None);
        }
        NextAction::Done
    }

    /// The run may not send before `until`.
    fn wait_until(&mut self, until: Instant, cause: WaitCause, now: Instant) -> Wait {
        if cause != WaitCause::Rate && until - now > MAX_RETRY_AFTER {
            self.stop(StopReason::RetryAfterTooLong { wait: until - now });
            return Wait::None;
        }
        if cause == WaitCause::QuotaExhausted {
            // One request shows what the quota's next window allows.
            self.concurrency.reduce();
        }
        self.announce(until, cause, now);
        Wait::Until(until)
    }

    fn next_task(&mut self) -> Option<Task> {
        loop {
            let backoff = || new_backoff(self.policy, &mut self.random);
            let may_start = |group| self.order.may_start(group, self.plan, self.assignments);
            let finish_first = self.concurrency.is_serial();
            let maybe_applied = &self.policy.maybe_applied;
            let task =
                self.queue
                    .pop(self.plan, finish_first, may_start, maybe_applied, backoff)?;
            self.order.begin(task.batch, self.plan);
            let delayed = self.queue.delayed();
            if !self
                .order
                .may_send(task.group, delayed, self.plan, self.assignments)
            {
                self.queue.push_front(task);
                return None;
            }
            if let Some(task) = self.groups.admit(task) {
                return Some(task);
            }
        }
    }

    fn try_acquire(&mut self, now: Instant) -> Result<SentAt, (Instant, WaitCause)> {
        if let Some(due) = self.sign_in.until(now) {
            return Err((due, WaitCause::SignIn));
        }
        if let Some(hold) = self.cooldown.until(now) {
            return Err(hold);
        }
        self.rate_limiter
            .try_acquire(now)
            .map_err(|until| (until, WaitCause::Rate))
    }

    fn send(&mut self, mut task: Task, sent_at: SentAt) -> Outgoing {
        task.slice.attempts += 1;
        self.in_flight += 1;
        self.order.sent(task.group);
        self.cooldown.sent();
        self.announced = None;
        self.events.push(Event::Sent {
            batch: task.batch,
            users: task.slice.users.len(),
        });
        let group = self.plan.group(task.group);
        let sets = self.assignments.sets();
        let users = task.slice.users.iter();
        let user_ids = users.map(|&user| self.assignments.id_in_requests(user));
        Outgoing {
            request: AllocationRequest {
                user_ids: user_ids.collect(),
                user_bundle_codes: sets
                    .codes(sets.wanted(group.set))
                    .map(ToOwned::to_owned)
                    .collect(),
                use_external_license: group.external,
            },
            task,
            sent_at,
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

    /// Decides that the users of a slice have failed.
    fn fail(&mut self, batch: usize, slice: &Slice, failure: Failure<'_>) {
        self.decided(batch, failure.of(slice));
    }

    fn decided(&mut self, batch: usize, decision: Decision) {
        self.order.decided(batch, decision.users.len());
        self.events.push(Event::Decided(decision));
    }

    fn new_backoff(&mut self) -> Backoff {
        new_backoff(self.policy, &mut self.random)
    }
}

fn new_backoff(policy: &Policy, random: &mut fastrand::Rng) -> Backoff {
    Backoff::new(policy.max_retries, random.fork())
}
