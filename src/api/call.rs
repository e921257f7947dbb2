//! Calls beside the allocation: what the service knows, and how direct allocations are ended.

use std::future::Future;

use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{RateLimitHeaders, SentAt, SignInError};

/// A request beside the allocation. Repeating it does no harm.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub url: Url,
    /// JSON.
    pub body: Option<Vec<u8>>,
}

impl Call {
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
        }
    }

    pub fn with_body(method: Method, url: Url, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("strings and lists are always JSON");
        Self {
            method,
            url,
            body: Some(body),
        }
    }
}

/// The result of a call.
#[derive(Debug)]
pub enum CallResult {
    Answered(Answer),
    /// There is no token, so the call was not sent.
    NotSignedIn(SignInError),
    /// 401, and there is another token, so the call may be sent again.
    TokenRejected,
    NoResponse {
        reason: String,
    },
}

/// An answer whose body arrived whole.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub limits: RateLimitHeaders,
    /// The message in the body, in one line; empty if there is none.
    pub message: String,
    /// The body is a web page, so this may not be the API.
    pub is_html: bool,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the body of a 2xx.
    ///
    /// # Errors
    /// When it has another shape; the error says where, without its text.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        let begin = self.body.strip_prefix(b"\xef\xbb\xbf");
        serde_json::from_slice(begin.unwrap_or(&self.body)).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("an answer of another shape (line {line}, column {column})")
        })
    }
}

/// Sends calls beside the allocation.
pub trait Calls {
    /// One exchange. It sets `sent_at` when the request is sent, and always ends.
    fn call(&self, call: &Call, sent_at: SentAt) -> impl Future<Output = CallResult> + Send;
}
