//! From a path, or standard input, to numbered rows.
//!
//! Everything here streams: memory does not grow with the file, but for the texts that a workbook keeps apart.

mod columns;
mod decode;
mod dialect;
mod error;
mod fingerprint;
mod format;
pub mod header;
mod newlines;
mod reader;
mod records;
mod sheet;
mod size_limit;
mod source;
pub mod table;

use std::borrow::Cow;

use crate::sanitize::printable;

pub use columns::{CellLocation, CodeColumn, CodeColumns, Columns};
pub use error::InputError;
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use format::{ColumnChoice, EncodingLabel, Format, parse_delimiter};
pub use header::Column;
pub use reader::RowReader;
pub use reader::parse_bool;
pub use sheet::CellDamage;
pub use source::{Input, Source};
pub use table::TableError;

/// The longest record, in bytes.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// The longest cell, in bytes.
pub const MAX_CELL_BYTES: usize = 64 * 1024;

/// The most columns.
pub const MAX_COLUMNS: usize = 1000;

/// One row of the file, as far as its cells go.
#[derive(Debug)]
pub struct Row<'a> {
    /// The line on which the row begins, from 1, the header's line included.
    pub line: u32,
    /// The cells, trimmed.
    pub cells: Cells<'a>,
    /// Why the cells cannot be trusted, if they cannot.
    pub trouble: Option<Box<UnreadableRow>>,
}

/// Why a row's cells cannot be trusted.
#[derive(Debug)]
pub struct UnreadableRow {
    /// What is wrong.
    pub fault: RowReadError,
    /// Every text in the row that may be a user ID, since cells may stand in the wrong column or hold other rows.
    pub possible_users: Vec<String>,
}

/// The cells of a row that seatload reads. A cell that the row lacks is empty.
#[derive(Debug)]
pub struct Cells<'a> {
    /// The user ID's cell.
    pub user: Cow<'a, str>,
    /// The bundle codes' cell; in a wide file, the codes that are marked, joined by `;`.
    pub codes: Cow<'a, str>,
    /// The external flag's cell, where the file has such a column.
    pub external: Option<Cow<'a, str>>,
    /// The priority's cell, where the file's order is not the one to go by.
    pub priority: Option<Cow<'a, str>>,
}

/// What makes a row unreadable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowReadError {
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
    #[error("the cell in {place} runs to line {last_line}: is a quote missing?")]
    MultilineCell {
        /// Where.
        place: CellLocation,
        /// Where the row ends.
        last_line: u32,
    },
    /// A cell in a column that is not read holds what looks like rows.
    #[error(
        "a cell of this row runs to line {last_line} and holds what looks like rows: is a quote missing?"
    )]
    ContainsRows {
        /// Where the row ends.
        last_line: u32,
    },
    /// A cell holds bytes that are no text.
    #[error(
        "{place} is not UTF-8: save the file as \"CSV UTF-8\", or give its encoding, such as --encoding windows-1252"
    )]
    NotUtf8 {
        /// Where.
        place: CellLocation,
    },
    /// A cell is longer than any.
    #[error("a cell has {bytes} bytes, and {MAX_CELL_BYTES} is the most: is a quote missing?")]
    CellTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The row holds a NUL byte.
    #[error("the row holds a NUL byte, so the file is damaged or not text")]
    Nul,
    /// A cell of a workbook does not hold what its author wrote.
    #[error("{place} {damage}")]
    Damaged {
        /// Where.
        place: CellLocation,
        /// What is wrong.
        damage: CellDamage,
    },
    /// A cell of a wide file is neither yes nor no.
    #[error(
        "\"{}\" in {place} is neither yes (x, 1, true, yes, y) nor no (empty, 0, false, no, n)",
        printable(found, 40)
    )]
    UnknownMark {
        /// Where.
        place: CellLocation,
        /// What stands there.
        found: String,
    },
}
