//! Which record is the header: titles, dates, a version or a comment may stand above it.

use csv::ByteRecord;

use crate::input::format::Format;
use crate::input::record::Record;

/// The records in which the header is sought; blank ones do not count.
pub const MAX_SEARCHED: usize = 50;

/// Whether a record has the columns that are needed.
pub type HasColumns<'a> = dyn Fn(&ByteRecord) -> bool + 'a;

/// How the first record of a file is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderSearch {
    /// The first record is a row.
    NoHeader,
    /// The header is on this line, as --header-row says.
    OnLine(u32),
    /// The header is the first record that has the columns.
    WithColumns,
}

impl HeaderSearch {
    pub fn new(format: &Format) -> Self {
        match format.header_row {
            _ if !format.has_header => Self::NoHeader,
            Some(line) => Self::OnLine(line),
            None => Self::WithColumns,
        }
    }

    /// Whether the header may stand below this record, the `nth` from 1.
    pub fn goes_on(self, record: &Record, nth: usize) -> bool {
        match self {
            Self::NoHeader => false,
            Self::OnLine(line) => record.line < line,
            Self::WithColumns => nth < MAX_SEARCHED,
        }
    }

    pub fn is_header(self, record: &Record, has_columns: &HasColumns<'_>) -> bool {
        match self {
            Self::NoHeader => true,
            Self::OnLine(line) => record.line == line,
            Self::WithColumns => has_columns(&record.fields),
        }
    }
}
