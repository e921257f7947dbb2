//! From the bytes of a file to text in UTF-8, or to a workbook.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read, Seek};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use crate::input::error::InputError;
use crate::input::file_kind;
use crate::input::workbook::Workbook;

/// The largest window that a zstd frame may use, as a power of two: 128 MiB, the default of the zstd program.
const ZSTD_WINDOW_LOG: u32 = 27;

/// The largest workbook, in bytes: ten times a full sheet of users and codes.
const MAX_WORKBOOK_BYTES: u64 = 512 * 1024 * 1024;

/// How many layers of compression are removed.
const MAX_COMPRESSIONS: usize = 2;

/// Enough bytes to recognise a kind of file.
const SIGNATURE_BYTES: usize = 64;

/// Enough bytes of an old Office file to find the names of its parts, in most.
const CONTAINER_BYTES: usize = 1024 * 1024;

pub type Bytes<'r> = Box<dyn Read + Send + 'r>;

pub enum Decoded<'r> {
    /// UTF-8, if the file is UTF-8 or its encoding is known; and that encoding, by the mark or the flag.
    Text(Bytes<'r>, Option<&'static Encoding>),
    /// An Excel workbook, in a temporary file because its reader seeks.
    Workbook(Box<Workbook>),
}

/// Decompresses and decodes an input. A byte order mark overrules `encoding`.
pub fn decode<'r>(
    mut input: Bytes<'r>,
    encoding: Option<&'static Encoding>,
) -> Result<Decoded<'r>, InputError> {
    for _ in 0..=MAX_COMPRESSIONS {
        let (start, rest) = peek(input, SIGNATURE_BYTES).map_err(read_error)?;
        input = match start.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(rest)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd_decoder(rest).map_err(read_error)?),
            [0xd0, 0xcf, 0x11, 0xe0, ..] => {
                let (start, _) = peek(rest, CONTAINER_BYTES).map_err(read_error)?;
                return Err(file_kind::of_container(&start));
            }
            [b'P', b'K', 3, 4, ..] => {
                let workbook = Workbook::open(spool_to_temp_file(rest)?)?;
                return Ok(Decoded::Workbook(Box::new(workbook)));
            }
            start => {
                file_kind::check_text(start, encoding)?;
                let marked = Encoding::for_bom(start).map(|(encoding, _)| encoding);
                let text = DecodeReaderBytesBuilder::new()
                    .encoding(encoding.filter(|_| marked.is_none()))
                    .strip_bom(true)
                    .utf8_passthru(true)
                    .build(rest);
                return Ok(Decoded::Text(Box::new(text), marked.or(encoding)));
            }
        };
    }
    Err(InputError::UnsupportedFile {
        kind: "compressed more than twice",
        hint: "decompress it first",
    })
}

fn zstd_decoder<R: Read>(input: R) -> io::Result<zstd::Decoder<'static, BufReader<R>>> {
    let mut decoder = zstd::Decoder::new(input)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

fn read_error(source: io::Error) -> InputError {
    InputError::Read { line: 1, source }
}

/// A reader whose first bytes have been looked at.
pub type Lookahead<R> = Chain<Cursor<Vec<u8>>, R>;

/// Up to `count` first bytes, and a reader that still gives them.
pub fn peek<R: Read>(mut input: R, count: usize) -> io::Result<(Vec<u8>, Lookahead<R>)> {
    let mut start = Vec::new();
    input.by_ref().take(count as u64).read_to_end(&mut start)?;
    Ok((start.clone(), Cursor::new(start).chain(input)))
}

fn spool_to_temp_file(input: impl Read) -> Result<File, InputError> {
    let temporary = |source| InputError::Temporary {
        folder: std::env::temp_dir(),
        source,
    };
    let mut file = tempfile::tempfile().map_err(temporary)?;
    let mut input = input.take(MAX_WORKBOOK_BYTES + 1);
    let copied = io::copy(&mut input, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => temporary(error),
        _ => read_error(error),
    })?;
    if copied > MAX_WORKBOOK_BYTES {
        return Err(InputError::UnsupportedFile {
            kind: "a workbook or archive of more than 512 MiB",
            hint: "save the sheet of users as \"CSV UTF-8\"",
        });
    }
    file.rewind().map_err(read_error)?;
    Ok(file)
}
