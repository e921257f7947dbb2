//! Tables beside the input, such as the directory. Every row of theirs must be sound: nobody reports on them row by row.

use std::io::Read;

use csv::ByteRecord;

use super::header::{Column, ColumnSpec, Header};
use super::records::{Record, Records};
use super::{Format, InputError};

/// A table of which some columns are read.
pub struct Table<'r> {
    name: &'static str,
    records: Records<'r>,
    record: Record,
    columns: Vec<Column>,
    /// How many fields every row must have.
    count: usize,
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] InputError),
    /// There is nothing in it.
    #[error("the {table} is empty\n  hint: export it again")]
    Empty {
        /// What the table is.
        table: &'static str,
    },
    /// A row of it cannot be trusted.
    #[error("line {line} of the {table}: {what}\n  hint: export it again, or correct the line")]
    BadRow {
        /// What the table is.
        table: &'static str,
        /// The line.
        line: u32,
        /// What is wrong with it.
        what: String,
    },
}

impl<'r> Table<'r> {
    /// Opens a table that has these columns. `name` is what it is called when something is wrong.
    pub fn open(
        name: &'static str,
        input: impl Read + Send + 'r,
        wanted: &[ColumnSpec],
    ) -> Result<Self, TableError> {
        let fits = |first: &ByteRecord| find(first, wanted).is_ok();
        let mut records = Records::open(Box::new(input), &Format::default(), fits)?;
        let mut record = Record::default();
        if !records.read(&mut record)? {
            return Err(TableError::Empty { table: name });
        }
        let (columns, count) = find(&record.fields, wanted)?;
        Ok(Self {
            name,
            records,
            record,
            columns,
            count,
        })
    }

    /// Goes to the next row that is not blank. `false` at the end.
    pub fn next_row(&mut self) -> Result<bool, TableError> {
        if !self.records.read(&mut self.record)? {
            return Ok(false);
        }
        if self.records.is_ragged(&self.record, self.count) {
            return Err(self.row_error("it has more or fewer fields than the header"));
        }
        let is_read = |at: &usize| self.columns.iter().any(|column| column.at == *at);
        let mut damages = self.record.damages.iter();
        match damages.find(|(at, _)| is_read(at)) {
            Some((_, damage)) => Err(self.row_error(&format!("a cell {damage}"))),
            None => Ok(true),
        }
    }

    /// The row's cell in the column that was wanted at this place, trimmed.
    pub fn cell(&self, wanted: usize) -> Result<&str, TableError> {
        let bytes = self.record.fields.get(self.columns[wanted].at);
        let text = std::str::from_utf8(bytes.unwrap_or_default())
            .map_err(|_| self.row_error("it is not UTF-8"))?
            .trim();
        match text.contains('\n') {
            true => Err(self.row_error("a cell runs over several lines: is a quote missing?")),
            false => Ok(text),
        }
    }

    /// The row's line, from 1.
    pub fn line(&self) -> u32 {
        self.record.line
    }

    /// The row cannot be trusted.
    pub fn row_error(&self, what: &str) -> TableError {
        TableError::BadRow {
            table: self.name,
            line: self.record.line,
            what: what.to_owned(),
        }
    }
}

fn find(first: &ByteRecord, wanted: &[ColumnSpec]) -> Result<(Vec<Column>, usize), InputError> {
    let header = Header::new(first, true)?;
    let column = |wanted| {
        header
            .choose(wanted, None)?
            .ok_or_else(|| header.missing(wanted))
    };
    let columns = wanted.iter().map(column).collect::<Result<_, _>>()?;
    Ok((columns, header.count))
}
