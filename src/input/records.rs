//! The records of a text file or a sheet.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::{io, mem};

use csv::ReaderBuilder;
use encoding_rs::{Encoding, UTF_8};

use crate::input::decode::{Bytes, Decoded, Lookahead, peek};
use crate::input::dialect::Dialect;
use crate::input::encoding::likely_encoding;
use crate::input::error::InputError;
use crate::input::format::Format;
use crate::input::header_search::{HasColumns, HeaderSearch, MAX_SEARCHED};
use crate::input::limits::MAX_RECORD_BYTES;
use crate::input::location::Sheets;
use crate::input::newlines::{NormalizeNewlines, TextEnd};
use crate::input::record::Record;
use crate::input::sheet::Sheet;
use crate::input::size_limit::{EndOfInput, SizeLimit};

const BUFFER_BYTES: usize = 256 * 1024;

/// The part of the input from which its dialect is detected, and at most what a sample of records takes up.
const SAMPLE_BYTES: usize = 256 * 1024;

/// Reads one record at a time.
pub struct Records<'r> {
    source: RecordSource<'r>,
    /// The source has no more records.
    is_at_end: bool,
    /// The next records, where they were read already, and the error that ended that.
    read_ahead: VecDeque<Result<Record, InputError>>,
}

enum RecordSource<'r> {
    Text(Box<TextRecords<'r>>),
    Sheet(Sheet),
}

impl<'r> Records<'r> {
    /// Opens an input of any kind, and finds its first record: the header, below what stands above it. `has_columns`
    /// says whether a record has the columns that are needed; if none has, the first record of all is given. `None` if
    /// there is no record.
    pub fn open(
        input: Decoded<'r>,
        format: &Format,
        has_columns: &HasColumns<'_>,
    ) -> Result<Option<(Self, Record)>, InputError> {
        let source = match input {
            Decoded::Text(..) if format.sheet.is_some() => return Err(InputError::SheetOfText),
            Decoded::Text(text, encoding) => {
                let text = TextRecords {
                    encoding,
                    ..TextRecords::open(text, format, has_columns)?
                };
                RecordSource::Text(Box::new(text))
            }
            Decoded::Workbook(_) if format.delimiter.is_some() => {
                return Err(InputError::DelimiterOfWorkbook);
            }
            Decoded::Workbook(workbook) => {
                RecordSource::Sheet(Sheet::open(*workbook, format, has_columns)?)
            }
        };
        let records = Self {
            source,
            is_at_end: false,
            read_ahead: VecDeque::new(),
        };
        records.find_first(format, has_columns)
    }

    fn find_first(
        mut self,
        format: &Format,
        has_columns: &HasColumns<'_>,
    ) -> Result<Option<(Self, Record)>, InputError> {
        let search = HeaderSearch::new(format);
        for nth in 1.. {
            let mut record = Record::default();
            match self.read_source(&mut record) {
                Ok(false) => break,
                Ok(true) if search.is_header(&record, has_columns) => {
                    self.read_ahead.clear();
                    return Ok(Some((self, record)));
                }
                Err(error) if format.header_row.is_some() => return Err(error),
                read => {
                    let goes_on = read.is_ok() && search.goes_on(&record, nth);
                    // A line that is named may be far down.
                    if self.read_ahead.len() < MAX_SEARCHED {
                        self.read_ahead.push_back(read.map(|_| record));
                    }
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        if let Some(line) = format.header_row {
            return Err(InputError::NoHeaderRow { line });
        }
        let first = self.read_ahead.pop_front().transpose()?;
        Ok(first.map(|first| (self, first)))
    }

    /// Reads the next record that is not blank; `false` at the end. Padding behind the last row is no record.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, InputError> {
        if !self.read_next(record)? {
            return Ok(false);
        }
        if !record.is_padding() {
            return Ok(true);
        }
        let mut padding = Vec::new();
        let mut next = Record::default();
        while self.read_next(&mut next)? {
            let is_padding = next.is_padding();
            padding.push(Ok(mem::take(&mut next)));
            if !is_padding {
                // The file continues, so a part of it is damaged.
                padding
                    .into_iter()
                    .rev()
                    .for_each(|row| self.read_ahead.push_front(row));
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_next(&mut self, record: &mut Record) -> Result<bool, InputError> {
        match self.read_ahead.pop_front() {
            Some(next) => {
                *record = next?;
                Ok(true)
            }
            None => self.read_source(record),
        }
    }

    fn read_source(&mut self, record: &mut Record) -> Result<bool, InputError> {
        self.is_at_end = self.is_at_end || !self.source.read(record)?;
        Ok(!self.is_at_end)
    }

    /// Some records after the first one, which are still to be read.
    pub fn sample(&mut self) -> impl Iterator<Item = &Record> {
        let mut bytes = 0;
        while self.read_ahead.len() < MAX_SEARCHED
            && bytes < SAMPLE_BYTES
            && self.read_ahead.iter().all(Result::is_ok)
        {
            let mut record = Record::default();
            match self.read_source(&mut record) {
                Ok(false) => break,
                read => {
                    bytes += record.fields.as_slice().len();
                    self.read_ahead.push_back(read.map(|_| record));
                }
            }
        }
        self.read_ahead.iter().flatten()
    }

    /// The delimiter; a comma for a sheet.
    pub fn delimiter(&self) -> char {
        match &self.source {
            RecordSource::Text(text) => char::from(text.delimiter),
            RecordSource::Sheet(_) => ',',
        }
    }

    /// Whether a record has too few fields, or fields beyond the header's columns that are not empty. The rows of a
    /// sheet end with their last cell, so they are never too short.
    pub fn has_wrong_field_count(&self, record: &Record, columns: usize) -> bool {
        if record.fields.len() < columns {
            return self.sheets().is_none();
        }
        let mut extra = record.fields.iter().skip(columns);
        extra.any(|field| !field.trim_ascii().is_empty())
    }

    /// The encoding of a text file, if it is known and not UTF-8.
    pub fn encoding(&self) -> Option<&'static Encoding> {
        match &self.source {
            RecordSource::Text(text) => text.encoding.filter(|encoding| *encoding != UTF_8),
            RecordSource::Sheet(_) => None,
        }
    }

    /// The encoding that the first bytes seem to have, if they are not UTF-8.
    pub fn likely_encoding(&self) -> Option<&'static str> {
        match &self.source {
            RecordSource::Text(text) => text.likely_encoding,
            RecordSource::Sheet(_) => None,
        }
    }

    /// The sheets that are read, if the input is a workbook.
    pub fn sheets(&self) -> Option<&Sheets> {
        match &self.source {
            RecordSource::Text(_) => None,
            RecordSource::Sheet(sheet) => Some(&sheet.sheets),
        }
    }
}

impl RecordSource<'_> {
    /// Reads the next record that is not blank; `false` at the end.
    fn read(&mut self, record: &mut Record) -> Result<bool, InputError> {
        loop {
            let is_there = match self {
                Self::Text(text) => text.read(record)?,
                Self::Sheet(sheet) => sheet.read(record)?,
            };
            if !is_there || !record.is_blank() {
                return Ok(is_there);
            }
        }
    }
}

type Lines<'r> = SizeLimit<Lookahead<NormalizeNewlines<Bytes<'r>>>>;

pub struct TextRecords<'r> {
    csv: csv::Reader<Lines<'r>>,
    end: Arc<OnceLock<TextEnd>>,
    /// The bytes before those that `csv` reads.
    preamble_bytes: u64,
    /// By the mark or the flag; `None` for UTF-8.
    encoding: Option<&'static Encoding>,
    /// The encoding that the first bytes seem to have, if they are not UTF-8.
    likely_encoding: Option<&'static str>,
    delimiter: u8,
    /// The lines before those that `csv` reads.
    preamble_lines: u64,
}

impl<'r> TextRecords<'r> {
    fn open(
        text: Bytes<'r>,
        format: &Format,
        has_columns: &HasColumns<'_>,
    ) -> Result<Self, InputError> {
        let text = NormalizeNewlines::new(text);
        let end = text.end();
        let (sample, mut lines) =
            peek(text, SAMPLE_BYTES).map_err(|source| InputError::Read { line: 1, source })?;
        let dialect = Dialect::detect(&sample, format.delimiter, format.has_header, has_columns)?;
        let (start, _) = lines.get_mut();
        start.set_position(dialect.preamble_bytes as u64);
        let csv = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(SizeLimit::new(lines, MAX_RECORD_BYTES));
        Ok(Self {
            csv,
            end,
            preamble_bytes: dialect.preamble_bytes as u64,
            encoding: None,
            likely_encoding: likely_encoding(&sample),
            delimiter: dialect.delimiter,
            preamble_lines: u64::from(dialect.preamble_bytes > 0),
        })
    }

    fn read(&mut self, record: &mut Record) -> Result<bool, InputError> {
        self.csv.get_mut().reset();
        let line = self.next_line();
        let is_there = self
            .csv
            .read_byte_record(&mut record.fields)
            .map_err(|error| InputError::Read {
                line,
                source: into_io_error(error),
            })?;
        let end = self.csv.get_ref().end();
        match end {
            Some(EndOfInput::Limit) if !is_there => Err(InputError::LineTooLong {
                line: line_number(line)?,
            }),
            _ if !is_there => Ok(false),
            None => {
                self.number(record, line)?;
                record.is_cut_off = self.is_cut_off();
                Ok(true)
            }
            Some(end) => Err(self.without_end(record, end)?),
        }
    }

    /// Whether the record that was read last ends the text, without a line end of its own.
    fn is_cut_off(&self) -> bool {
        let read = self.csv.position().byte() + self.preamble_bytes;
        self.end
            .get()
            .is_some_and(|end| end.is_within_line && end.bytes == read)
    }

    /// The line on which the next record begins, or a blank line before it.
    fn next_line(&self) -> u64 {
        self.csv.position().line() + self.preamble_lines
    }

    /// Gives a record its line numbers. The newlines before it, within it and the one that ends it have been read.
    fn number(&self, record: &mut Record, line_before: u64) -> Result<(), InputError> {
        let next_line = line_number(self.next_line())?;
        let newlines_within = if u64::from(next_line) - line_before == 1 {
            0
        } else {
            count_newlines(record.fields.as_slice())
        };
        record.last_line = next_line - 1;
        record.line = record.last_line - newlines_within;
        Ok(())
    }

    /// The error of a record that no newline ends. [`NormalizeNewlines`] ends every line with one, so a quote has
    /// swallowed it, or the record is too long.
    fn without_end(&self, record: &Record, end: EndOfInput) -> Result<InputError, InputError> {
        let next_line = line_number(self.next_line())?;
        let open_cell = record.fields.iter().next_back().map_or(0, count_newlines);
        Ok(if end == EndOfInput::Limit && open_cell == 0 {
            InputError::LineTooLong { line: next_line }
        } else {
            InputError::OpenQuote {
                line: next_line - open_cell,
            }
        })
    }
}

fn line_number(line: u64) -> Result<u32, InputError> {
    u32::try_from(line).map_err(|_| InputError::TooManyLines)
}

fn count_newlines(text: &[u8]) -> u32 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u32
}

fn into_io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    }
}
