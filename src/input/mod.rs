//! From a path, or standard input, to numbered rows.
//!
//! Everything here streams: memory does not grow with the file.

mod columns;
mod fingerprint;
mod newlines;
mod reader;
mod source;

use std::borrow::Cow;
use std::path::PathBuf;

pub use columns::{Column, Columns};
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use reader::RowReader;
pub use source::{Input, Source};

/// One row of the file, as far as its cells go.
#[derive(Debug)]
pub struct Row<'a> {
    /// The line on which the row begins, from 1, the header's line included.
    pub line: u32,
    /// The cells, trimmed.
    pub cells: Cells<'a>,
    /// Why the cells cannot be trusted, if they cannot.
    pub fault: Option<Fault>,
    /// With a fault: every text in the row that may be a user ID, since cells may stand in the wrong column or hold
    /// other rows.
    pub suspects: Vec<String>,
}

/// The cells of a row that seatload reads. A cell that the row lacks is empty.
#[derive(Debug)]
pub struct Cells<'a> {
    /// The user ID's cell.
    pub user: Cow<'a, str>,
    /// The bundle codes' cell.
    pub codes: Cow<'a, str>,
    /// The external flag's cell, where the file has such a column.
    pub external: Option<Cow<'a, str>>,
}

/// What makes a row unreadable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The row has more or fewer fields than the header.
    #[error(
        "{found} {} where the header has {expected}{}",
        if *found == 1 { "field" } else { "fields" },
        last_line.map(|line| format!(" (the row runs to line {line}: is a quote missing?)")).unwrap_or_default()
    )]
    FieldCount {
        /// Fields in the row.
        found: usize,
        /// Fields in the header.
        expected: usize,
        /// Where the row ends, if not on the line on which it begins.
        last_line: Option<u32>,
    },
    /// A cell runs over several lines.
    #[error("the cell in column \"{column}\" runs to line {last_line}: is a quote missing?")]
    ManyLines {
        /// The column's name.
        column: String,
        /// Where the row ends.
        last_line: u32,
    },
    /// A cell in a column that is not read holds what looks like rows.
    #[error(
        "a cell of this row runs to line {last_line} and holds what looks like rows: is a quote missing?"
    )]
    Swallowed {
        /// Where the row ends.
        last_line: u32,
    },
    /// A cell holds bytes that are no text.
    #[error("the cell in column \"{column}\" is not UTF-8: save the file as \"CSV UTF-8\"")]
    NotUtf8 {
        /// The column's name.
        column: String,
    },
}

/// Why the input cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reading failed on the way.
    #[error("reading failed near line {line}")]
    Read {
        /// The line at which the failed read began.
        line: u64,
        /// What went wrong.
        source: csv::Error,
    },
    /// There is nothing in the input.
    #[error(
        "the input is empty\n  to do: give it a header that names a user ID and a bundle code column, and a row for each user and code"
    )]
    Empty,
    /// There is nothing below the header.
    #[error("the input has a header and no rows: there is nothing to import")]
    NoRows,
    /// A needed column is missing.
    #[error(
        "no {what} column in the header, which reads: {header}\n  to do: name one column `{example}`{}",
        if *only_one { ", and separate the columns by commas (the header has none)" } else { "" }
    )]
    NoColumn {
        /// What the column would hold.
        what: &'static str,
        /// A name that would do.
        example: String,
        /// The names that the header has.
        header: String,
        /// The header has a single column, so the separator is likely another one.
        only_one: bool,
    },
    /// Two columns could be the same one.
    #[error(
        "two columns look like the {what}: \"{first}\" (column {first_at}) and \"{second}\" (column {second_at})\n  to do: rename or remove one of them"
    )]
    TwoColumns {
        /// What the column would hold.
        what: &'static str,
        /// The name of the first.
        first: String,
        /// Its place, from 1.
        first_at: usize,
        /// The name of the second.
        second: String,
        /// Its place, from 1.
        second_at: usize,
    },
    /// A quoted cell has no end.
    #[error(
        "line {line}: a quote is opened in this row and never closed, so all that follows would be one cell\n  to do: close or remove the quote"
    )]
    OpenQuote {
        /// The line on which the row begins.
        line: u32,
    },
    /// The file has more lines than can be numbered.
    #[error("the input has more than 4,294,967,295 lines\n  to do: split it")]
    TooManyLines,
}
