//! Small text files that people make: secrets and settings.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use zeroize::Zeroizing;

/// Reads a file of UTF-8, or of UTF-16 with a byte order mark, which PowerShell writes.
///
/// # Errors
/// When the file cannot be read or is no such text. Errors contain nothing of it.
pub fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let bytes = Zeroizing::new(fs::read(path)?);
    let (encoding, mark) = Encoding::for_bom(&bytes).unwrap_or((UTF_8, 0));
    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
    let text = text.ok_or_else(|| {
        io::Error::new(ErrorKind::InvalidData, "it is not text; save it as UTF-8")
    })?;
    Ok(Zeroizing::new(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_no_part_of_the_text_whatever_the_encoding() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.txt");
        let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}zoë".encode_utf16().flat_map(bytes).collect()
        };
        for bytes in [
            "zoë".into(),
            "\u{feff}zoë".into(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ] {
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path).unwrap().as_str(), "zoë", "{bytes:?}");
        }
        fs::write(&path, b"zo\xeb").unwrap();
        assert_eq!(
            read(&path).unwrap_err().to_string(),
            "it is not text; save it as UTF-8"
        );
    }
}
