//! The service over HTTP.

use std::time::SystemTime;

use anyhow::Chain;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Method, StatusCode, Url};
use tokio::sync::Semaphore;

use super::redact::Redactor;
use super::sign_in::{CachedToken, OnRejection};
use super::{
    AllocationRequest, Answer, Call, CallResult, Calls, Endpoint, Network, NetworkError,
    RateLimitHeaders, Response, ResponseKind, SentAt, Service, SignInError, Token, TokenCache,
};
use crate::api::response;
use crate::api::sent_at::TrackedBody;
use crate::sanitize::printable;

/// The longest response that is read, in bytes. A response for a full batch has some tens of kilobytes.
const MAX_RESPONSE: usize = 16 * 1024 * 1024;

/// Responses longer than this are read one after the other, so that many at once cannot fill the memory.
const LONG_RESPONSE: usize = 1024 * 1024;

/// The size of one user in a request, in bytes: a GUID in quotes, and more than its share of the rest.
const BYTES_PER_USER: usize = 48;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Headers with the service's ID of a request, in the order in which they are looked for.
const REQUEST_IDS: [&str; 5] = [
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-ms-request-id",
    "cf-ray",
];

/// How much of a request ID is kept, in characters.
const REQUEST_ID_CHARS: usize = 80;

/// Sends requests to one service, with the tokens of one source.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    tokens: TokenCache,
    long_responses: Semaphore,
}

/// Allocates at one endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Allocator<'a> {
    pub client: &'a Client,
    pub endpoint: &'a Endpoint,
}

/// A response that was received, whole or in part.
struct Received {
    status: StatusCode,
    limits: RateLimitHeaders,
    request_id: Option<String>,
    token: Token,
    /// 401, and there is another token.
    is_token_rejected: bool,
    /// Without the token; or why it was not received to its end.
    body: Result<Vec<u8>, String>,
}

/// Why there is no response.
enum NotReceived {
    NotSignedIn(SignInError),
    NoResponse { reason: String, was_sent: bool },
}

impl Client {
    /// A client for a service.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn new(base: Url, tokens: TokenCache, network: &Network) -> Result<Self, NetworkError> {
        Ok(Self {
            http: network.client(&base)?,
            base,
            tokens,
            long_responses: Semaphore::new(1),
        })
    }

    /// The tokens that it uses.
    pub fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    /// The address of the service.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Sends a request without a secret to the service's host. Any response will do; gives its HTTP version.
    ///
    /// # Errors
    /// When there is no response; the error says why.
    pub async fn probe(&self) -> Result<String, String> {
        let mut root = self.base.clone();
        root.set_path("/");
        let response = self.http.head(root).send().await.map_err(describe_error)?;
        Ok(format!("{:?}", response.version()))
    }

    /// Sends a request, and reads the response. `sent_at` is set when the request is sent.
    async fn exchange(
        &self,
        method: Method,
        url: Url,
        body: Vec<u8>,
        sent_at: &SentAt,
    ) -> Result<Received, NotReceived> {
        let current = self.tokens.current().await;
        let CachedToken { token, number } = current.map_err(NotReceived::NotSignedIn)?;
        let request = self
            .http
            .request(method, url)
            .header(AUTHORIZATION, token.authorization())
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON)
            .body(Body::wrap(TrackedBody::new(body.into(), sent_at.clone())));
        let response = request.send().await.map_err(|error| {
            let was_sent = sent_at.get().is_some();
            let reason = describe_error(error);
            NotReceived::NoResponse { reason, was_sent }
        })?;
        let status = response.status();
        let limits = RateLimitHeaders::read(response.headers(), SystemTime::now());
        let request_id = request_id(response.headers(), &token);
        if status != StatusCode::UNAUTHORIZED {
            self.tokens.accepted(number);
        }
        let body = self.body(response, token.redactor()).await;
        let body = body.map(|body| token.redactor().redact_bytes(without_mark(body)));
        Ok(Received {
            status,
            limits,
            request_id,
            token,
            is_token_rejected: status == StatusCode::UNAUTHORIZED
                && self.tokens.rejected(number) == OnRejection::Retry,
            body,
        })
    }

    /// Reads a body, up to [`MAX_RESPONSE`]; of a rejection, only the part that is searched for a message.
    async fn body(
        &self,
        mut response: reqwest::Response,
        redactor: &Redactor,
    ) -> Result<Vec<u8>, String> {
        let is_success = response.status().is_success();
        let length = usize::try_from(response.content_length().unwrap_or_default());
        let mut body = Vec::with_capacity(length.unwrap_or_default().min(LONG_RESPONSE));
        let mut turn = None;
        while let Some(chunk) = response.chunk().await.map_err(describe_error)? {
            if body.len() + chunk.len() > MAX_RESPONSE {
                return Err("the response has more than 16 MiB".to_owned());
            }
            body.extend_from_slice(&chunk);
            if !is_success && body.len() >= response::LONGEST_MESSAGE {
                return Ok(redactor.redact_prefix(body));
            }
            if turn.is_none() && body.len() > LONG_RESPONSE {
                turn = self.long_responses.acquire().await.ok();
            }
        }
        Ok(body)
    }
}

/// A body without a byte order mark, which is no JSON.
fn without_mark(mut body: Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    if body.starts_with(MARK) {
        body.drain(..MARK.len());
    }
    body
}

impl Calls for Client {
    async fn call(&self, call: &Call, sent_at: SentAt) -> CallResult {
        let body = call.body.clone().unwrap_or_default();
        let exchange = self.exchange(call.method.clone(), call.url.clone(), body, &sent_at);
        match exchange.await {
            Ok(received) if received.is_token_rejected => CallResult::TokenRejected,
            Ok(Received {
                status,
                limits,
                token,
                body: Ok(body),
                ..
            }) => {
                // A long list of users has no message to look for.
                let (message, is_html) = if status.is_success() {
                    (String::new(), response::is_html(&body))
                } else {
                    response::message(&body, token.redactor())
                };
                CallResult::Answered(Answer {
                    status: status.as_u16(),
                    limits,
                    message,
                    is_html,
                    body,
                })
            }
            Ok(Received {
                body: Err(reason), ..
            })
            | Err(NotReceived::NoResponse { reason, .. }) => CallResult::NoResponse { reason },
            Err(NotReceived::NotSignedIn(error)) => CallResult::NotSignedIn(error),
        }
    }
}

impl Service for Allocator<'_> {
    async fn exchange(&self, request: AllocationRequest, sent_at: SentAt) -> Response {
        let mut body = Vec::with_capacity(request.user_ids.len() * BYTES_PER_USER);
        serde_json::to_writer(&mut body, &request).expect("strings and a bool are always JSON");
        let (method, url) = (self.endpoint.method(), self.endpoint.url().clone());
        let received = match self.client.exchange(method, url, body, &sent_at).await {
            Ok(received) => received,
            Err(NotReceived::NotSignedIn(error)) => return not_signed_in(error),
            Err(NotReceived::NoResponse { reason, was_sent }) => {
                return ResponseKind::NoResponse { reason, was_sent }.into();
            }
        };
        let status = received.status.as_u16();
        let kind = match &received.body {
            _ if received.is_token_rejected => ResponseKind::TokenRejected,
            Ok(body) => response::parse(status, body, &request, received.token.redactor()),
            Err(reason) => response::parse_truncated(status, reason),
        };
        Response {
            kind,
            limits: received.limits,
            request_id: received.request_id,
        }
    }
}

fn not_signed_in(error: SignInError) -> Response {
    let retry_after = match &error {
        SignInError::Transient { wait, .. } => *wait,
        SignInError::Rejected(_) => None,
    };
    Response {
        limits: RateLimitHeaders {
            retry_after,
            ..RateLimitHeaders::default()
        },
        ..ResponseKind::NotSignedIn(error).into()
    }
}

fn request_id(headers: &HeaderMap, token: &Token) -> Option<String> {
    let id = REQUEST_IDS.iter().find_map(|name| headers.get(*name))?;
    // Redacted before it is cut: a part of a secret is one too.
    let id = token.redactor().redact(id.to_str().ok()?);
    Some(printable(&id, REQUEST_ID_CHARS))
}

/// How the HTTP client begins the text of an error of the proxy.
const TUNNEL_ERROR: &str = "tunnel error: ";

/// The failure and its root cause, without the URL that every message would repeat.
pub fn describe_error(error: reqwest::Error) -> String {
    let error = error.without_url();
    let failure = if error.is_timeout() && error.is_connect() {
        "no connection within the time limit"
    } else if error.is_timeout() {
        "no response within the time limit"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    let causes = Chain::new(&error).skip(1);
    let Some(root) = causes.last().filter(|_| !error.is_timeout()) else {
        return failure.to_owned();
    };
    let root = root.to_string();
    match root.strip_prefix(TUNNEL_ERROR) {
        Some("unsuccessful") => "the proxy refuses the connection".to_owned(),
        Some(reason) => format!("the proxy refuses the connection ({reason})"),
        None => format!("{failure} ({root})"),
    }
}
