//! The service over HTTP.

use std::error::Error as _;
use std::time::SystemTime;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, StatusCode};
use tokio::sync::Semaphore;

use super::redact::Redactor;
use super::sign_in::{CachedToken, OnRejection};
use super::{
    AllocationRequest, Endpoint, Network, NetworkError, RateLimitHeaders, Response, ResponseKind,
    SentAt, Service, SignInError, Token, TokenCache,
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

/// Talks to one endpoint, with the tokens of one source.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    tokens: TokenCache,
    long_responses: Semaphore,
}

impl Client {
    /// A client for an endpoint.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn new(
        endpoint: Endpoint,
        tokens: TokenCache,
        network: &Network,
    ) -> Result<Self, NetworkError> {
        Ok(Self {
            http: network.client(endpoint.url())?,
            endpoint,
            tokens,
            long_responses: Semaphore::new(1),
        })
    }

    /// The tokens that it uses.
    pub fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    /// Sends a request without a secret to the service's host. Any response will do; gives its HTTP version.
    ///
    /// # Errors
    /// When there is no response; the error says why.
    pub async fn probe(&self) -> Result<String, String> {
        let mut root = self.endpoint.url().clone();
        root.set_path("/");
        let response = self.http.head(root).send().await.map_err(describe_error)?;
        Ok(format!("{:?}", response.version()))
    }

    async fn send(
        &self,
        request: &AllocationRequest,
        token: &Token,
        sent_at: &SentAt,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let mut body = Vec::with_capacity(request.user_ids.len() * BYTES_PER_USER);
        serde_json::to_writer(&mut body, request).expect("strings and a bool are always JSON");
        let body = TrackedBody::new(Bytes::from(body), sent_at.clone());
        self.http
            .request(self.endpoint.method(), self.endpoint.url().clone())
            .header(AUTHORIZATION, token.authorization())
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON)
            .body(Body::wrap(body))
            .send()
            .await
    }

    /// Reads a body, up to [`MAX_RESPONSE`]; of a rejection, only the part that is searched for a message.
    async fn body(
        &self,
        mut response: reqwest::Response,
        redactor: &Redactor,
    ) -> Result<Vec<u8>, String> {
        let is_allocation = response.status() == StatusCode::OK;
        let length = usize::try_from(response.content_length().unwrap_or_default());
        let mut body = Vec::with_capacity(length.unwrap_or_default().min(LONG_RESPONSE));
        let mut turn = None;
        while let Some(chunk) = response.chunk().await.map_err(describe_error)? {
            if body.len() + chunk.len() > MAX_RESPONSE {
                return Err("the response has more than 16 MiB".to_owned());
            }
            body.extend_from_slice(&chunk);
            if !is_allocation && body.len() >= response::LONGEST_MESSAGE {
                return Ok(redactor.redact_prefix(body));
            }
            if turn.is_none() && body.len() > LONG_RESPONSE {
                turn = self.long_responses.acquire().await.ok();
            }
        }
        Ok(body)
    }
}

impl Service for Client {
    async fn exchange(&self, request: AllocationRequest, sent_at: SentAt) -> Response {
        let CachedToken { token, number } = match self.tokens.current().await {
            Ok(current) => current,
            Err(error) => {
                let retry_after = match &error {
                    SignInError::Transient { wait, .. } => *wait,
                    SignInError::Rejected(_) => None,
                };
                return Response {
                    limits: RateLimitHeaders {
                        retry_after,
                        ..RateLimitHeaders::default()
                    },
                    ..ResponseKind::NotSignedIn(error).into()
                };
            }
        };
        let response = match self.send(&request, &token, &sent_at).await {
            Ok(response) => response,
            Err(error) => {
                let departed = sent_at.get().is_some();
                let reason = describe_error(error);
                return ResponseKind::NoResponse {
                    reason,
                    was_sent: departed,
                }
                .into();
            }
        };
        let limits = RateLimitHeaders::read(response.headers(), SystemTime::now());
        let request_id = request_id(response.headers(), &token);
        let status = response.status();
        let is_unauthorized = status == StatusCode::UNAUTHORIZED;
        if !is_unauthorized {
            self.tokens.accepted(number);
        }
        let kind = match self.body(response, token.redactor()).await {
            _ if is_unauthorized && self.tokens.rejected(number) == OnRejection::Retry => {
                ResponseKind::TokenRejected
            }
            Ok(body) => {
                let body = token.redactor().redact_bytes(body);
                response::parse(status.as_u16(), &body, &request, token.redactor())
            }
            Err(reason) => response::parse_truncated(status.as_u16(), &reason),
        };
        Response {
            kind,
            limits,
            request_id,
        }
    }
}

fn request_id(headers: &HeaderMap, token: &Token) -> Option<String> {
    let id = REQUEST_IDS.iter().find_map(|name| headers.get(*name))?;
    // Redacted before it is cut: a part of a secret is one too.
    let id = token.redactor().redact(id.to_str().ok()?);
    Some(printable(&id, REQUEST_ID_CHARS))
}

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
    let mut cause = error.source();
    let mut root = None;
    while let Some(deeper) = cause {
        root = Some(deeper.to_string());
        cause = deeper.source();
    }
    match root {
        Some(root) if !error.is_timeout() => format!("{failure} ({root})"),
        _ => failure.to_owned(),
    }
}
