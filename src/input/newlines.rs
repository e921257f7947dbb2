//! One kind of line end, so that the number of a line is the number of newlines before it.

use std::io::{self, Read};

/// Turns CRLF and lone CR into LF, and ends the last line with LF.
pub struct NormalizeNewlines<R> {
    inner: R,
    /// The last byte was a CR and became an LF, so an LF that follows is dropped.
    after_cr: bool,
    last: u8,
    has_ended: bool,
}

impl<R: Read> NormalizeNewlines<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            after_cr: false,
            last: b'\n',
            has_ended: false,
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
        if buffer.is_empty() {
            return Ok(0);
        }
        while !self.has_ended {
            let read = self.inner.read(buffer)?;
            if read == 0 {
                self.has_ended = true;
                if self.last != b'\n' {
                    buffer[0] = b'\n';
                    return Ok(1);
                }
                break;
            }
            let kept = self.normalize(&mut buffer[..read]);
            if kept > 0 {
                self.last = buffer[kept - 1];
                return Ok(kept);
            }
        }
        Ok(0)
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
        assert_eq!(normalized("a\r\n\r\n\rb\r\n", 64), "a\n\n\nb\n");
        assert_eq!(normalized("", 64), "");
    }

    proptest! {
        #[test]
        fn the_sizes_of_reads_do_not_matter(text in "[ab\r\n]{0,24}", step in 1_usize..5) {
            let mut expected = text.replace("\r\n", "\n").replace('\r', "\n");
            if !expected.is_empty() && !expected.ends_with('\n') {
                expected.push('\n');
            }
            prop_assert_eq!(normalized(&text, step), expected);
        }
    }
}
