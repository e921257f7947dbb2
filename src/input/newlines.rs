//! One kind of line end, so that the number of a line is the number of newlines before it.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use memchr::memchr;

/// Turns CRLF and lone CR into LF, and adds a last LF, which ends a last line that lacks its own.
pub struct NormalizeNewlines<R> {
    inner: R,
    end: Arc<OnceLock<TextEnd>>,
    /// The bytes that were returned.
    returned: u64,
    /// The last of them is an LF, or there is none.
    after_lf: bool,
    /// The last byte was a CR and became an LF, so an LF that follows is dropped.
    after_cr: bool,
}

impl<R: Read> NormalizeNewlines<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            end: Arc::default(),
            returned: 0,
            after_lf: true,
            after_cr: false,
        }
    }

    /// Where the text ends, once it has been read to its end.
    pub fn end(&self) -> Arc<OnceLock<TextEnd>> {
        Arc::clone(&self.end)
    }

    /// Adds the last LF, once.
    fn finish(&mut self, buffer: &mut [u8]) -> usize {
        if self.end.get().is_some() || buffer.is_empty() {
            return 0;
        }
        // A CR that ends the text became an LF already.
        let added = usize::from(!self.after_cr);
        buffer[..added].fill(b'\n');
        let end = TextEnd {
            bytes: self.returned + added as u64,
            is_within_line: !self.after_lf,
        };
        // Set here alone.
        let _ = self.end.set(end);
        added
    }

    /// Rewrites the bytes in place and returns how many are left.
    fn normalize(&mut self, bytes: &mut [u8]) -> usize {
        if !self.after_cr && memchr(b'\r', bytes).is_none() {
            return bytes.len();
        }
        let mut kept = 0;
        for at in 0..bytes.len() {
            let byte = bytes[at];
            let ends_crlf = self.after_cr && byte == b'\n';
            self.after_cr = byte == b'\r';
            if !ends_crlf {
                bytes[kept] = if self.after_cr { b'\n' } else { byte };
                kept += 1;
            }
        }
        kept
    }
}

/// Where a text ends.
#[derive(Debug, Clone, Copy)]
pub struct TextEnd {
    /// All bytes, the added LF included.
    pub bytes: u64,
    /// The last line lacks its own line end.
    pub is_within_line: bool,
}

impl<R: Read> Read for NormalizeNewlines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(buffer)?;
            if read == 0 {
                return Ok(self.finish(buffer));
            }
            let kept = self.normalize(&mut buffer[..read]);
            if kept > 0 {
                self.returned += kept as u64;
                self.after_lf = buffer[kept - 1] == b'\n';
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns at most `step` bytes a read.
    struct SlowReader<'a> {
        bytes: &'a [u8],
        step: usize,
    }

    impl Read for SlowReader<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.step.min(buffer.len());
            self.bytes.read(&mut buffer[..step])
        }
    }

    fn normalized(text: &str, step: usize) -> String {
        let mut out = String::new();
        NormalizeNewlines::new(SlowReader {
            bytes: text.as_bytes(),
            step,
        })
        .read_to_string(&mut out)
        .unwrap();
        out
    }

    #[test]
    fn every_kind_of_line_end_becomes_lf() {
        assert_eq!(normalized("a\r\nb\rc\nd", 64), "a\nb\nc\nd\n");
        assert_eq!(normalized("a\r\n\r\n\rb\r\n", 64), "a\n\n\nb\n\n");
        assert_eq!(normalized("", 64), "\n");
    }

    #[test]
    fn a_text_that_ends_within_a_line_is_known_once_it_is_read() {
        for (text, bytes, is_within_line) in [("a\nb", 4, true), ("a\r\nb\r\n", 5, false)] {
            let mut normalized = NormalizeNewlines::new(text.as_bytes());
            let end = normalized.end();
            assert!(end.get().is_none());
            io::copy(&mut normalized, &mut io::sink()).unwrap();
            let end = *end.get().unwrap();
            assert_eq!((end.bytes, end.is_within_line), (bytes, is_within_line));
        }
    }

    proptest! {
        #[test]
        fn the_sizes_of_reads_do_not_matter(text in "[ab\r\n]{0,24}", step in 1_usize..5) {
            let expected = format!("{text}\n").replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(normalized(&text, step), expected);
        }
    }
}
