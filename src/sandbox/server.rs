//! The sandbox over HTTP, on loopback addresses.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
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
use super::people::{self, People};
use super::state::{AccountState, ServerState, StateKeeper, refusal};
use super::state_file::{Change, StateFile, replay};
use super::{SandboxSettings, Share, identity, licenses};
use crate::api::AllocationRequest;
use crate::rate::Rate;

/// The quotas of the Identity Server (API.md, "What the document does not say").
const GET_QUOTA: &str = "300/5m";
const POST_QUOTA: &str = "24000/5m";

/// The largest request that is taken, in bytes.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// A sandbox that is listening.
pub struct Sandbox {
    listener: TcpListener,
    state: Arc<ServerState>,
}

/// A fault of a request.
enum Fault {
    /// 503, nothing done.
    Unavailable,
    /// 500, nothing done.
    Broken,
    /// Done, and the connection breaks within the response.
    ResponseLost,
    /// Done, and the response lacks the first user.
    UserMissing,
    /// A web page with status 200, nothing done.
    WebPage,
    /// 429 without `Retry-After`, nothing done.
    TooMany,
    /// 522 with the web page of a gateway, nothing done.
    Gateway,
}

impl Sandbox {
    /// Starts to listen on a loopback port; 0 takes any that is free.
    ///
    /// # Errors
    /// When the port is taken or may not be used.
    pub async fn bind(settings: &SandboxSettings, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let mut ledger = Ledger::new(&settings.seats);
        if settings.has_licensed_people {
            people::give_initial_licenses(&mut ledger);
        }
        let state = settings.state.as_deref();
        if let Some(path) = state.filter(|path| path.exists()) {
            replay(path, &mut ledger)?;
        }
        let file = state.filter(|_| settings.appends).map(StateFile::open);
        let shared = AccountState {
            ledger,
            file: file.transpose()?,
            arrivals: settings.rate.map(Arrivals::new),
            identity_arrivals: BTreeMap::from([
                (true, Arrivals::new(identity_quota(GET_QUOTA))),
                (false, Arrivals::new(identity_quota(POST_QUOTA))),
            ]),
            random: fastrand::Rng::with_seed(settings.seed),
            requests: 0,
            by_status: BTreeMap::new(),
        };
        let state = ServerState {
            account: settings.account.clone(),
            latency: settings.latency,
            allocation_latency: settings.allocation_latency,
            fail: settings.fail,
            people: People::default(),
            shared: Mutex::new(shared),
        };
        Ok(Self {
            listener,
            state: Arc::new(state),
        })
    }

    /// Keeps the changes of this sandbox in a file.
    pub fn keeper(&self) -> StateKeeper {
        StateKeeper(Arc::clone(&self.state))
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// When the system does not give it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled.
    ///
    /// # Errors
    /// When the listening socket breaks.
    pub async fn serve(self, stop: CancellationToken) -> io::Result<()> {
        let allocation = "/api/account/{account}/user-license";
        let calls = Router::new()
            .route(&format!("/la{allocation}"), post(allocate))
            .route(&format!("/{{organization}}/la{allocation}"), post(allocate))
            .route(&format!("/lease_{allocation}"), put(allocate))
            .route(
                &format!("/{{organization}}/lease_{allocation}"),
                put(allocate)
                    .get(licenses::seats)
                    .post(licenses::direct_of_users),
            )
            .merge(licenses::routes())
            .merge(identity::routes())
            .layer(middleware::from_fn_with_state(
                Arc::clone(&self.state),
                count,
            ))
            .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES));
        let app = calls.route("/", get(show)).with_state(self.state);
        axum::serve(self.listener, app)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
    }
}

fn identity_quota(quota: &str) -> Rate {
    quota.parse().expect("a rate")
}

/// Applies the quota and the latency to every call, and counts it.
async fn count(State(state): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    let admitted = {
        let mut shared = state.shared();
        shared.requests += 1;
        let now = Instant::now();
        let is_identity = request.uri().path().contains("/identity_/");
        let is_get = request.method() == Method::GET;
        let arrivals = match shared.identity_arrivals.get_mut(&is_get) {
            Some(arrivals) if is_identity => Some(arrivals),
            _ => shared.arrivals.as_mut(),
        };
        arrivals.map_or(Ok(()), |arrivals| arrivals.admit(now))
    };
    pause(state.latency).await;
    let response = match admitted {
        Ok(()) => next.run(request).await,
        Err(wait) => too_many(wait),
    };
    let status = response.status().as_u16();
    *state.shared().by_status.entry(status).or_default() += 1;
    response
}

async fn pause(time: Duration) {
    // The timer rounds every time up to a millisecond.
    if !time.is_zero() {
        sleep(time).await;
    }
}

async fn allocate(
    State(state): State<Arc<ServerState>>,
    Path(path): Path<BTreeMap<String, String>>,
    headers: HeaderMap,
    request: Result<Json<AllocationRequest>, JsonRejection>,
) -> Response {
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    let Json(request) = match request {
        Ok(request) => request,
        Err(rejection) => return refusal(rejection.status(), &rejection.body_text()),
    };
    pause(state.allocation_latency).await;
    let mut shared = state.shared();
    let fault = random_fault(state.fail, &mut shared.random);
    if let Some(response) = fault.as_ref().and_then(nothing_done) {
        return response;
    }
    match shared.ledger.allocate(&request) {
        Ok(allocations) => {
            if let Err(error) = shared.keep(&Change::Allocated(request)) {
                return refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string());
            }
            match fault {
                Some(Fault::ResponseLost) => truncated_response(),
                Some(_) => Json(&allocations[1..]).into_response(),
                None => Json(allocations).into_response(),
            }
        }
        Err(Refused::Malformed(message)) => refusal(StatusCode::BAD_REQUEST, &message),
        Err(Refused::NotEnoughSeats(message)) => refusal(StatusCode::CONFLICT, &message),
    }
}

/// The response to a request that a fault prevents from being applied.
fn nothing_done(fault: &Fault) -> Option<Response> {
    Some(match fault {
        Fault::Unavailable => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "The service is unavailable",
        ),
        Fault::Broken => refusal(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
        Fault::WebPage => Html("<html><title>Maintenance</title></html>").into_response(),
        Fault::TooMany => refusal(StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Fault::Gateway => {
            let status = StatusCode::from_u16(522).expect("between 100 and 999");
            let page = Html("<html><title>522: Connection timed out</title></html>");
            (status, page).into_response()
        }
        Fault::ResponseLost | Fault::UserMissing => return None,
    })
}

/// `GET /`: seats, direct allocations and counts.
async fn show(State(state): State<Arc<ServerState>>) -> Response {
    let shared = state.shared();
    let shown = json!({
        "account": state.account,
        "requests": shared.requests,
        "answers": shared.by_status,
        "seats": shared.ledger.seats(),
        "holdings": shared.ledger.direct(),
    });
    let mut text = serde_json::to_string_pretty(&shown).expect("plain values are always JSON");
    text.push('\n');
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn random_fault(fail: Share, random: &mut fastrand::Rng) -> Option<Fault> {
    if random.f64() >= fail.fraction() {
        return None;
    }
    Some(match random.u8(0..7) {
        0 => Fault::Unavailable,
        1 => Fault::Broken,
        2 => Fault::ResponseLost,
        3 => Fault::UserMissing,
        4 => Fault::WebPage,
        5 => Fault::TooMany,
        _ => Fault::Gateway,
    })
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
fn truncated_response() -> Response {
    let broken = futures::stream::once(async {
        Err::<&'static [u8], _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(broken).into_response()
}
