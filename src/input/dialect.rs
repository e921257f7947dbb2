//! The delimiter of a text file: given, named by the file, or detected from the first lines; never guessed between two.

use csv::{ByteRecord, ReaderBuilder};

use crate::input::error::InputError;
use crate::input::header_search::{HasColumns, MAX_SEARCHED};

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    /// The length of a first line such as `sep=;`, which spreadsheets write; 0 if there is none.
    pub preamble_bytes: usize,
}

impl Dialect {
    /// Detects the dialect from the first lines, unless the delimiter is given. `has_columns` says whether a
    /// record has the columns that are needed.
    pub fn detect(
        sample: &[u8],
        given: Option<u8>,
        has_header: bool,
        has_columns: &HasColumns<'_>,
    ) -> Result<Self, InputError> {
        let preamble = Self::from_preamble(sample);
        let preamble_bytes = preamble.map_or(0, |dialect| dialect.preamble_bytes);
        let delimiter = match given.or(preamble.map(|dialect| dialect.delimiter)) {
            Some(delimiter) => delimiter,
            None => detect_delimiter(&sample[preamble_bytes..], has_header, has_columns)?,
        };
        Ok(Self {
            delimiter,
            preamble_bytes,
        })
    }

    /// The dialect that a first line such as `sep=;` gives.
    fn from_preamble(sample: &[u8]) -> Option<Self> {
        let end = sample.iter().position(|&byte| byte == b'\n')?;
        let line = &sample[..end];
        let quoted = line
            .strip_prefix(b"\"")
            .and_then(|line| line.strip_suffix(b"\""));
        let (name, &[delimiter]) = quoted.unwrap_or(line).split_at_checked(4)? else {
            return None;
        };
        let is_preamble = name.eq_ignore_ascii_case(b"sep=") && is_valid_delimiter(delimiter);
        is_preamble.then_some(Self {
            delimiter,
            preamble_bytes: end + 1,
        })
    }
}

/// Whether a byte can separate columns.
pub fn is_valid_delimiter(byte: u8) -> bool {
    byte == b'\t' || (byte.is_ascii_punctuation() && byte != b'"') || byte == b' '
}

fn detect_delimiter(
    sample: &[u8],
    has_header: bool,
    has_columns: &HasColumns<'_>,
) -> Result<u8, InputError> {
    let fits = |&delimiter: &u8| {
        let records = records(sample, delimiter);
        let Some(first) = records.first() else {
            return false;
        };
        if has_header {
            return records.iter().any(has_columns);
        }
        has_columns(first) && records.iter().all(|record| record.len() == first.len())
    };
    let columns = |&delimiter: &u8| {
        let records = records(sample, delimiter);
        records.iter().map(ByteRecord::len).max()
    };
    // One column fits whatever the delimiter is.
    let separates = |delimiter: &u8| columns(delimiter) > Some(1);
    let mut fitting = CANDIDATES.into_iter().filter(fits).filter(separates);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        (Some(first), Some(second)) => Err(InputError::AmbiguousDelimiter { first, second }),
        // The delimiter that makes the most columns shows best which column is missing.
        (None, _) => {
            let most = CANDIDATES.into_iter().rev().max_by_key(columns);
            Ok(most.unwrap_or(b','))
        }
    }
}

fn records(sample: &[u8], delimiter: u8) -> Vec<ByteRecord> {
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(sample);
    let mut records: Vec<_> = reader
        .into_byte_records()
        .map_while(Result::ok)
        .filter(|record| !record.as_slice().trim_ascii().is_empty())
        .take(MAX_SEARCHED + 1)
        .collect();
    // The sample may end within the last record.
    if records.len() > 1 {
        records.pop();
    }
    records
}
