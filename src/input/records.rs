//! Records, whatever they were read from: fields, and the lines that they stand on.

use csv::{ByteRecord, ReaderBuilder};

use super::decode::{Bytes, Decoded, Peeked, decode, peek};
use super::dialect::Dialect;
use super::newlines::NormalizeNewlines;
use super::sheet::{CellDamage, Sheet};
use super::{Format, InputError, MAX_RECORD_BYTES};
use crate::input::size_limit::{EndOfInput, SizeLimit};

const BUFFER_BYTES: usize = 256 * 1024;

/// How much is looked at to find the dialect.
const SAMPLE_BYTES: usize = 256 * 1024;

/// One record, used again for the next.
#[derive(Debug, Default)]
pub struct Record {
    pub fields: ByteRecord,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// The line on which it ends.
    pub last_line: u32,
    /// Cells of a workbook that do not hold what they show, by their place.
    pub damages: Vec<(usize, CellDamage)>,
}

/// Reads records as a stream: one is in memory at a time.
pub enum Records<'r> {
    Text(Box<TextRecords<'r>>),
    Sheet(Sheet),
}

impl<'r> Records<'r> {
    /// Opens an input of any kind. `fits` says whether columns can be told from a first record.
    pub fn open(
        input: Bytes<'r>,
        format: &Format,
        fits: impl Fn(&ByteRecord) -> bool,
    ) -> Result<Self, InputError> {
        match decode(input, format.encoding.map(|label| label.0))? {
            Decoded::Text(text) => Ok(Self::Text(Box::new(TextRecords::open(text, format, fits)?))),
            Decoded::Workbook(file) => Ok(Self::Sheet(Sheet::open(file, format.sheet.as_deref())?)),
        }
    }

    /// Reads the next record that is not blank; `false` at the end.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, InputError> {
        loop {
            let is_there = match self {
                Self::Text(text) => text.read(record)?,
                Self::Sheet(sheet) => sheet.read(record)?,
            };
            if !is_there {
                return Ok(false);
            }
            if !record.fields.as_slice().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// What separates the columns; a comma where nothing does.
    pub fn delimiter(&self) -> char {
        match self {
            Self::Text(text) => char::from(text.delimiter),
            Self::Sheet(_) => ',',
        }
    }

    /// Whether a record has fields that the header lacks, or lacks some that the header has. Empty fields at the end are
    /// delimiters that nobody meant; a sheet's row ends with its last cell.
    pub fn is_ragged(&self, record: &Record, columns: usize) -> bool {
        if record.fields.len() == columns {
            return false;
        }
        let mut beyond = record.fields.iter().skip(columns);
        let is_short = record.fields.len() < columns && !self.is_sheet();
        is_short || beyond.any(|field| !field.trim_ascii().is_empty())
    }

    pub fn is_sheet(&self) -> bool {
        matches!(self, Self::Sheet(_))
    }
}

type Lines<'r> = SizeLimit<Peeked<NormalizeNewlines<Bytes<'r>>>>;

pub struct TextRecords<'r> {
    csv: csv::Reader<Lines<'r>>,
    delimiter: u8,
    /// Lines before those that `csv` sees.
    lines_before: u64,
}

impl<'r> TextRecords<'r> {
    fn open(
        text: Bytes<'r>,
        format: &Format,
        fits: impl Fn(&ByteRecord) -> bool,
    ) -> Result<Self, InputError> {
        let (sample, mut lines) = peek(NormalizeNewlines::new(text), SAMPLE_BYTES)
            .map_err(|source| InputError::Read { line: 1, source })?;
        let dialect = Dialect::find(&sample, format.delimiter, format.has_header, fits)?;
        lines
            .get_mut()
            .0
            .set_position(dialect.preamble_bytes as u64);
        let csv = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(SizeLimit::new(lines, MAX_RECORD_BYTES));
        Ok(Self {
            csv,
            delimiter: dialect.delimiter,
            lines_before: u64::from(dialect.preamble_bytes > 0),
        })
    }

    fn read(&mut self, record: &mut Record) -> Result<bool, InputError> {
        self.csv.get_mut().grant();
        let line = self.csv.position().line() + self.lines_before;
        let is_there = self
            .csv
            .read_byte_record(&mut record.fields)
            .map_err(|error| InputError::Read {
                line,
                source: match error.into_kind() {
                    csv::ErrorKind::Io(source) => source,
                    other => std::io::Error::other(format!("{other:?}")),
                },
            })?;
        let ending = self.csv.get_ref().ending();
        let number = |line: u64| u32::try_from(line).map_err(|_| InputError::TooManyLines);
        if !is_there {
            return match ending {
                EndOfInput::Allowance => Err(InputError::LineTooLong {
                    line: number(line)?,
                }),
                _ => Ok(false),
            };
        }
        // The line behind the record's end, or the last one of the input.
        let after = number(self.csv.position().line() + self.lines_before)?;
        // A record that took one line has no line end within.
        let within = match u64::from(after) - line {
            1 => 0,
            _ => line_ends(record.fields.as_slice()),
        };
        // Newlines ends every line with one LF, and the LF that ends a record is not part of it. A record that only
        // the end of what there is could end has taken all line ends for its own.
        if ending != EndOfInput::None {
            let open_cell = record.fields.iter().next_back().map_or(0, line_ends);
            return Err(match (ending, open_cell) {
                (EndOfInput::Allowance, 0) => InputError::LineTooLong { line: after },
                _ => InputError::OpenQuote {
                    line: after - open_cell,
                },
            });
        }
        record.line = after - 1 - within;
        record.last_line = after - 1;
        Ok(true)
    }
}

fn line_ends(text: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', text).count() as u32
}
