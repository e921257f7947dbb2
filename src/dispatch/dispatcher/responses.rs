//! What an answer changes: users decided, tried again, or asked for alone.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::{Answer, Confirmation, Departure, Reply};
use crate::dispatch::bisect::{Part, PartEnd};
use crate::dispatch::dispatcher::{
    Dispatcher, HINDRANCES, REFUSED_TOKENS, USED_UP_BATCHES, new_waits,
};
use crate::dispatch::queue::{Job, Purpose};
use crate::dispatch::response_policy::{Hindrance, Verdict, verdict};
use crate::dispatch::sign_in::Trouble;
use crate::event::{Event, Stop};
use crate::outcome::{Applied, Decision, FailureKind, Outcome};
use crate::roster::UserIx;

impl Dispatcher<'_> {
    /// Takes the answer to what [`leaving`](Self::leaving) gave to send.
    pub fn answered(&mut self, mut job: Job, departure: &Departure, reply: Reply, now: Instant) {
        let has_left = departure.at().is_some();
        match departure.at() {
            Some(left) => self.sign_in.sent(left),
            None => {
                job.part.asked -= 1;
                // The window counts it as if it had left now, since it needs an end for it.
                departure.mark_at(now);
            }
        }
        self.in_flight -= 1;
        self.order.answered(job.group);
        self.events.push(Event::Answered {
            batch: job.batch,
            has_left,
        });
        if !self.seen.any_answer
            && !matches!(
                reply.answer,
                Answer::Lost { .. }
                    | Answer::NotSent
                    | Answer::NotSignedIn(_)
                    | Answer::TokenRefused
            )
        {
            self.seen.any_answer = true;
            self.look_for_misdirection(&reply.answer);
        }
        self.hold.heed(reply.limits, self.in_flight, now);
        if let Some(wait) = reply.limits.retry_after {
            self.hold.wait(wait, now);
        }
        match verdict(reply.answer) {
            Verdict::Allocated(confirmation) => self.allocated(job, confirmation, now),
            Verdict::Again(hindrance) => {
                self.hindered(job, hindrance, reply.limits.retry_after, now);
            }
            Verdict::Resend => self.resend(job),
            Verdict::NoToken { reason } => {
                self.not_signed_in(job, reason, reply.limits.retry_after, now);
            }
            Verdict::Refused(refusal) => self.refused(job, refusal, now),
            Verdict::Stop(stop) => self.stop(stop),
        }
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
    pub fn note_answer(&mut self, now: Instant) {
        self.seen.hindrances = 0;
        self.seen.used_up_batches = 0;
        self.seen.refused_tokens = 0;
        // Within a wait, these are answers to what was sent before the service asked for it.
        if self.hold.until(now).is_none() {
            self.width.answered();
        }
    }

    fn allocated(&mut self, job: Job, confirmation: Confirmation, now: Instant) {
        self.note_answer(now);
        let Confirmation {
            confirmed,
            unconfirmed,
        } = confirmation;
        let users_at = |places: Vec<usize>| places.into_iter().map(|at| job.part.users[at]);
        if !confirmed.is_empty() {
            self.seen.any_success = true;
            self.seen.lone_not_found = 0;
            self.groups.note_success(job.group);
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
        self.end_part(&job, PartEnd::Accepted);
    }

    fn unconfirmed(&mut self, job: &Job, users: Vec<UserIx>) {
        let part = Part {
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
            let again = Job {
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
    fn resend(&mut self, job: Job) {
        self.seen.refused_tokens += 1;
        // Every request under way may have had the old token. More than that, and no token is any good.
        if self.seen.refused_tokens > REFUSED_TOKENS * self.policy.concurrency.get() {
            return self.stop(Stop::Unauthorized {
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
        if hindrance.applied == Applied::Maybe {
            job.part.applied = Applied::Maybe;
        }
        if self.stop.is_some() {
            return;
        }
        let again_after = job.waits.next();
        if hindrance.binds_run {
            // The others have to wait even where this batch is not tried again.
            let wait = again_after.unwrap_or_else(|| job.waits.one_more());
            self.hold.wait(wait, now);
        }
        let Some(wait) = again_after else {
            return self.used_up(&job, &hindrance.reason);
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
        job: Job,
        reason: String,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        if self.stop.is_some() {
            return;
        }
        let waits = || new_waits(self.policy, &mut self.random);
        match self.sign_in.failed(retry_after, now, waits) {
            Trouble::GivenUp => return self.stop(Stop::NotSignedIn { reason }),
            Trouble::Known => {}
            Trouble::Wait(wait) => self.events.push(Event::Retrying {
                batch: job.batch,
                wait,
                reason,
            }),
        }
        self.queue.push_front(job);
    }

    /// The retries are used up.
    fn used_up(&mut self, job: &Job, reason: &str) {
        let kind = match job.part.applied {
            Applied::No => FailureKind::Unavailable,
            Applied::Maybe => FailureKind::Unknown,
        };
        let said = format!(
            "no answer after {} attempts, at last: {reason}",
            self.policy.max_retries + 1
        );
        self.fail((job.batch, &job.part), kind, None, &said);
        self.end_part(job, PartEnd::NoAnswer);
        self.seen.used_up_batches += 1;
        if self.seen.used_up_batches >= USED_UP_BATCHES {
            self.stop(Stop::ServiceDown {
                reason: reason.to_owned(),
            });
        }
    }
}
