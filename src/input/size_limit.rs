//! An end to reading where a record has none.

use std::io::{self, Read};

/// Lets through so many bytes and then ends, until it is granted more. So a record that goes on for ever, for want of
/// a line's end or of a closing quote, takes bounded memory.
pub struct SizeLimit<R> {
    inner: R,
    granted: usize,
    left: usize,
    ended: bool,
}

/// Whether and why nothing more came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfInput {
    /// More may come.
    None,
    /// The input has ended.
    Input,
    /// Nothing more was granted.
    Allowance,
}

impl<R> SizeLimit<R> {
    pub fn new(inner: R, granted: usize) -> Self {
        Self {
            inner,
            granted,
            left: granted,
            ended: false,
        }
    }

    /// Grants the whole allowance again.
    pub fn grant(&mut self) {
        self.left = self.granted;
    }

    pub fn ending(&self) -> EndOfInput {
        match (self.ended, self.left) {
            (true, 0) => EndOfInput::Allowance,
            (true, _) => EndOfInput::Input,
            (false, _) => EndOfInput::None,
        }
    }
}

impl<R: Read> Read for SizeLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read;
        self.ended = read == 0;
        Ok(read)
    }
}
