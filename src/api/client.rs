//! The service over HTTP.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Response, StatusCode};
use tokio::sync::Semaphore;

use super::departure::DepartingBody;
use super::{
    AllocationRequest, Answer, Departure, Endpoint, Limits, Reply, Service, Token, reading,
};

/// The longest answer that is read, in bytes. An answer for a full batch is some tens of kilobytes.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// How long a connection may take to stand, at most.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Answers longer than this are read one after the other, so that many at once cannot fill the memory.
const LONG_ANSWER: usize = 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Talks to one endpoint with one token.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    token: Token,
    long_answers: Semaphore,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS")]
pub struct ClientError(#[from] reqwest::Error);

impl Client {
    /// A client whose exchanges take `timeout` at most, the answer's body included.
    ///
    /// # Errors
    /// When the system's root certificates cannot be used.
    pub fn new(endpoint: Endpoint, token: Token, timeout: Duration) -> Result<Self, ClientError> {
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("seatload/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .connect_timeout(timeout.min(LONGEST_CONNECT))
            // The token goes to the address that was given and to no other.
            .redirect(reqwest::redirect::Policy::none())
            // A request sent twice unseen would be missing in the quota's count.
            .retry(reqwest::retry::never())
            .tcp_nodelay(true);
        if endpoint.is_local() {
            http = http.no_proxy();
        }
        Ok(Self {
            http: http.build()?,
            endpoint,
            token,
            long_answers: Semaphore::new(1),
        })
    }

    async fn send(
        &self,
        request: &AllocationRequest,
        departure: &Departure,
    ) -> Result<Response, reqwest::Error> {
        let body = serde_json::to_vec(request).expect("strings and a bool are always JSON");
        let body = DepartingBody::new(Bytes::from(body), departure.clone());
        self.http
            .request(self.endpoint.method(), self.endpoint.url().clone())
            .header(AUTHORIZATION, self.token.authorization())
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON)
            .body(Body::wrap(body))
            .send()
            .await
    }

    /// Reads a body, up to [`LONGEST_ANSWER`] and no further; of a refusal, only what is looked at.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, String> {
        let is_allocation = response.status() == StatusCode::OK;
        let mut body = Vec::new();
        let mut turn = None;
        while let Some(chunk) = response.chunk().await.map_err(tell)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err("more than 16 MiB of answer".to_owned());
            }
            body.extend_from_slice(&chunk);
            if !is_allocation && body.len() >= reading::LONGEST_MESSAGE {
                break;
            }
            if turn.is_none() && body.len() > LONG_ANSWER {
                turn = self.long_answers.acquire().await.ok();
            }
        }
        Ok(body)
    }
}

impl Service for Client {
    async fn exchange(&self, request: AllocationRequest, departure: Departure) -> Reply {
        match self.send(&request, &departure).await {
            Ok(response) => {
                let limits = Limits::read(response.headers(), SystemTime::now());
                let status = response.status().as_u16();
                let answer = match self.body(response).await {
                    Ok(body) => reading::read(status, &self.token.redact(body), &request.user_ids),
                    Err(reason) => reading::read_cut(status, &reason),
                };
                Reply { answer, limits }
            }
            Err(error) => Reply {
                answer: Answer::Lost {
                    reason: tell(error),
                    departed: departure.at().is_some(),
                },
                limits: Limits::default(),
            },
        }
    }
}

/// What went wrong, down to the cause, without the URL that every message would repeat.
fn tell(error: reqwest::Error) -> String {
    let error = error.without_url();
    let what = if error.is_timeout() && error.is_connect() {
        "no connection within the time allowed"
    } else if error.is_timeout() {
        "no answer within the time allowed"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    let mut cause = error.source();
    let mut root = None;
    while let Some(deeper) = cause {
        root = Some(deeper.to_string());
        cause = deeper.source();
    }
    match root {
        Some(root) if !error.is_timeout() => format!("{what} ({root})"),
        _ => what.to_owned(),
    }
}
