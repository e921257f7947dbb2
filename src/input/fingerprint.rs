//! The length and hash of an input, which identify it.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An input's length and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

impl Fingerprint {
    /// The fingerprint of everything that a reader returns.
    ///
    /// # Errors
    /// When reading fails.
    pub fn of(input: impl Read) -> io::Result<Self> {
        let fingerprinter = Fingerprinter::default();
        io::copy(&mut fingerprinter.read(input), &mut io::sink())?;
        Ok(fingerprinter.finish())
    }
}

/// Takes the fingerprint of what is read through it, on whichever thread.
#[derive(Debug, Clone, Default)]
pub struct Fingerprinter(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    hash: Sha256,
}

impl Fingerprinter {
    /// Wraps a reader whose bytes are to be hashed.
    pub fn read<R: Read>(&self, inner: R) -> impl Read + use<R> {
        FingerprintReader {
            inner,
            fingerprinter: self.clone(),
        }
    }

    /// The fingerprint of everything that has been read.
    pub fn finish(&self) -> Fingerprint {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = state.hash.clone().finalize();
        Fingerprint {
            bytes: state.bytes,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

struct FingerprintReader<R> {
    inner: R,
    fingerprinter: Fingerprinter,
}

impl<R: Read> Read for FingerprintReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let state = &self.fingerprinter.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.bytes += read as u64;
        state.hash.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_length_and_sha256() {
        assert_eq!(
            Fingerprint::of(&b"abc"[..]).unwrap(),
            Fingerprint {
                bytes: 3,
                sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into()
            }
        );
    }
}
