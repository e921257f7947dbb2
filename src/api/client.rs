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

/// The longest answer that is read, in bytes. An answer for a full batch is some tens of kilobytes.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Answers longer than this are read one after the other, so that many at once cannot fill the memory.
const LONG_ANSWER: usize = 1024 * 1024;

/// About how much room a user takes in a request: a GUID in quotes, and more than its share of the rest.
const USER_BYTES: usize = 48;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a service calls a request, in the order in which it is looked for.
const REQUEST_IDS: [&str; 5] = [
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-ms-request-id",
    "cf-ray",
];

/// How much of it is kept, in characters.
const REQUEST_ID_CHARS: usize = 80;

/// Talks to one endpoint, with the tokens of one source.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    tokens: TokenCache,
    long_answers: Semaphore,
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
            long_answers: Semaphore::new(1),
        })
    }

    /// The tokens that it uses.
    pub fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    /// Finds that the service's host answers, whatever it answers, to a request that holds no secret. Gives the version of
    /// HTTP that it speaks.
    ///
    /// # Errors
    /// When there is no answer; the error says why.
    pub async fn probe(&self) -> Result<String, String> {
        let mut root = self.endpoint.url().clone();
        root.set_path("/");
        let answer = self.http.head(root).send().await.map_err(describe_error)?;
        Ok(format!("{:?}", answer.version()))
    }

    async fn send(
        &self,
        request: &AllocationRequest,
        token: &Token,
        departure: &SentAt,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let mut body = Vec::with_capacity(request.user_ids.len() * USER_BYTES);
        serde_json::to_writer(&mut body, request).expect("strings and a bool are always JSON");
        let body = TrackedBody::new(Bytes::from(body), departure.clone());
        self.http
            .request(self.endpoint.method(), self.endpoint.url().clone())
            .header(AUTHORIZATION, token.authorization())
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON)
            .body(Body::wrap(body))
            .send()
            .await
    }

    /// Reads a body, up to [`LONGEST_ANSWER`] and no further; of a refusal, only what is looked at.
    async fn body(
        &self,
        mut response: reqwest::Response,
        redactor: &Redactor,
    ) -> Result<Vec<u8>, String> {
        let is_allocation = response.status() == StatusCode::OK;
        let length = usize::try_from(response.content_length().unwrap_or_default());
        let mut body = Vec::with_capacity(length.unwrap_or_default().min(LONG_ANSWER));
        let mut turn = None;
        while let Some(chunk) = response.chunk().await.map_err(describe_error)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err("more than 16 MiB of answer".to_owned());
            }
            body.extend_from_slice(&chunk);
            if !is_allocation && body.len() >= response::LONGEST_MESSAGE {
                return Ok(redactor.redact_prefix(body));
            }
            if turn.is_none() && body.len() > LONG_ANSWER {
                turn = self.long_answers.acquire().await.ok();
            }
        }
        Ok(body)
    }
}

impl Service for Client {
    async fn exchange(&self, request: AllocationRequest, departure: SentAt) -> Response {
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
        let response = match self.send(&request, &token, &departure).await {
            Ok(response) => response,
            Err(error) => {
                let departed = departure.get().is_some();
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
        let is_refused = status == StatusCode::UNAUTHORIZED;
        if !is_refused {
            self.tokens.accepted(number);
        }
        let answer = match self.body(response, token.redactor()).await {
            _ if is_refused && self.tokens.refused(number) == OnRejection::Retry => {
                ResponseKind::TokenRejected
            }
            Ok(body) => {
                let body = token.redactor().redact_bytes(body);
                response::parse(status.as_u16(), &body, &request, token.redactor())
            }
            Err(reason) => response::parse_truncated(status.as_u16(), &reason),
        };
        Response {
            answer,
            limits,
            request_id,
        }
    }
}

fn request_id(headers: &HeaderMap, token: &Token) -> Option<String> {
    let id = REQUEST_IDS.iter().find_map(|name| headers.get(*name))?;
    // Cut only after: a part of a secret is one too.
    let id = token.redactor().redact(id.to_str().ok()?);
    Some(printable(&id, REQUEST_ID_CHARS))
}

/// What went wrong, down to the cause, without the URL that every message would repeat.
pub fn describe_error(error: reqwest::Error) -> String {
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
