//! A limit on what one record may read.

use std::io::{self, Read};

/// Ends after `limit` bytes, until it is reset: a record without an end takes bounded memory.
/// Unlike [`io::Take`], it distinguishes its limit from the end of the input.
pub struct SizeLimit<R> {
    inner: R,
    limit: usize,
    left: usize,
    has_ended: bool,
}

/// Why there are no more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfInput {
    Input,
    Limit,
}

impl<R> SizeLimit<R> {
    pub fn new(inner: R, limit: usize) -> Self {
        Self {
            inner,
            limit,
            left: limit,
            has_ended: false,
        }
    }

    pub fn reset(&mut self) {
        self.left = self.limit;
    }

    /// `None` while there may be more bytes.
    pub fn end(&self) -> Option<EndOfInput> {
        let end = if self.left == 0 {
            EndOfInput::Limit
        } else {
            EndOfInput::Input
        };
        self.has_ended.then_some(end)
    }
}

impl<R: Read> Read for SizeLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..allowed])?;
        self.left -= read;
        self.has_ended = read == 0;
        Ok(read)
    }
}
