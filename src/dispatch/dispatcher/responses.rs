//! What a response changes: users are decided, retried, or sent alone.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::{Confirmation, Response, ResponseKind, SentAt, is_transient};
use crate::dispatch::bisect::{Slice, SliceResult};
use crate::dispatch::dispatcher::{
    Dispatcher, EXHAUSTED_BATCHES, FAILURES_BEFORE_SLOWDOWN, Failure, REJECTED_TOKENS, new_backoff,
};
use crate::dispatch::queue::{Purpose, Task};
use crate::dispatch::response_policy::{NextStep, TransientFailure, next_step};
use crate::dispatch::sign_in::SignInDecision;
use crate::event::{Event, StopReason};
use crate::outcome::{Applied, ConfirmedBy, Decision, FailureKind, Outcome};
use crate::roster::UserIndex;

/// Whether the web page of a status is that of a gateway or a firewall before the service, at whatever address.
fn is_of_a_gateway(status: u16) -> bool {
    status == 403 || is_transient(status)
}

impl Dispatcher<'_> {
    /// Handles the response to one of the [`ready_requests`](Self::ready_requests).
    pub fn handle_response(
        &mut self,
        mut task: Task,
        sent_at: &SentAt,
        response: Response,
        now: Instant,
    ) {
        let was_sent = sent_at.get().is_some();
        match sent_at.get() {
            Some(instant) => self.sign_in.sent(instant),
            None => {
                task.slice.attempts -= 1;
                // The sliding window needs an end of every request, so it counts this one as sent now.
                sent_at.set(now);
            }
        }
        self.in_flight -= 1;
        self.order.response_received(task.group);
        self.events.push(Event::ResponseReceived {
            batch: task.batch,
            was_sent,
        });
        self.check_first_response(&response.kind);
        self.cooldown
            .apply_rate_limit_headers(response.limits, self.in_flight, now);
        if let Some(wait) = response.limits.retry_after {
            self.cooldown.wait(wait, now);
        }
        match next_step(response.kind) {
            NextStep::Allocated(confirmation) => self.allocated(task, confirmation, now),
            NextStep::Retry(failure) => {
                self.retry_later(task, failure, response.limits.retry_after, now);
            }
            NextStep::RetryWithNewToken => self.resend(task),
            NextStep::WaitForToken { reason } => {
                self.not_signed_in(task, reason, response.limits.retry_after, now);
            }
            NextStep::Rejected(rejection) => self.handle_rejection(task, rejection, now),
            NextStep::Stop(stop) => self.stop(stop),
        }
    }

    fn check_first_response(&mut self, kind: &ResponseKind) {
        let is_response = !matches!(
            kind,
            ResponseKind::NoResponse { .. }
                | ResponseKind::NotLogged
                | ResponseKind::NotSignedIn(_)
                | ResponseKind::TokenRejected
        );
        if is_response && !self.health.any_response {
            self.health.any_response = true;
            self.warn_if_wrong_address(kind);
        }
    }

    fn warn_if_wrong_address(&mut self, kind: &ResponseKind) {
        let response = match kind {
            ResponseKind::Status {
                status,
                message,
                is_html,
            } if (*is_html && !is_of_a_gateway(*status))
                || matches!(status, 300..400 | 404 | 405) =>
            {
                match message.as_str() {
                    "" => format!("status {status}"),
                    _ => format!("status {status}: {message}"),
                }
            }
            ResponseKind::InvalidBody {
                reason,
                is_html: true,
            } => reason.clone(),
            _ => return,
        };
        self.events.push(Event::WrongAddress { response });
    }

    /// The service responds as it should.
    pub fn record_healthy_response(&mut self, now: Instant) {
        self.health.transient_failures = 0;
        self.health.exhausted_batches = 0;
        self.health.rejected_tokens = 0;
        // During a wait, these are responses to requests from before the service asked for it.
        if self.cooldown.until(now).is_none() {
            self.concurrency.answered();
        }
    }

    fn allocated(&mut self, task: Task, confirmation: Confirmation, now: Instant) {
        self.record_healthy_response(now);
        let Confirmation {
            confirmed,
            unconfirmed,
        } = confirmation;
        let users_at = |places: Vec<usize>| places.into_iter().map(|place| task.slice.users[place]);
        if !confirmed.is_empty() {
            self.health.any_success = true;
            self.health.single_user_not_found = 0;
            self.decide_not_found();
            self.groups.record_success(task.group);
            for (organization_id, places) in confirmed {
                let decision = Decision {
                    users: users_at(places).collect(),
                    outcome: Outcome::Success {
                        organization_id,
                        confirmed_by: ConfirmedBy::Response,
                    },
                    attempts: task.slice.attempts,
                    applied: Applied::Maybe,
                };
                self.decided(task.batch, decision);
            }
        }
        if !unconfirmed.is_empty() {
            self.unconfirmed(&task, users_at(unconfirmed).collect());
        }
        self.finish_slice(&task, SliceResult::Accepted);
    }

    fn unconfirmed(&mut self, task: &Task, users: Vec<UserIndex>) {
        let slice = Slice {
            users,
            attempts: task.slice.attempts,
            applied: Applied::Maybe,
        };
        if task.purpose == Purpose::Confirm {
            self.fail(
                task.batch,
                &slice,
                Failure {
                    kind: FailureKind::Unconfirmed,
                    status: Some(200),
                    message: "the service accepted the request twice, and its responses do not confirm the user's codes",
                },
            );
        } else if self.stop.is_none() {
            let task = Task {
                batch: task.batch,
                group: task.group,
                slice,
                purpose: Purpose::Confirm,
                backoff: self.new_backoff(),
            };
            self.queue.push_front(task);
        }
    }

    /// Sends the same request with another token.
    fn resend(&mut self, task: Task) {
        self.health.rejected_tokens += 1;
        // Every request in flight may have had the old token; beyond that, new tokens are rejected as well.
        if self.health.rejected_tokens > REJECTED_TOKENS * self.policy.concurrency.get() {
            return self.stop(StopReason::Unauthorized {
                message: "every new token was rejected as well".to_owned(),
            });
        }
        if self.stop.is_some() {
            return;
        }
        self.events.push(Event::Retrying {
            batch: task.batch,
            wait: Duration::ZERO,
            reason: "the token had expired".to_owned(),
        });
        self.queue.push_front(task);
    }

    fn retry_later(
        &mut self,
        mut task: Task,
        failure: TransientFailure,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        self.health.transient_failures += 1;
        if failure.affects_run
            || retry_after.is_some()
            || self.health.transient_failures >= FAILURES_BEFORE_SLOWDOWN
        {
            self.concurrency.reduce();
        }
        if failure.applied == Applied::Maybe {
            task.slice.applied = Applied::Maybe;
        }
        if self.stop.is_some() {
            return;
        }
        let retry_in = task.backoff.next();
        if failure.affects_run {
            // The other batches have to wait even where this one is not retried.
            let wait = retry_in.unwrap_or_else(|| task.backoff.next_delay());
            self.cooldown.wait(wait, now);
        }
        let Some(wait) = retry_in else {
            return self.retries_exhausted(&task, &failure.reason);
        };
        self.events.push(Event::Retrying {
            batch: task.batch,
            wait: wait.max(retry_after.unwrap_or_default()),
            reason: failure.reason,
        });
        self.queue.delay(task, now + wait);
    }

    /// There is no token. That is no fault of the task's users, so it costs them no retry.
    fn not_signed_in(
        &mut self,
        task: Task,
        reason: String,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        if self.stop.is_some() {
            return;
        }
        let backoff = || new_backoff(self.policy, &mut self.random);
        match self.sign_in.failed(retry_after, now, backoff) {
            SignInDecision::GiveUp => return self.stop(StopReason::NotSignedIn { reason }),
            SignInDecision::AlreadyScheduled => {}
            SignInDecision::RetryAfter(wait) => self.events.push(Event::Retrying {
                batch: task.batch,
                wait,
                reason,
            }),
        }
        self.queue.push_front(task);
    }

    fn retries_exhausted(&mut self, task: &Task, reason: &str) {
        let kind = match task.slice.applied {
            Applied::No => FailureKind::Unavailable,
            Applied::Maybe => FailureKind::Unknown,
        };
        let message = format!(
            "no response after {} attempts; the last one: {reason}",
            self.policy.max_retries + 1
        );
        let failure = Failure {
            kind,
            status: None,
            message: &message,
        };
        self.fail(task.batch, &task.slice, failure);
        self.finish_slice(task, SliceResult::NoAnswer);
        self.health.exhausted_batches += 1;
        if self.health.exhausted_batches >= EXHAUSTED_BATCHES {
            self.stop(StopReason::ServiceDown {
                reason: reason.to_owned(),
            });
        }
    }
}
