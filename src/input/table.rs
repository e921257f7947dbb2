//! Tables beside the input, such as the directory. A bad row makes a table unusable.

use std::fmt::Display;
use std::io::Read;

use csv::ByteRecord;

use crate::hint::Hint;
use crate::humanize::count_of;
use crate::input::column::{Column, ColumnSpec};
use crate::input::decode::decode;
use crate::input::error::InputError;
use crate::input::format::Format;
use crate::input::header::Header;
use crate::input::location::CellLocation;
use crate::input::record::Record;
use crate::input::records::Records;

/// A table of which some columns are read.
pub struct Table<'r> {
    name: &'static str,
    records: Records<'r>,
    record: Record,
    /// The columns that are read, in the order in which they were requested.
    columns: Vec<Column>,
    /// The number of fields of every row.
    count: usize,
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error(transparent)]
    Unreadable(#[from] InputError),
    #[error("the {table} is empty")]
    Empty { table: &'static str },
    #[error("line {line} of the {table}: {problem}")]
    BadRow {
        table: &'static str,
        line: u32,
        problem: String,
    },
}

impl Hint for TableError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable(error) => return error.hint_for_side_file(),
            Self::Empty { .. } => "export it again",
            Self::BadRow { .. } => "correct the line, or export the table again",
        };
        Some(hint.to_owned())
    }
}

impl<'r> Table<'r> {
    /// Opens a table with these columns. Errors call it by its `name`.
    pub fn open(
        name: &'static str,
        input: impl Read + Send + 'r,
        columns: &'static [ColumnSpec],
    ) -> Result<Self, TableError> {
        let has_columns = |first: &ByteRecord| find_columns(first, columns).is_ok();
        let input = decode(Box::new(input), None)?;
        let records = Records::open(input, &Format::default(), &has_columns)?;
        let Some((records, record)) = records else {
            return Err(TableError::Empty { table: name });
        };
        let (columns, count) = find_columns(&record.fields, columns)?;
        Ok(Self {
            name,
            records,
            record,
            columns,
            count,
        })
    }

    /// Goes to the next row that is not blank; `false` at the end.
    pub fn next_row(&mut self) -> Result<bool, TableError> {
        if !self.records.read(&mut self.record)? {
            return Ok(false);
        }
        let (found, expected) = (self.record.fields.len(), self.count);
        if self.records.has_wrong_field_count(&self.record, expected) {
            let found = count_of(found as u64, "column");
            return Err(self.row_error(format!("{found}, expected {expected}")));
        }
        Ok(true)
    }

    /// The row's cell in one of the requested columns, by its position among them, trimmed.
    pub fn cell(&self, position: usize) -> Result<&str, TableError> {
        let column = &self.columns[position];
        let error = |problem: &dyn Display| {
            let location = CellLocation::new(column, self.line(), self.records.sheets());
            self.row_error(format!("{location} {problem}"))
        };
        if let Some(damage) = self.record.damage(column.index) {
            return Err(error(damage));
        }
        let text = std::str::from_utf8(self.record.field(column.index))
            .map_err(|_| error(&"is not UTF-8; save the file as \"CSV UTF-8\""))?
            .trim();
        if text.contains('\n') {
            return Err(error(&"has several lines; check for a missing quote"));
        }
        Ok(text)
    }

    /// The row's line, from 1.
    pub fn line(&self) -> u32 {
        self.record.line
    }

    /// The error that the current row cannot be trusted.
    pub fn row_error(&self, problem: impl Into<String>) -> TableError {
        TableError::BadRow {
            table: self.name,
            line: self.record.line,
            problem: problem.into(),
        }
    }
}

fn find_columns(
    first: &ByteRecord,
    specs: &'static [ColumnSpec],
) -> Result<(Vec<Column>, usize), InputError> {
    let header = Header::new(first, true)?;
    let find = |spec| {
        let column = header.find(spec, None)?;
        column.ok_or_else(|| header.missing_column(spec))
    };
    let columns = specs.iter().map(find).collect::<Result<_, _>>()?;
    Ok((columns, header.count))
}

/// One error of each variant.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    let table = "directory";
    let errors = [
        TableError::Unreadable(InputError::AmbiguousDelimiter {
            first: b',',
            second: b';',
        }),
        TableError::Empty { table },
        TableError::BadRow {
            table,
            line: 2,
            problem: "1 column, expected 2".to_owned(),
        },
    ];
    let errors = errors.into_iter();
    errors.map(crate::diagnostic::Sample::error).collect()
}
