//! What an answer changes: users decided, tried again, or asked for alone.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::{Confirmation, Response, ResponseKind, SentAt};
use crate::dispatch::bisect::{Slice, SliceResult};
use crate::dispatch::dispatcher::{
    Dispatcher, FAILURES_BEFORE_SLOWDOWN, REFUSED_TOKENS, USED_UP_BATCHES, new_waits,
};
use crate::dispatch::queue::{Purpose, Task};
use crate::dispatch::response_policy::{NextStep, TransientFailure, next_step};
use crate::dispatch::sign_in::SignInDecision;
use crate::event::{Event, StopReason};
use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::roster::UserIndex;

impl Dispatcher<'_> {
    /// Takes the answer to what [`leaving`](Self::leaving) gave to send.
    pub fn handle_response(
        &mut self,
        mut job: Task,
        departure: &SentAt,
        response: Response,
        now: Instant,
    ) {
        let has_left = departure.get().is_some();
        match departure.get() {
            Some(left) => self.sign_in.sent(left),
            None => {
                job.part.asked -= 1;
                // The window counts it as if it had left now, since it needs an end for it.
                departure.set(now);
            }
        }
        self.in_flight -= 1;
        self.order.answered(job.group);
        self.events.push(Event::ResponseReceived {
            batch: job.batch,
            has_left,
        });
        if !self.seen.any_answer
            && !matches!(
                response.kind,
                ResponseKind::NoResponse { .. }
                    | ResponseKind::NotLogged
                    | ResponseKind::NotSignedIn(_)
                    | ResponseKind::TokenRejected
            )
        {
            self.seen.any_answer = true;
            self.warn_if_wrong_address(&response.kind);
        }
        self.hold
            .apply_rate_limit_headers(response.limits, self.in_flight, now);
        if let Some(wait) = response.limits.retry_after {
            self.hold.wait(wait, now);
        }
        match next_step(response.kind) {
            NextStep::Allocated(confirmation) => self.allocated(job, confirmation, now),
            NextStep::Retry(hindrance) => {
                self.retry_later(job, hindrance, response.limits.retry_after, now);
            }
            NextStep::RetryWithNewToken => self.resend(job),
            NextStep::WaitForToken { reason } => {
                self.not_signed_in(job, reason, response.limits.retry_after, now);
            }
            NextStep::Rejected(refusal) => self.handle_rejection(job, refusal, now),
            NextStep::Stop(stop) => self.stop(stop),
        }
    }

    fn warn_if_wrong_address(&mut self, answer: &ResponseKind) {
        let answer = match answer {
            ResponseKind::Status {
                status,
                message,
                is_html,
            } if *is_html || matches!(status, 300..400 | 404 | 405) => match message.as_str() {
                "" => format!("status {status}"),
                _ => format!("status {status}: {message}"),
            },
            ResponseKind::InvalidBody {
                reason,
                is_html: true,
            } => reason.clone(),
            _ => return,
        };
        self.events.push(Event::WrongAddress { answer });
    }

    /// The service has answered as it should.
    pub fn record_healthy_response(&mut self, now: Instant) {
        self.seen.hindrances = 0;
        self.seen.exhausted_batches = 0;
        self.seen.refused_tokens = 0;
        // Within a wait, these are answers to what was sent before the service asked for it.
        if self.hold.until(now).is_none() {
            self.width.answered();
        }
    }

    fn allocated(&mut self, job: Task, confirmation: Confirmation, now: Instant) {
        self.record_healthy_response(now);
        let Confirmation {
            confirmed,
            unconfirmed,
        } = confirmation;
        let users_at = |places: Vec<usize>| places.into_iter().map(|at| job.part.users[at]);
        if !confirmed.is_empty() {
            self.seen.any_success = true;
            self.seen.single_user_not_found = 0;
            self.groups.record_success(job.group);
            for (organization_id, places) in confirmed {
                let decision = Decision {
                    users: users_at(places).collect(),
                    outcome: Outcome::Success { organization_id },
                    attempts: job.part.asked,
                    applied: Applied::Maybe,
                };
                self.decided(job.batch, decision);
            }
        }
        if !unconfirmed.is_empty() {
            self.unconfirmed(&job, users_at(unconfirmed).collect());
        }
        self.finish_slice(&job, SliceResult::Accepted);
    }

    fn unconfirmed(&mut self, job: &Task, users: Vec<UserIndex>) {
        let part = Slice {
            users,
            asked: job.part.asked,
            applied: Applied::Maybe,
        };
        if job.purpose == Purpose::Confirm {
            let said = "the service accepted the request, twice, and its answer does not name the user with what was asked";
            self.fail(
                (job.batch, &part),
                FailureKind::Unconfirmed,
                Some(200),
                said,
            );
        } else if self.stop.is_none() {
            let again = Task {
                batch: job.batch,
                group: job.group,
                part,
                purpose: Purpose::Confirm,
                waits: self.waits(),
            };
            self.queue.push_front(again);
        }
    }

    /// The same once more, with another token.
    fn resend(&mut self, job: Task) {
        self.seen.refused_tokens += 1;
        // Every request under way may have had the old token. More than that, and no token is any good.
        if self.seen.refused_tokens > REFUSED_TOKENS * self.policy.concurrency.get() {
            return self.stop(StopReason::Unauthorized {
                message: "every new token was refused as well".to_owned(),
            });
        }
        if self.stop.is_some() {
            return;
        }
        self.events.push(Event::Retrying {
            batch: job.batch,
            wait: Duration::ZERO,
            reason: "the token had expired".to_owned(),
        });
        self.queue.push_front(job);
    }

    fn retry_later(
        &mut self,
        mut job: Task,
        hindrance: TransientFailure,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        self.seen.hindrances += 1;
        if hindrance.affects_run
            || retry_after.is_some()
            || self.seen.hindrances >= FAILURES_BEFORE_SLOWDOWN
        {
            self.width.reduce();
        }
        if hindrance.applied == Applied::Maybe {
            job.part.applied = Applied::Maybe;
        }
        if self.stop.is_some() {
            return;
        }
        let again_after = job.waits.next();
        if hindrance.affects_run {
            // The others have to wait even where this batch is not tried again.
            let wait = again_after.unwrap_or_else(|| job.waits.next_delay());
            self.hold.wait(wait, now);
        }
        let Some(wait) = again_after else {
            return self.retries_exhausted(&job, &hindrance.reason);
        };
        self.events.push(Event::Retrying {
            batch: job.batch,
            wait: wait.max(retry_after.unwrap_or_default()),
            reason: hindrance.reason,
        });
        self.queue.rest(job, now + wait);
    }

    /// There is no token. That says nothing about the job's users, so their retries are left as they are.
    fn not_signed_in(
        &mut self,
        job: Task,
        reason: String,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        if self.stop.is_some() {
            return;
        }
        let waits = || new_waits(self.policy, &mut self.random);
        match self.sign_in.failed(retry_after, now, waits) {
            SignInDecision::GiveUp => return self.stop(StopReason::NotSignedIn { reason }),
            SignInDecision::AlreadyScheduled => {}
            SignInDecision::RetryAfter(wait) => self.events.push(Event::Retrying {
                batch: job.batch,
                wait,
                reason,
            }),
        }
        self.queue.push_front(job);
    }

    /// The retries are used up.
    fn retries_exhausted(&mut self, job: &Task, reason: &str) {
        let kind = match job.part.applied {
            Applied::No => FailureKind::Unavailable,
            Applied::Maybe => FailureKind::Unknown,
        };
        let said = format!(
            "no answer after {} attempts, at last: {reason}",
            self.policy.max_retries + 1
        );
        self.fail((job.batch, &job.part), kind, None, &said);
        self.finish_slice(job, SliceResult::NoAnswer);
        self.seen.exhausted_batches += 1;
        if self.seen.exhausted_batches >= USED_UP_BATCHES {
            self.stop(StopReason::ServiceDown {
                reason: reason.to_owned(),
            });
        }
    }
}
