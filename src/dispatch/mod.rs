//! Takes batches to their end: how many at once, when, and what next after each answer.
//!
//! [`run`] is the only place with a clock, a network and a channel; what it does at each step is decided by
//! `dispatcher` and the small files below it, which are pure.

mod backoff;
mod bisect;
mod concurrency;
mod cooldown;
mod dispatcher;
mod estimate;
mod exchange_log;
mod group_states;
mod ordering;
mod queue;
mod rate_limit;
mod response_policy;
mod sign_in;
mod sliding_window;

use std::collections::HashSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::api::{AllocationRequest, Response, ResponseKind, SentAt, Service};
use crate::event::{Event, StopReason};
use crate::plan::Plan;
use crate::rate::Rate;
use crate::roster::{Assignments, UserIndex};
pub use cooldown::MAX_RETRY_AFTER;
use dispatcher::{Dispatcher, Next, Outgoing};
pub use estimate::min_duration;

/// How a run goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub rate: Rate,
    /// How many requests may leave at once after a pause.
    pub burst: NonZeroU32,
    /// The most requests under way at once.
    pub concurrency: NonZeroUsize,
    /// How often a batch is sent again after passing trouble.
    pub max_retries: u32,
    /// Go on asking for each user where three in a row were refused for want of seats or of a licence.
    pub keep_trying: bool,
    /// Begin no batch while one that comes first and wants one of its codes is undecided.
    pub in_order: bool,
    /// An earlier part of the run had a success: so a 404 is about its user, not about the organisation.
    pub has_succeeded: bool,
    /// Users whom an earlier part of the run may have sent, and who may hold what was asked.
    pub maybe_applied: HashSet<UserIndex>,
    /// How long ago an earlier part of the run may have sent its last request: it may have used up the rate.
    pub since_last_heartbeat: Option<Duration>,
    /// How long the service does not want to be asked, as it said to an earlier part of the run.
    pub initial_cooldown: Option<Duration>,
    /// When the last requests of other runs left, in order: they count in the rate's window.
    pub earlier_sends: Vec<Instant>,
    pub seed: u64,
}

/// Sends the plan. Every event goes through `events`, together with those of the same moment; when nobody takes them any
/// more, nothing more is sent. Before requests leave, `write_ahead` takes the users that they name; where that gives
/// `false`, none of them leaves, and the run stops.
///
/// Gives why the run stopped early, if it did. Cancelling `interrupt` stops it; requests in flight are waited for.
pub async fn run<S: Service>(
    service: &S,
    write_ahead: impl Fn(&[UserIndex]) -> bool,
    assignments: &Assignments,
    plan: &Plan,
    policy: &Policy,
    interrupt: &CancellationToken,
    events: Sender<Vec<Event>>,
) -> Option<StopReason> {
    let mut dispatcher = Dispatcher::new(assignments, plan, policy, Instant::now());
    // Whoever has not left by then does not leave any more.
    let halt = CancellationToken::new();
    let mut in_flight = FuturesUnordered::new();
    loop {
        if interrupt.is_cancelled() {
            dispatcher.stop(StopReason::Interrupted);
        }
        if dispatcher.has_stopped() {
            halt.cancel();
        }
        let (leaving, next) = dispatcher.ready_requests(Instant::now());
        let happened = dispatcher.take_events();
        if !happened.is_empty() && events.send(happened).await.is_err() {
            // What is in flight could not be recorded: it counts as pending.
            return Some(StopReason::CannotWriteReports);
        }
        if !leaving.is_empty() {
            let users = leaving.iter().flat_map(|sending| &sending.job.part.users);
            let may_leave = write_ahead(&users.copied().collect::<Vec<_>>());
            in_flight.extend(
                leaving
                    .into_iter()
                    .map(|sending| exchange(service, sending, may_leave, &halt)),
            );
        }
        let until = match next {
            Next::Now => continue,
            // What has not left yet need not.
            _ if interrupt.is_cancelled() && !halt.is_cancelled() => continue,
            Next::At(until) => Some(until),
            Next::Answer => None,
            Next::End => return dispatcher.into_stop(),
        };
        tokio::select! {
            mut answer = in_flight.next(), if !in_flight.is_empty() => {
                let now = Instant::now();
                while let Some((job, departure, response)) = answer {
                    dispatcher.handle_response(job, &departure, response, now);
                    // To look for what has come with it would let go what is still to leave.
                    if dispatcher.has_stopped() {
                        break;
                    }
                    answer = in_flight.next().now_or_never().flatten();
                }
            }
            () = wait(until) => {}
            () = interrupt.cancelled(), if !interrupt.is_cancelled() => {}
        }
    }
}

/// The waits after failed attempts at anything that the run needs, until its retries are used up.
pub fn waits(max_retries: u32) -> impl Iterator<Item = Duration> {
    backoff::Backoff::new(max_retries, fastrand::Rng::new())
}

async fn exchange<S: Service>(
    service: &S,
    sending: Outgoing,
    may_leave: bool,
    halt: &CancellationToken,
) -> (queue::Task, SentAt, Response) {
    let Outgoing {
        job,
        request,
        departure,
    } = sending;
    exchange_log::log_request(&job, &request);
    let begun = Instant::now();
    let response = if may_leave {
        send(service, request, &departure, halt).await
    } else {
        ResponseKind::NotLogged.into()
    };
    exchange_log::log_response(&job, &response, begun.elapsed());
    (job, departure, response)
}

/// Sends a request, unless the run stops before it has left.
async fn send<S: Service>(
    service: &S,
    request: AllocationRequest,
    departure: &SentAt,
    halt: &CancellationToken,
) -> Response {
    tokio::select! {
        // Looked at first: else the next to wait for a token would begin to ask for one.
        biased;
        () = cancelled_before_sending(halt, departure) => ResponseKind::NoResponse {
            reason: "the run stopped before it had left".to_owned(),
            // It may have left at this very moment.
            was_sent: departure.get().is_some(),
        }
        .into(),
        response = service.exchange(request, departure.clone()) => response,
    }
}

/// Comes to an end when the run stops before the request has left: it may be waiting for a connection, or for a token.
async fn cancelled_before_sending(halt: &CancellationToken, departure: &SentAt) {
    halt.cancelled().await;
    if departure.get().is_some() {
        std::future::pending::<()>().await;
    }
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}
