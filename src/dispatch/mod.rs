//! Completes batches: how many at once, when, and what follows each response.
//!
//! [`run`] is the only place with a clock, a network and a channel; what it does at each step is decided by
//! `dispatcher` and the small files below it, which are pure.

mod bisect;
mod concurrency;
mod dispatcher;
mod estimate;
mod exchange_log;
mod group_states;
mod ordering;
mod queue;
mod response_policy;
mod sign_in;

use std::collections::HashSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, Stream, StreamExt};
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::api::{AllocationRequest, Response, ResponseKind, SentAt, Service};
use crate::event::{Event, StopReason};
use crate::plan::Plan;
use crate::rate::Rate;
use crate::roster::{Assignments, UserIndex};
use dispatcher::{Dispatcher, Outgoing, Wait};
pub use estimate::min_duration;

/// How requests are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub rate: Rate,
    /// The most requests at once after a pause.
    pub burst: NonZeroU32,
    /// The most requests in flight.
    pub concurrency: NonZeroUsize,
    /// How often a batch is retried after a transient failure.
    pub max_retries: u32,
    /// Send every user, even where three in a row were rejected for lack of seats or of a licence.
    pub keep_trying: bool,
    /// As far as is known, there are seats for every user, so a 409 is about something else.
    pub seats_suffice: bool,
    /// Start no batch while an earlier one that shares a code with it is undecided.
    pub in_order: bool,
    /// An earlier session of the run had a success, so a 404 is about its user and not about the organisation.
    pub has_succeeded: bool,
    /// Users that an earlier session of the run may have sent, and that may have their codes already.
    pub maybe_applied: HashSet<UserIndex>,
    /// How long ago an earlier session of the run may have sent its last request, which may have used up the quota.
    pub since_last_heartbeat: Option<Duration>,
    /// What is left of a wait that the service asked an earlier session of the run for.
    pub initial_cooldown: Option<Duration>,
    /// When the last requests of other runs were sent, in order: they count in the rate's window.
    pub earlier_sends: Vec<Instant>,
    pub seed: u64,
}

/// Sends the plan. Events of the same moment go through `events` together; when its receiver is closed, nothing more is
/// sent. Before requests are sent, `log_before_send` gets the users that they name; where it gives `false`, none of
/// them is sent and the run stops.
///
/// Gives why the run stopped early, if it did. Cancelling `interrupt` stops it; requests in flight are waited for.
pub async fn run<S: Service>(
    service: &S,
    log_before_send: impl Fn(&[UserIndex]) -> bool,
    assignments: &Assignments,
    plan: &Plan,
    policy: &Policy,
    interrupt: &CancellationToken,
    events: Sender<Vec<Event>>,
) -> Option<StopReason> {
    let mut dispatcher = Dispatcher::new(assignments, plan, policy, Instant::now());
    // Requests that are not sent by then are not sent at all.
    let stop_unsent = CancellationToken::new();
    let mut in_flight = FuturesUnordered::new();
    loop {
        stop_if_interrupted(&mut dispatcher, interrupt, &stop_unsent);
        let (ready, wait) = dispatcher.ready_requests(Instant::now());
        let new_events = dispatcher.take_events();
        if !new_events.is_empty() && events.send(new_events).await.is_err() {
            // Responses to requests in flight could not be recorded, so their users are pending.
            return Some(StopReason::CannotWriteReports);
        }
        if !ready.is_empty() {
            let is_logged = log_before_send(&users_of(&ready));
            let ready = ready.into_iter();
            in_flight.extend(ready.map(|next| exchange(service, next, is_logged, &stop_unsent)));
        }
        let wait = match wait {
            None => return dispatcher.into_stop(),
            Some(Wait::None) => continue,
            // Requests that are not sent yet need not be.
            Some(_) if interrupt.is_cancelled() && !stop_unsent.is_cancelled() => continue,
            Some(wait) => wait,
        };
        tokio::select! {
            first = in_flight.next(), if !in_flight.is_empty() => {
                handle_responses(&mut dispatcher, first, &mut in_flight);
            }
            () = wait_for(wait) => {}
            // Responses to requests in flight could not be recorded, so their users are pending.
            () = events.closed() => return Some(StopReason::CannotWriteReports),
            () = interrupt.cancelled(), if !interrupt.is_cancelled() => {}
        }
    }
}

fn stop_if_interrupted(
    dispatcher: &mut Dispatcher<'_>,
    interrupt: &CancellationToken,
    stop_unsent: &CancellationToken,
) {
    if interrupt.is_cancelled() {
        dispatcher.stop(StopReason::Interrupted);
    }
    if dispatcher.has_stopped() {
        stop_unsent.cancel();
    }
}

fn users_of(requests: &[Outgoing]) -> Vec<UserIndex> {
    let users = requests.iter().flat_map(|next| &next.task.slice.users);
    users.copied().collect()
}

/// Handles a response, and those that have come by now.
fn handle_responses(
    dispatcher: &mut Dispatcher<'_>,
    first: Option<Exchange>,
    in_flight: &mut (impl Stream<Item = Exchange> + Unpin),
) {
    let now = Instant::now();
    let mut next = first;
    while let Some((task, sent_at, response)) = next {
        dispatcher.handle_response(task, &sent_at, response, now);
        // Polling the others further would send requests that are not sent yet.
        if dispatcher.has_stopped() {
            return;
        }
        next = in_flight.next().now_or_never().flatten();
    }
}

/// A request that is over: what it was for, when it was sent, and what came back.
type Exchange = (queue::Task, SentAt, Response);

async fn exchange<S: Service>(
    service: &S,
    outgoing: Outgoing,
    is_logged: bool,
    stop_unsent: &CancellationToken,
) -> Exchange {
    let Outgoing {
        task,
        request,
        sent_at,
    } = outgoing;
    exchange_log::log_request(&task, &request);
    let start = Instant::now();
    let response = if is_logged {
        send(service, request, &sent_at, stop_unsent).await
    } else {
        ResponseKind::NotLogged.into()
    };
    exchange_log::log_response(&task, &response, start.elapsed());
    (task, sent_at, response)
}

/// Sends a request, unless the run stops before that.
async fn send<S: Service>(
    service: &S,
    request: AllocationRequest,
    sent_at: &SentAt,
    stop_unsent: &CancellationToken,
) -> Response {
    tokio::select! {
        // Polled first: otherwise the next task in line would request a token.
        biased;
        () = cancelled_before_sending(stop_unsent, sent_at) => ResponseKind::NoResponse {
            reason: "the run stopped before the request was sent".to_owned(),
            // It may have been sent at this very moment.
            was_sent: sent_at.get().is_some(),
        }
        .into(),
        response = service.exchange(request, sent_at.clone()) => response,
    }
}

/// Ends when the run stops before the request is sent: it may be waiting for a connection, or for a token.
async fn cancelled_before_sending(stop_unsent: &CancellationToken, sent_at: &SentAt) {
    stop_unsent.cancelled().await;
    if sent_at.get().is_some() {
        std::future::pending::<()>().await;
    }
}

/// Ends when the wait is over. A wait for a response has no end of its own.
async fn wait_for(wait: Wait) {
    match wait {
        Wait::None => {}
        Wait::Until(until) => sleep_until(until).await,
        Wait::ForResponse => std::future::pending().await,
    }
}
