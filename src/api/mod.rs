//! The licence API: the only room that knows HTTP.

mod client;
mod confirm;
mod endpoint;
mod message;
mod network;
mod rate_limit_headers;
mod redact;
mod response;
mod sent_at;
mod sign_in;
mod token;

use std::future::Future;

pub use client::Client;
pub use confirm::Confirmation;
pub use endpoint::{Endpoint, EndpointError, Variant, is_secure};
pub use message::{Allocation, AllocationRequest};
pub use network::{Network, NetworkError, ProxyUrl};
pub use rate_limit_headers::{RateLimitHeaders, RemainingQuota};
pub use sent_at::SentAt;
pub use sign_in::{
    ClientCredentials, Password, SECRET_VARIABLES, SignInError, TokenCache, TokenCommand,
    TokenSource,
};
pub use token::{Token, TokenError};

/// What came of one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The answer itself.
    pub answer: ResponseKind,
    /// What the service said about when to send again.
    pub limits: RateLimitHeaders,
    /// What the service calls the request, for its support.
    pub request_id: Option<String>,
}

impl From<ResponseKind> for Response {
    /// Nothing but an answer.
    fn from(answer: ResponseKind) -> Self {
        Self {
            answer,
            limits: RateLimitHeaders::default(),
            request_id: None,
        }
    }
}

/// An answer, as far as it could be understood. What follows from it is not decided here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseKind {
    /// 200 with the array that API.md describes: what it confirms.
    Allocated(Confirmation),
    /// 200 with a body that is something else, or that broke off.
    InvalidBody {
        /// What is wrong with it.
        reason: String,
        /// The body is a web page, so this may not be the API.
        is_html: bool,
    },
    /// Any other status.
    Status {
        /// The status.
        status: u16,
        /// What the body says, in one line; empty if nothing.
        message: String,
        /// The body is a web page, so this may not be the API.
        is_html: bool,
    },
    /// There is no token, so the request was not sent.
    NotSignedIn(SignInError),
    /// 401, and there is another token: the same request again.
    TokenRejected,
    /// The request was held back, since what it changes could not be written down.
    NotLogged,
    /// No answer.
    NoResponse {
        /// What happened instead.
        reason: String,
        /// Whether the request had left, so that it may have been applied.
        was_sent: bool,
    },
}

/// What can take a request to the service and bring an answer back.
pub trait Service {
    /// One exchange. It marks `departure` when the request leaves, always ends, and never fails otherwise than by its [`Answer`].
    fn exchange(
        &self,
        request: AllocationRequest,
        departure: SentAt,
    ) -> impl Future<Output = Response> + Send;
}
