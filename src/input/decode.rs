//! From the bytes of a file to text in UTF-8, or to a workbook.

use std::fs::File;
use std::io::{self, Chain, Cursor, Read, Seek};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use super::InputError;

/// The largest window that a zstd frame may ask memory for, as the power of two: 128 MiB, as zstd's own program.
const ZSTD_WINDOW_LOG: u32 = 27;

/// The largest workbook that is taken, in bytes. A full sheet of users and codes has a tenth of it.
const MAX_WORKBOOK_BYTES: u64 = 512 * 1024 * 1024;

/// How many compressions around one another are taken off.
const MAX_COMPRESSIONS: usize = 2;

/// A reader of anything.
pub type Bytes<'r> = Box<dyn Read + Send + 'r>;

/// What an input turned out to be.
pub enum Decoded<'r> {
    /// Text. It is UTF-8 if the file was, or if its encoding is known.
    Text(Bytes<'r>),
    /// An Excel workbook, in a temporary file of its own, since reading one jumps to and fro.
    Workbook(File),
}

/// Takes compression off, and decodes: as the byte order mark says, else as `encoding` says.
pub fn decode<'r>(
    input: Bytes<'r>,
    encoding: Option<&'static Encoding>,
) -> Result<Decoded<'r>, InputError> {
    let mut input = input;
    for _ in 0..=MAX_COMPRESSIONS {
        let (start, rest) = peek(input, 8).map_err(unreadable)?;
        input = match kind(&start) {
            Kind::Gzip => Box::new(MultiGzDecoder::new(rest)),
            Kind::Zstd => {
                let mut decoder = zstd::Decoder::new(rest).map_err(unreadable)?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG)
                    .map_err(unreadable)?;
                Box::new(decoder)
            }
            Kind::Zip => return keep(rest).map(Decoded::Workbook),
            Kind::Other(what, advice) => {
                return Err(InputError::UnsupportedFile { kind: what, advice });
            }
            Kind::Utf16(advice) if encoding.is_none() => {
                return Err(InputError::UnsupportedFile {
                    kind: "UTF-16 without a byte order mark, as it seems",
                    advice,
                });
            }
            Kind::Text | Kind::Utf16(_) => {
                // A byte order mark knows better than whoever gave the flag.
                let has_mark = Encoding::for_bom(&start).is_some();
                let text = DecodeReaderBytesBuilder::new()
                    .encoding(encoding.filter(|_| !has_mark))
                    .strip_bom(true)
                    .utf8_passthru(true)
                    .build(rest);
                return Ok(Decoded::Text(Box::new(text)));
            }
        };
    }
    Err(InputError::UnsupportedFile {
        kind: "compressed again and again",
        advice: "unpack it first",
    })
}

enum Kind {
    Gzip,
    Zstd,
    Zip,
    Utf16(&'static str),
    /// What it is, and what to do.
    Other(&'static str, &'static str),
    Text,
}

fn kind(start: &[u8]) -> Kind {
    match start {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Zstd,
        [b'P', b'K', 3, 4, ..] => Kind::Zip,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Kind::Other(
            "an old Excel workbook (.xls), or one with a password",
            "save it as .xlsx without a password, or as \"CSV UTF-8\"",
        ),
        [b'%', b'P', b'D', b'F', ..] => Kind::Other("a PDF", "export the table as CSV"),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            Kind::Utf16("import with --encoding utf-16le")
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            Kind::Utf16("import with --encoding utf-16be")
        }
        _ => Kind::Text,
    }
}

fn unreadable(source: io::Error) -> InputError {
    InputError::Read { line: 1, source }
}

/// A reader whose first bytes have been seen already.
pub type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first bytes, and a reader that gives them all the same.
pub fn peek<R: Read>(mut input: R, most: usize) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut start = Vec::new();
    input.by_ref().take(most as u64).read_to_end(&mut start)?;
    Ok((start.clone(), Cursor::new(start).chain(input)))
}

fn keep(input: impl Read) -> Result<File, InputError> {
    let temporary = |source| InputError::Temporary { source };
    let mut file = tempfile::tempfile().map_err(temporary)?;
    let mut input = input.take(MAX_WORKBOOK_BYTES + 1);
    let copied = io::copy(&mut input, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => temporary(error),
        _ => unreadable(error),
    })?;
    if copied > MAX_WORKBOOK_BYTES {
        return Err(InputError::UnsupportedFile {
            kind: "a workbook, or an archive, of more than 512 MiB",
            advice: "save the sheet of users as \"CSV UTF-8\"",
        });
    }
    file.rewind().map_err(unreadable)?;
    Ok(file)
}
