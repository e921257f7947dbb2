//! The log of every exchange, for support. Requests and redacted responses contain no secret.

use std::time::Duration;

use tracing::{debug, enabled, info};

use crate::api::{AllocationRequest, Response, ResponseKind};
use crate::dispatch::queue::Task;

/// A request is about to be sent.
pub fn log_request(task: &Task, request: &AllocationRequest) {
    if enabled!(tracing::Level::DEBUG) {
        debug!(
            batch = task.batch,
            attempt = task.slice.attempts,
            body = serde_json::to_string(request).unwrap_or_default(),
            "sending"
        );
    }
}

/// An exchange has ended.
pub fn log_response(task: &Task, response: &Response, took: Duration) {
    let Response {
        kind, request_id, ..
    } = response;
    let (status, failure, message) = match kind {
        ResponseKind::Allocated(_) => (Some(200), None, None),
        ResponseKind::ReadInstead => (Some(200), None, None),
        ResponseKind::InvalidBody { reason, .. } => (Some(200), None, Some(reason.clone())),
        ResponseKind::Status {
            status, message, ..
        } => (Some(*status), None, Some(message.clone())),
        ResponseKind::TokenRejected => (Some(401), None, None),
        ResponseKind::NotSignedIn(error) => (None, Some(error.to_string()), None),
        ResponseKind::NotLogged => (
            None,
            Some("the write-ahead log could not be written".to_owned()),
            None,
        ),
        ResponseKind::NoResponse { reason, .. } => (None, Some(reason.clone()), None),
    };
    info!(
        batch = task.batch,
        attempt = task.slice.attempts,
        users = task.slice.users.len(),
        status,
        milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        request_id,
        failure,
        "exchange"
    );
    if let Some(message) = message {
        debug!(
            batch = task.batch,
            attempt = task.slice.attempts,
            message,
            "response"
        );
    }
}
