//! The sandbox over HTTP, on loopback addresses.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::arrivals::Arrivals;
use super::ledger::{Ledger, Refused};
use super::{SandboxSettings, Share};
use crate::api::AllocationRequest;

/// The largest request that is taken, in bytes.
const LARGEST_REQUEST: usize = 16 * 1024 * 1024;

/// A sandbox that is listening.
pub struct Sandbox {
    listener: TcpListener,
    desk: Arc<ServerState>,
}

/// What all requests share.
struct ServerState {
    account: String,
    latency: Duration,
    fail: Share,
    books: Mutex<AccountState>,
}

struct AccountState {
    ledger: Ledger,
    arrivals: Option<Arrivals>,
    random: fastrand::Rng,
    requests: u64,
    by_status: BTreeMap<u16, u64>,
}

/// What goes wrong with a request.
enum Fault {
    /// 503, nothing done.
    Unavailable,
    /// 500, nothing done.
    Broken,
    /// Done, and the connection breaks within the answer.
    AnswerLost,
    /// Done, and the answer leaves the first user out.
    UserLeftOut,
    /// A web page with 200 in place of the answer, nothing done.
    WebPage,
    /// 429 without a word on when to come back, nothing done.
    TooMany,
}

impl Sandbox {
    /// Starts to listen on a loopback port; 0 takes any that is free.
    ///
    /// # Errors
    /// When the port is taken or may not be used.
    pub async fn bind(settings: &SandboxSettings, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let books = AccountState {
            ledger: Ledger::new(&settings.seats),
            arrivals: settings.rate.map(Arrivals::new),
            random: fastrand::Rng::with_seed(settings.seed),
            requests: 0,
            by_status: BTreeMap::new(),
        };
        let desk = ServerState {
            account: settings.account.clone(),
            latency: settings.latency,
            fail: settings.fail,
            books: Mutex::new(books),
        };
        Ok(Self {
            listener,
            desk: Arc::new(desk),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled.
    ///
    /// # Errors
    /// When the listening socket breaks.
    pub async fn serve(self, stop: CancellationToken) -> io::Result<()> {
        let calls = Router::new()
            .route("/la/api/account/{account}/user-license", post(allocate))
            .route(
                "/{organization}/la/api/account/{account}/user-license",
                post(allocate),
            )
            .route("/lease_/api/account/{account}/user-license", put(allocate))
            .route(
                "/{organization}/lease_/api/account/{account}/user-license",
                put(allocate),
            )
            .layer(middleware::from_fn_with_state(
                Arc::clone(&self.desk),
                count,
            ))
            .layer(DefaultBodyLimit::max(LARGEST_REQUEST));
        let app = calls.route("/", get(show)).with_state(self.desk);
        axum::serve(self.listener, app)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
    }
}

impl ServerState {
    fn books(&self) -> MutexGuard<'_, AccountState> {
        // Nothing panics while holding the lock half-way through a change.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every call goes through: the quota, the latency, the count.
async fn count(State(desk): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    let admitted = {
        let mut books = desk.books();
        books.requests += 1;
        match &mut books.arrivals {
            Some(arrivals) => arrivals.admit(Instant::now()),
            None => Ok(()),
        }
    };
    // Even no time at all is rounded up to a millisecond.
    if !desk.latency.is_zero() {
        sleep(desk.latency).await;
    }
    let response = match admitted {
        Ok(()) => next.run(request).await,
        Err(wait) => too_many(wait),
    };
    let status = response.status().as_u16();
    *desk.books().by_status.entry(status).or_default() += 1;
    response
}

async fn allocate(
    State(desk): State<Arc<ServerState>>,
    Path(path): Path<BTreeMap<String, String>>,
    headers: HeaderMap,
    request: Result<Json<AllocationRequest>, JsonRejection>,
) -> Response {
    if !has_token(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "");
    }
    let account = path.get("account").map(String::as_str).unwrap_or_default();
    if account != desk.account {
        let message = format!("No account licence is allocated for the organisation {account}");
        return refusal(StatusCode::NOT_FOUND, &message);
    }
    let Json(request) = match request {
        Ok(request) => request,
        Err(rejection) => return refusal(rejection.status(), &rejection.body_text()),
    };
    let mut books = desk.books();
    let fault = draw_fault(desk.fail, &mut books.random);
    match fault {
        Some(Fault::Unavailable) => {
            return refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "The service is unavailable",
            );
        }
        Some(Fault::Broken) => {
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong");
        }
        Some(Fault::WebPage) => {
            return Html("<html><title>Maintenance</title></html>").into_response();
        }
        Some(Fault::TooMany) => return refusal(StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Some(Fault::AnswerLost | Fault::UserLeftOut) | None => {}
    }
    match books.ledger.allocate(&request) {
        Ok(allocations) => match fault {
            Some(Fault::AnswerLost) => broken_off(),
            Some(_) => Json(&allocations[1..]).into_response(),
            None => Json(allocations).into_response(),
        },
        Err(Refused::Malformed(message)) => refusal(StatusCode::BAD_REQUEST, &message),
        Err(Refused::NotEnoughSeats(message)) => refusal(StatusCode::CONFLICT, &message),
    }
}

/// `GET /`: seats, holdings and counts.
async fn show(State(desk): State<Arc<ServerState>>) -> Response {
    let books = desk.books();
    let shown = json!({
        "account": desk.account,
        "requests": books.requests,
        "answers": books.by_status,
        "seats": books.ledger.seats(),
        "holdings": books.ledger.holdings(),
    });
    let mut text = serde_json::to_string_pretty(&shown).expect("plain values are always JSON");
    text.push('\n');
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn has_token(headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|token| !token.trim().is_empty())
}

fn draw_fault(fail: Share, random: &mut fastrand::Rng) -> Option<Fault> {
    if random.f64() >= fail.fraction() {
        return None;
    }
    Some(match random.u8(0..6) {
        0 => Fault::Unavailable,
        1 => Fault::Broken,
        2 => Fault::AnswerLost,
        3 => Fault::UserLeftOut,
        4 => Fault::WebPage,
        _ => Fault::TooMany,
    })
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    headers.insert(
        HeaderName::from_static("ratelimit-remaining"),
        HeaderValue::from(0),
    );
    headers.insert(
        HeaderName::from_static("ratelimit-reset"),
        HeaderValue::from(seconds),
    );
    response
}

/// A 200 whose connection breaks before the body is there.
fn broken_off() -> Response {
    let broken = futures::stream::once(async {
        Err::<&'static [u8], _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(broken).into_response()
}
