//! When a request was sent.
//!
//! A quota is counted where requests arrive. A request may first wait for a connection, even for seconds; what counts
//! is the moment at which its body is taken for the wire.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

/// A cell that is filled once, shared by the sender and whatever counts requests.
#[derive(Debug, Clone, Default)]
pub struct SentAt(Arc<OnceLock<Instant>>);

impl SentAt {
    /// The request is sent now. Only the first call counts.
    pub fn set_now(&self) {
        self.set(Instant::now());
    }

    /// The request was sent at this instant. Only the first call counts.
    pub fn set(&self, instant: Instant) {
        self.0.get_or_init(|| instant);
    }

    /// When the request was sent, if it was.
    pub fn get(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// A request's body that records the send time when it is taken.
pub struct TrackedBody {
    bytes: Option<Bytes>,
    sent_at: SentAt,
}

impl TrackedBody {
    pub fn new(bytes: Bytes, sent_at: SentAt) -> Self {
        Self {
            bytes: Some(bytes),
            sent_at,
        }
    }
}

impl http_body::Body for TrackedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.sent_at.set_now();
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    /// The exact length, so that the request carries `Content-Length` and is not sent in chunks.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
