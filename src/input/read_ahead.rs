//! Reading ahead, on a thread of its own: to fetch and to hash bytes takes time that whoever parses them need not wait for.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// How much is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Chunks that wait to be taken.
const CHUNKS_AHEAD: usize = 2;

/// Reads what a thread of its own has read ahead.
pub struct ReadAhead {
    chunks: Receiver<io::Result<Vec<u8>>>,
    used: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    taken: usize,
}

impl ReadAhead {
    /// Begins to read.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn new(inner: impl Read + Send + 'static) -> io::Result<Self> {
        let (read, chunks) = sync_channel(CHUNKS_AHEAD);
        let (give_back, used) = channel();
        thread::Builder::new()
            .name("bytes".to_owned())
            .spawn(move || read_on(inner, &read, &used))?;
        Ok(Self {
            chunks,
            used: give_back,
            chunk: Vec::new(),
            taken: 0,
        })
    }
}

fn read_on(mut inner: impl Read, read: &SyncSender<io::Result<Vec<u8>>>, used: &Receiver<Vec<u8>>) {
    loop {
        let mut chunk = used.try_recv().unwrap_or_default();
        chunk.resize(CHUNK_BYTES, 0);
        let got = inner.read(&mut chunk).map(|bytes| {
            chunk.truncate(bytes);
            chunk
        });
        let goes_on = matches!(&got, Ok(chunk) if !chunk.is_empty());
        // Whoever takes no more has what it wants, or has given up.
        if read.send(got).is_err() || !goes_on {
            return;
        }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() {
            let _ = self.used.send(std::mem::take(&mut self.chunk));
            self.taken = 0;
            // A thread that is done has sent the end before.
            self.chunk = self.chunks.recv().unwrap_or_else(|_| Ok(Vec::new()))?;
        }
        let read = (&self.chunk[self.taken..]).read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives seven bytes at a time and then an error.
    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("the disk is gone"));
            }
            let read = self.0.min(7).min(buffer.len());
            buffer[..read].fill(b'x');
            self.0 -= read;
            Ok(read)
        }
    }

    #[test]
    fn what_is_read_ahead_is_what_was_there() {
        let text: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        let mut read = Vec::new();
        let mut ahead = ReadAhead::new(io::Cursor::new(text.clone())).unwrap();
        ahead.read_to_end(&mut read).unwrap();
        assert!(read == text);
        assert_eq!(ahead.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn an_error_comes_behind_what_was_read_before_it() {
        let mut read = Vec::new();
        let error = ReadAhead::new(Failing(1000))
            .unwrap()
            .read_to_end(&mut read)
            .unwrap_err();
        assert_eq!(error.to_string(), "the disk is gone");
        assert_eq!(read, [b'x'; 1000]);
    }
}
