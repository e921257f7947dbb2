//! What is logged of an exchange, for support. No secret can get here: requests and answers hold none.

use std::time::Duration;

use tracing::{debug, enabled, info};

use crate::api::{AllocationRequest, Response, ResponseKind};
use crate::dispatch::queue::Task;

/// A request is about to be sent.
pub fn log_request(job: &Task, request: &AllocationRequest) {
    if enabled!(tracing::Level::DEBUG) {
        debug!(
            batch = job.batch,
            attempt = job.part.asked,
            body = serde_json::to_string(request).unwrap_or_default(),
            "sending"
        );
    }
}

/// An exchange has ended.
pub fn log_response(job: &Task, reply: &Response, took: Duration) {
    let Response {
        answer, request_id, ..
    } = reply;
    let (status, reason, said) = match answer {
        ResponseKind::Allocated(_) => (Some(200), None, None),
        ResponseKind::InvalidBody { reason, .. } => (Some(200), None, Some(reason.clone())),
        ResponseKind::Status {
            status, message, ..
        } => (Some(*status), None, Some(message.clone())),
        ResponseKind::TokenRejected => (Some(401), None, None),
        ResponseKind::NotSignedIn(error) => (None, Some(error.to_string()), None),
        ResponseKind::NotLogged => (None, Some("it could not be written down".to_owned()), None),
        ResponseKind::NoResponse { reason, .. } => (None, Some(reason.clone()), None),
    };
    info!(
        batch = job.batch,
        attempt = job.part.asked,
        users = job.part.users.len(),
        status,
        milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        request_id,
        no_answer = reason,
        "exchange"
    );
    if let Some(said) = said {
        debug!(batch = job.batch, attempt = job.part.asked, said, "answer");
    }
}
