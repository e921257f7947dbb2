//! Sends calls under the service's quotas, and retries transient failures.

use std::cell::{Cell, RefCell};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Method;
use tokio::time::{Instant, sleep, sleep_until};

use super::failure::CallFailure;
use super::observer::{LookupObserver, Unobserved};
use crate::api::{Answer, Call, CallResult, Calls, SentAt, SignInError, is_transient};
use crate::humanize::duration::duration;
use crate::pacing::{Backoff, Cooldown, EarlierRequests, MAX_RETRY_AFTER, RateLimiter};
use crate::rate::Rate;

/// The Identity Server's documented quotas (API.md, "What the document does not say"); the other services document
/// none.
const GET_QUOTA: &str = "300/5m";
const POST_QUOTA: &str = "24000/5m";
const DELETE_QUOTA: &str = "160/5m";

/// Calls that wait for the same moment leave up to this time apart.
const JITTER: Duration = Duration::from_millis(250);

/// A longer wait is reported.
const LONG_WAIT: Duration = Duration::from_secs(2);

/// How many calls are in flight at once.
pub const IN_FLIGHT: usize = 64;

/// Sends calls to one service.
pub struct Caller<'a, C> {
    client: &'a C,
    limits: &'a CallLimits,
    max_retries: u32,
    observer: &'a dyn LookupObserver,
    remaining: RefCell<Option<Remaining>>,
    /// The end of the last wait that was reported.
    reported_wait: Cell<Option<Instant>>,
}

/// The rest of a look-up.
struct Remaining {
    users: u64,
    users_per_call: u64,
    method: Method,
}

/// When calls may be sent, over all callers of a process.
pub struct CallLimits(Mutex<Limits>);

struct Limits {
    get: RateLimiter,
    post: RateLimiter,
    delete: RateLimiter,
    cooldown: Cooldown,
    in_flight: usize,
}

impl CallLimits {
    pub fn new(now: Instant) -> Self {
        let limiter = |quota: &str| {
            let rate: Rate = quota.parse().expect("a rate");
            RateLimiter::new(rate, rate.requests, EarlierRequests::default(), now)
        };
        Self(Mutex::new(Limits {
            get: limiter(GET_QUOTA),
            post: limiter(POST_QUOTA),
            delete: limiter(DELETE_QUOTA),
            cooldown: Cooldown::default(),
            in_flight: 0,
        }))
    }
}

impl<'a, C: Calls> Caller<'a, C> {
    pub fn new(client: &'a C, limits: &'a CallLimits, max_retries: u32) -> Self {
        Self {
            client,
            limits,
            max_retries,
            observer: &Unobserved,
            remaining: RefCell::new(None),
            reported_wait: Cell::new(None),
        }
    }

    /// Reports the progress of look-ups to an observer.
    pub fn observed_by(self, observer: &'a dyn LookupObserver) -> Self {
        Self { observer, ..self }
    }

    /// A look-up of this many users begins.
    pub fn expect(&self, users: u64, users_per_call: usize, method: Method) {
        self.observer.total(users);
        let users_per_call = (users_per_call as u64).max(1);
        self.remaining.replace(Some(Remaining {
            users,
            users_per_call,
            method,
        }));
    }

    /// More of its users are done.
    pub fn done(&self, users: u64) {
        self.observer.done(users);
        if let Some(remaining) = &mut *self.remaining.borrow_mut() {
            remaining.users = remaining.users.saturating_sub(users);
            let calls = remaining.users.div_ceil(remaining.users_per_call);
            let now = Instant::now();
            let at_least = self.limits().min_duration(&remaining.method, calls, now);
            self.observer.left(at_least);
        }
    }

    /// Sends a call until there is an answer with a status of 2xx.
    ///
    /// # Errors
    /// When the service gives another answer, or none until the retries are used up.
    pub async fn call(&self, call: &Call) -> Result<Answer, CallFailure> {
        let mut backoff = Backoff::new(self.max_retries, fastrand::Rng::new());
        loop {
            let sent_at = self.admit(&call.method).await?;
            let result = self.client.call(call, sent_at.clone()).await;
            let transient = match self.judge(result, &sent_at) {
                Verdict::Done(result) => return result,
                Verdict::Retry(transient) => transient,
            };
            let Some(delay) = backoff.next() else {
                return Err(CallFailure::Unavailable(transient.reason));
            };
            match transient.wait {
                Wait::None => {}
                Wait::Alone => sleep(delay).await,
                // This call waits in `admit`, as every other does.
                Wait::All(retry_after) => {
                    let wait = retry_after.unwrap_or(delay);
                    self.limits().cooldown.wait(wait, Instant::now());
                }
            }
        }
    }

    /// Waits until a call may be sent.
    async fn admit(&self, method: &Method) -> Result<SentAt, CallFailure> {
        loop {
            let now = Instant::now();
            let until = match self.limits().try_acquire(method, now) {
                Ok(sent_at) => return Ok(sent_at),
                Err(until) => until,
            };
            if until - now > MAX_RETRY_AFTER {
                let wait = duration(until - now);
                return Err(CallFailure::Unavailable(format!(
                    "the service asks to wait for {wait}"
                )));
            }
            self.report_wait(until, now);
            sleep_until(until).await;
        }
    }

    /// Reports a long wait, once for all calls that wait together.
    fn report_wait(&self, until: Instant, now: Instant) {
        let is_reported = self
            .reported_wait
            .get()
            .is_some_and(|reported| until <= reported + LONG_WAIT);
        if until - now > LONG_WAIT && !is_reported {
            self.reported_wait.set(Some(until));
            self.observer.waiting(until - now);
        }
    }

    fn judge(&self, result: CallResult, sent_at: &SentAt) -> Verdict {
        let now = Instant::now();
        // A call that was never sent does not count, but must leave the window.
        if sent_at.get().is_none() {
            sent_at.set(now);
        }
        let mut limits = self.limits();
        limits.in_flight = limits.in_flight.saturating_sub(1);
        match result {
            CallResult::Answered(answer) => {
                let in_flight = limits.in_flight;
                limits
                    .cooldown
                    .apply_rate_limit_headers(answer.limits, in_flight, now);
                judge_answer(answer)
            }
            CallResult::TokenRejected => {
                Verdict::retry("the service rejects the token".to_owned(), Wait::None)
            }
            CallResult::NoResponse { reason } => Verdict::retry(reason, Wait::Alone),
            CallResult::NotSignedIn(SignInError::Rejected(message)) => {
                Verdict::Done(Err(CallFailure::NotSignedIn(message)))
            }
            CallResult::NotSignedIn(SignInError::Transient { reason, wait }) => {
                Verdict::retry(format!("cannot sign in: {reason}"), Wait::All(wait))
            }
        }
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        // No change is left half-done by a panic.
        let limits = &self.limits.0;
        limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    fn try_acquire(&mut self, method: &Method, now: Instant) -> Result<SentAt, Instant> {
        if let Some((until, _)) = self.cooldown.until(now) {
            // Calls that wait together do not leave together.
            return Err(until + JITTER.mul_f64(fastrand::f64()));
        }
        let sent_at = self.limiter(method).try_acquire(now)?;
        self.cooldown.sent();
        self.in_flight += 1;
        Ok(sent_at)
    }

    /// The least time until this many more calls may be sent.
    fn min_duration(&mut self, method: &Method, calls: u64, now: Instant) -> Duration {
        if calls == 0 {
            return Duration::ZERO;
        }
        let last = self.limiter(method).earliest(calls, now);
        let cooldown = self.cooldown.until(now).map_or(now, |(until, _)| until);
        last.max(cooldown) - now
    }

    fn limiter(&mut self, method: &Method) -> &mut RateLimiter {
        match *method {
            Method::GET => &mut self.get,
            Method::DELETE => &mut self.delete,
            _ => &mut self.post,
        }
    }
}

/// What follows from the result of a call.
enum Verdict {
    Done(Result<Answer, CallFailure>),
    Retry(Transient),
}

/// A failure that may not happen again.
struct Transient {
    reason: String,
    wait: Wait,
}

enum Wait {
    None,
    /// The failed call waits.
    Alone,
    /// Every call waits, for as long as the service says.
    All(Option<Duration>),
}

impl Verdict {
    fn retry(reason: String, wait: Wait) -> Self {
        Self::Retry(Transient { reason, wait })
    }
}

/// What follows from an answer: the statuses of DESIGN.md, "How responses are handled", for calls that change nothing.
fn judge_answer(answer: Answer) -> Verdict {
    let Answer {
        status, is_html, ..
    } = answer;
    let failed = |failure| Verdict::Done(Err(failure));
    match status {
        200..=299 if is_html => failed(CallFailure::Missing { status }),
        200..=299 => Verdict::Done(Ok(answer)),
        401 | 403 => failed(CallFailure::Refused {
            status,
            message: answer.message,
        }),
        // A redirect goes nowhere: the token is for this host alone.
        300..=399 | 404 | 405 | 410 | 501 => failed(CallFailure::Missing { status }),
        status if is_transient(status) => {
            let reason = match answer.message.as_str() {
                "" => format!("status {status}"),
                message => format!("status {status}: {message}"),
            };
            Verdict::retry(reason, Wait::All(answer.limits.retry_after))
        }
        _ => failed(CallFailure::Rejected {
            status,
            message: answer.message,
        }),
    }
}
