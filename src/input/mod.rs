//! From a path, or standard input, to numbered rows.
//!
//! Everything here streams: memory does not grow with the file, except for the shared texts of a workbook.

mod advice;
mod cells;
mod column;
mod columns;
mod decode;
mod dialect;
mod encoding;
mod error;
#[cfg(test)]
mod error_test;
mod file_kind;
mod fingerprint;
mod format;
mod guess;
mod header;
mod header_search;
mod hidden_rows;
mod limits;
mod location;
mod newlines;
mod reader;
mod record;
mod records;
mod row;
mod run_report;
mod sheet;
mod similar_file;
mod size_limit;
mod source;
mod stray_row;
mod table;
mod workbook;

pub use cells::parse_bool;
pub use column::{Column, ColumnSpec};
pub use columns::{CodeColumns, Columns};
pub use error::InputError;
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use format::{ColumnChoice, Format, parse_delimiter, parse_encoding};
pub use guess::{ColumnGuess, GuessedColumn};
pub use location::CellLocation;
pub use reader::RowReader;
pub use row::{Cells, Row, RowReadError};
pub use run_report::{BAD_ROWS_SHEET, FAILED_USERS_SHEET};
pub use source::{Input, Source};
pub use table::{Table, TableError};

/// One message of each kind, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    let errors = error_test::samples().into_iter();
    errors
        .chain(row::samples())
        .chain(table::samples())
        .collect()
}
