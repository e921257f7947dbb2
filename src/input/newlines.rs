//! One kind of line end, so that the number of a line is the number of newlines before it.

use std::io::{self, Chain, Read};

/// Turns CRLF and lone CR into LF, and adds a last LF, which ends a last line that lacks its own.
pub struct NormalizeNewlines<R> {
    inner: Chain<R, &'static [u8]>,
    /// The last byte was a CR and became an LF, so an LF that follows is dropped.
    after_cr: bool,
}

impl<R: Read> NormalizeNewlines<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner: inner.chain(b"\n"),
            after_cr: false,
        }
    }

    /// Rewrites the bytes in place and returns how many are left.
    fn normalize(&mut self, bytes: &mut [u8]) -> usize {
        if !self.after_cr && !bytes.contains(&b'\r') {
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

impl<R: Read> Read for NormalizeNewlines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(buffer)?;
            let kept = self.normalize(&mut buffer[..read]);
            if kept > 0 || read == 0 {
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

    proptest! {
        #[test]
        fn the_sizes_of_reads_do_not_matter(text in "[ab\r\n]{0,24}", step in 1_usize..5) {
            let expected = format!("{text}\n").replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(normalized(&text, step), expected);
        }
    }
}
