//! A service in memory: seats as in the sandbox, answers by script, every request on record.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use seatload::api::{
    Allocation, AllocationRequest, Confirmation, Response, ResponseKind, SentAt, Service,
};
use seatload::catalog;
use seatload::sandbox::{Ledger, Refused};
use tokio::time::{Instant, sleep};

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// From 0.
    pub(crate) nth: usize,
    /// Since the service was made.
    pub(crate) at: Duration,
    pub(crate) request: AllocationRequest,
}

impl Sent {
    pub(crate) fn users(&self) -> Vec<&str> {
        self.request.user_ids.iter().map(String::as_str).collect()
    }

    pub(crate) fn names(&self, user: &str) -> bool {
        self.request.user_ids.iter().any(|id| id == user)
    }
}

type Script = Box<dyn FnMut(&Sent, &mut Ledger) -> Option<Response> + Send>;

pub(crate) struct FakeService {
    start: Instant,
    latency: Duration,
    /// Answers take up to as long again.
    uneven: bool,
    /// Requests take up to the latency to arrive, so that they overtake each other.
    late: bool,
    state: Mutex<State>,
}

struct State {
    ledger: Ledger,
    script: Script,
    sent: Vec<Sent>,
    random: fastrand::Rng,
}

impl FakeService {
    /// Seats without end.
    pub(crate) fn new() -> Self {
        Self::with_seats(u64::MAX)
    }

    /// So many seats of every code.
    pub(crate) fn with_seats(seats: u64) -> Self {
        let bought: BTreeMap<String, u64> = catalog::ENTRIES
            .iter()
            .map(|entry| (entry.code.to_owned(), seats))
            .collect();
        Self {
            start: Instant::now(),
            latency: Duration::from_millis(50),
            uneven: false,
            late: false,
            state: Mutex::new(State {
                ledger: Ledger::new(&bought),
                script: Box::new(|_, _| None),
                sent: Vec::new(),
                random: fastrand::Rng::with_seed(5),
            }),
        }
    }

    pub(crate) fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Answers take up to twice the latency, each another time, as in a real network.
    pub(crate) fn uneven(mut self) -> Self {
        self.uneven = true;
        self
    }

    /// Requests overtake each other on their way.
    pub(crate) fn late(mut self, seed: u64) -> Self {
        self.late = true;
        self.state().random = fastrand::Rng::with_seed(seed);
        self
    }

    /// Answers by script; where that has nothing to say, by the seats.
    pub(crate) fn script(
        self,
        script: impl FnMut(&Sent, &mut Ledger) -> Option<Response> + Send + 'static,
    ) -> Self {
        self.state().script = Box::new(script);
        self
    }

    /// Refuses with the status every request that names one of these users.
    pub(crate) fn refusing(self, status: u16, users: &[&str]) -> Self {
        let users: Vec<String> = users.iter().map(|&user| user.to_owned()).collect();
        self.script(move |sent, _| {
            let user = users.iter().find(|user| sent.names(user))?;
            Some(answer(status, &format!("{user} is not welcome")))
        })
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.state().sent.len()
    }

    /// The codes of a user, in alphabetical order, joined by `;`.
    pub(crate) fn codes_of(&self, user: &str) -> Option<String> {
        let state = self.state();
        let holding = state.ledger.direct().get(user)?;
        Some(
            holding
                .user_bundle_codes
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(";"),
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn answer(&self, request: AllocationRequest) -> Response {
        let mut state = self.state();
        let State {
            ledger,
            script,
            sent,
            ..
        } = &mut *state;
        sent.push(Sent {
            nth: sent.len(),
            at: self.start.elapsed(),
            request,
        });
        let this = sent.last().unwrap();
        script(this, ledger).unwrap_or_else(|| by_seats(ledger, &this.request))
    }
}

impl Service for FakeService {
    async fn exchange(&self, request: AllocationRequest, departure: SentAt) -> Response {
        if self.late {
            departure.set_now();
            let delay = self.state().random.f64();
            sleep(self.latency.mul_f64(delay)).await;
        }
        let response = self.answer(request);
        // Without a token nothing leaves.
        if !matches!(response.kind, ResponseKind::NotSignedIn(_)) {
            departure.set_now();
        }
        let more = if self.uneven {
            self.state().random.f64()
        } else {
            0.0
        };
        sleep(self.latency.mul_f64(1.0 + more)).await;
        response
    }
}

pub(crate) fn by_seats(ledger: &mut Ledger, request: &AllocationRequest) -> Response {
    by_seats_but(ledger, request, |_| ())
}

/// What the seats allow, but for what is said about it.
pub(crate) fn by_seats_but(
    ledger: &mut Ledger,
    request: &AllocationRequest,
    spoil: impl FnOnce(&mut Vec<Allocation>),
) -> Response {
    match ledger.allocate(request) {
        Ok(mut allocations) => {
            spoil(&mut allocations);
            response(ResponseKind::Allocated(Confirmation::of(
                request,
                &allocations,
            )))
        }
        Err(Refused::NotEnoughSeats(message)) => answer(409, &message),
        Err(Refused::Malformed(message)) => answer(400, &message),
    }
}

pub(crate) fn answer(status: u16, message: &str) -> Response {
    response(ResponseKind::Status {
        status,
        message: message.to_owned(),
        is_html: false,
    })
}

/// No answer, from a request that had left or had not.
pub(crate) fn lost(was_sent: bool) -> Response {
    response(ResponseKind::NoResponse {
        reason: "the connection broke".to_owned(),
        was_sent,
    })
}

pub(crate) fn response(answer: ResponseKind) -> Response {
    answer.into()
}

pub(crate) fn with_retry_after(mut response: Response, seconds: u64) -> Response {
    response.limits.retry_after = Some(Duration::from_secs(seconds));
    response
}
