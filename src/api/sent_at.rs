//! When a request left.
//!
//! A quota is counted where requests arrive. A request that is let go may first wait for a connection,
//! for seconds even; what is counted is the moment at which its body was taken for the wire.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

/// Known to the sender and to whoever counts requests.
#[derive(Debug, Clone, Default)]
pub struct SentAt(Arc<OnceLock<Instant>>);

impl SentAt {
    /// The request leaves now. Only the first mark counts.
    pub fn set_now(&self) {
        self.set(Instant::now());
    }

    /// The request left then. Only the first mark counts.
    pub fn set(&self, instant: Instant) {
        self.0.get_or_init(|| instant);
    }

    /// When the request left, if it has.
    pub fn get(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// A request's body that marks the departure when it is taken.
pub struct TrackedBody {
    bytes: Option<Bytes>,
    departure: SentAt,
}

impl TrackedBody {
    pub fn new(bytes: Bytes, departure: SentAt) -> Self {
        Self {
            bytes: Some(bytes),
            departure,
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
        self.departure.set_now();
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
