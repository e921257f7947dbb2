//! What is logged of an exchange, for support. No secret can get here: requests and answers hold none.

use std::time::Duration;

use tracing::{debug, enabled, info};

use crate::api::{AllocationRequest, Answer, Reply};
use crate::dispatch::queue::Job;

/// A request is about to be sent.
pub fn sending(job: &Job, request: &AllocationRequest) {
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
pub fn answered(job: &Job, reply: &Reply, took: Duration) {
    let Reply {
        answer, request_id, ..
    } = reply;
    let (status, reason, said) = match answer {
        Answer::Allocated(_) => (Some(200), None, None),
        Answer::Unreadable { reason, .. } => (Some(200), None, Some(reason.clone())),
        Answer::Status {
            status, message, ..
        } => (Some(*status), None, Some(message.clone())),
        Answer::TokenRefused => (Some(401), None, None),
        Answer::NotSignedIn(error) => (None, Some(error.to_string()), None),
        Answer::NotSent => (None, Some("it could not be written down".to_owned()), None),
        Answer::Lost { reason, .. } => (None, Some(reason.clone()), None),
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
