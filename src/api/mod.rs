//! The licence API: the only room that knows HTTP.

pub mod account;
mod call;
mod client;
mod confirm;
pub mod directory;
mod endpoint;
pub mod licenses;
mod message;
mod network;
mod organization;
mod rate_limit_headers;
mod redact;
mod response;
pub mod seats;
mod sent_at;
mod sign_in;
mod token;

use std::future::Future;

pub use call::{Answer, Call, CallResult, Calls};
pub use client::{Allocator, Client};
pub use confirm::Confirmation;
pub use endpoint::{Endpoint, EndpointError, Variant, base_url, is_name, is_secure};
pub use message::{Allocation, AllocationRequest};
pub use network::{Network, NetworkError, ProxyUrl};
pub use organization::{Account, Organization};
pub use rate_limit_headers::{RateLimitHeaders, RemainingQuota};
pub use response::is_transient;
pub use sent_at::SentAt;
pub use sign_in::{
    ClientCredentials, Password, SECRET_VARIABLES, SignInError, TokenCache, TokenCommand,
    TokenSource,
};
pub use token::{Token, TokenError};

/// The result of one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub kind: ResponseKind,
    /// When the next request may be sent.
    pub limits: RateLimitHeaders,
    /// The service's ID of the request, for its support.
    pub request_id: Option<String>,
}

impl From<ResponseKind> for Response {
    fn from(kind: ResponseKind) -> Self {
        Self {
            kind,
            limits: RateLimitHeaders::default(),
            request_id: None,
        }
    }
}

/// A response as received. What follows from it is not decided here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseKind {
    /// 200 with the documented array.
    Allocated(Confirmation),
    /// 200 with another body, or with one that is cut off.
    InvalidBody {
        reason: String,
        /// The body is a web page, so this may not be the API.
        is_html: bool,
    },
    /// 200 with what users have: the address reads licences and does not allocate them.
    ReadInstead,
    Status {
        status: u16,
        /// The message in the body, in one line; empty if there is none.
        message: String,
        /// The body is a web page, so this may not be the API.
        is_html: bool,
    },
    /// There is no token, so the request was not sent.
    NotSignedIn(SignInError),
    /// 401, and there is another token, so the request may be sent again.
    TokenRejected,
    /// The request was not sent, since the write-ahead log could not be written.
    NotLogged,
    NoResponse {
        reason: String,
        /// Whether the request was sent, so that it may have been applied.
        was_sent: bool,
    },
}

/// Sends requests to the service.
pub trait Service {
    /// One exchange. It sets `sent_at` when the request is sent, always ends, and reports every failure as a
    /// [`ResponseKind`].
    fn exchange(
        &self,
        request: AllocationRequest,
        sent_at: SentAt,
    ) -> impl Future<Output = Response> + Send;
}

/// One error of each kind, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use std::io;

    use crate::diagnostic::Sample;

    vec![
        Sample::error(EndpointError::NotAUrl("cloud.uipath.com".to_owned())),
        Sample::error(EndpointError::NotEncrypted(
            "http://cloud.uipath.com".to_owned(),
        )),
        Sample::error(EndpointError::UnexpectedUrlPart),
        Sample::error(EndpointError::InvalidPathSegment("account")),
        Sample::error(EndpointError::InvalidPathSegment("organization")),
        Sample::error(NetworkError::RootCertificates),
        Sample::error(NetworkError::Identity),
        Sample::error(NetworkError::Proxy(
            "http://proxy.example.com:8080".to_owned(),
        )),
        Sample::error(TokenError::File {
            path: "token.txt".into(),
            source: io::ErrorKind::NotFound.into(),
        }),
        Sample::error(TokenError::Empty("SEATLOAD_TOKEN".to_owned())),
        Sample::error(TokenError::NotAToken("token.txt".to_owned())),
        Sample::error(SignInError::Rejected("invalid_client".to_owned())),
        Sample::error(SignInError::Transient {
            reason: "status 503".to_owned(),
            wait: None,
        }),
    ]
}
