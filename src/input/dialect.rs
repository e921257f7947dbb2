//! Which character separates the columns: said, or found out from the first lines; never guessed between two.

use csv::{ByteRecord, ReaderBuilder};

use super::InputError;

/// How many records of the sample are looked at where there is no header.
const RECORDS_COMPARED: usize = 50;

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What the beginning of the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    /// The bytes of a first line such as `sep=;`, which spreadsheets write for themselves; 0 if there is none.
    pub preamble_bytes: usize,
}

impl Dialect {
    /// Finds the dialect from the first lines. `fits` says whether columns can be told from a first record.
    pub fn find(
        sample: &[u8],
        told: Option<u8>,
        has_header: bool,
        fits: impl Fn(&ByteRecord) -> bool,
    ) -> Result<Self, InputError> {
        let (by_preamble, preamble_bytes) = match preamble(sample) {
            Some((delimiter, bytes)) => (Some(delimiter), bytes),
            None => (None, 0),
        };
        let delimiter = match told.or(by_preamble) {
            Some(delimiter) => delimiter,
            None => search(&sample[preamble_bytes..], has_header, fits)?,
        };
        Ok(Self {
            delimiter,
            preamble_bytes,
        })
    }
}

/// A line such as `sep=;`, with the byte that it names.
fn preamble(sample: &[u8]) -> Option<(u8, usize)> {
    let end = memchr::memchr(b'\n', sample)?;
    let line = &sample[..end];
    let line = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""))
        .unwrap_or(line);
    match line {
        [s, e, p, b'=', delimiter]
            if [*s, *e, *p].eq_ignore_ascii_case(b"sep") && can_separate(*delimiter) =>
        {
            Some((*delimiter, end + 1))
        }
        _ => None,
    }
}

/// Whether a byte can separate columns.
pub fn can_separate(byte: u8) -> bool {
    byte == b'\t' || (byte.is_ascii_punctuation() && byte != b'"') || byte == b' '
}

fn search(
    sample: &[u8],
    has_header: bool,
    fits: impl Fn(&ByteRecord) -> bool,
) -> Result<u8, InputError> {
    let mut fitting = CANDIDATES.into_iter().filter(|&delimiter| {
        let records = records(sample, delimiter);
        let Some(first) = records.first() else {
            return false;
        };
        let is_even = || records.iter().all(|record| record.len() == first.len());
        fits(first) && (has_header || is_even())
    });
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => Err(InputError::AmbiguousDelimiter {
            first: name(one),
            second: name(other),
        }),
        // Whatever parts the first record most shows best what it lacks.
        (None, _) => {
            let fields = |delimiter: &u8| {
                let records = records(sample, *delimiter);
                records.first().map_or(0, ByteRecord::len)
            };
            let most = CANDIDATES.into_iter().rev().max_by_key(fields);
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
        .take(RECORDS_COMPARED + 1)
        .collect();
    // The sample may end within the last one.
    if records.len() > 1 {
        records.pop();
    }
    records
}

fn name(delimiter: u8) -> &'static str {
    match delimiter {
        b';' => "semicolons",
        b'\t' => "tabs",
        b'|' => "bars",
        _ => "commas",
    }
}
