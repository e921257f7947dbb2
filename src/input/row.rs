//! One row of the input: its cells, or why they cannot be trusted.

use std::borrow::Cow;

use crate::humanize::{count, count_of};
use crate::input::limits::MAX_CELL_BYTES;
use crate::input::location::CellLocation;
use crate::input::record::CellDamage;
use crate::sanitize::printable;

#[derive(Debug)]
pub struct Row<'a> {
    /// The line on which the row begins, from 1. The header counts.
    pub line: u32,
    /// The cells, trimmed.
    pub cells: Cells<'a>,
    /// Set if the cells cannot be trusted.
    pub unreadable: Option<Box<UnreadableRow>>,
}

/// Why a row's cells cannot be trusted, and which users it may be about.
#[derive(Debug)]
pub struct UnreadableRow {
    pub error: RowReadError,
    /// Every text in the row that may be a user ID: cells may be in the wrong column, or contain other rows.
    pub possible_users: Vec<String>,
}

/// The cells of a row that seatload reads. A cell that the row lacks is empty.
#[derive(Debug)]
pub struct Cells<'a> {
    pub user: Cow<'a, str>,
    /// In a wide file: the codes that are marked, joined by `;`.
    pub codes: Cow<'a, str>,
    /// `None` if the file has no such column.
    pub external: Option<Cow<'a, str>>,
    /// `None` if the file's order is the priority.
    pub priority: Option<Cow<'a, str>>,
}

/// What makes a row unreadable. The text is for one line of a list or of `failures.csv`, so it includes the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowReadError {
    #[error(
        "{}, expected {expected}; {}",
        count_of(*found as u64, "column"),
        match last_line {
            Some(line) => format!("check for a missing quote (the row runs to line {line})"),
            None if *is_cut_off => "the file ends in the middle of this row, so export or download it again".to_owned(),
            None if found > expected => "put quotes around a cell that contains the delimiter".to_owned(),
            None => "check the delimiter".to_owned(),
        }
    )]
    FieldCount {
        found: usize,
        expected: usize,
        /// Set if the row ends on a later line than it begins on.
        last_line: Option<u32>,
        /// The file ends with this row, which lacks cells and a line end.
        is_cut_off: bool,
    },
    #[error(
        "{location} {}",
        match last_line {
            Some(line) => format!("runs to line {line}; check for a missing quote"),
            None => "has several lines; remove the line breaks".to_owned(),
        }
    )]
    MultilineCell {
        location: CellLocation,
        /// `None` in a sheet, where quotes mean nothing.
        last_line: Option<u32>,
    },
    /// A cell in a column that is not read has a line that would be a good row.
    #[error(
        "a cell of this row runs to line {last_line} and seems to contain rows; check for a missing quote"
    )]
    ContainsRows { last_line: u32 },
    #[error(
        "{location} is not UTF-8{}; save the file as \"CSV UTF-8\", or {} --encoding {}",
        likely.map(|name| format!(" but looks like {name}")).unwrap_or_default(),
        if likely.is_some() { "use" } else { "give its encoding, such as" },
        likely.unwrap_or("windows-1252").to_ascii_lowercase()
    )]
    NotUtf8 {
        location: CellLocation,
        /// The encoding that the file seems to have.
        likely: Option<&'static str>,
    },
    #[error(
        "a cell has {} bytes, the limit is {}; check for a missing quote",
        count(*bytes as u64),
        count(MAX_CELL_BYTES as u64)
    )]
    CellTooLong { bytes: usize },
    #[error("this is the header again, as in files that were joined; remove the row")]
    HeaderAgain,
    #[error("this looks like a row of totals, not a user; remove the row")]
    Totals,
    #[error("the row contains a NUL byte; the file is damaged or not text")]
    Nul,
    #[error("{location} {damage}")]
    Damaged {
        location: CellLocation,
        damage: CellDamage,
    },
    /// A cell of a wide file.
    #[error(
        "\"{}\" in {location} is neither yes (x, 1, true, yes, y) nor no (empty, 0, false, no, n)",
        printable(found, 40)
    )]
    UnknownMark {
        location: CellLocation,
        found: String,
    },
}

impl RowReadError {
    /// Whether the row may be a user's.
    pub fn is_about_a_user(&self) -> bool {
        !matches!(self, Self::HeaderAgain | Self::Totals)
    }
}

/// One text of each variant.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use crate::input::column::Column;
    use crate::input::location::Sheets;

    let column = Column {
        index: 2,
        name: Some("Code".to_owned()),
    };
    let sheets = Sheets::one("Users".to_owned());
    let location = || CellLocation::new(&column, 58, Some(&sheets));
    let field_count = |found, last_line| RowReadError::FieldCount {
        found,
        expected: 2,
        last_line,
        is_cut_off: false,
    };
    let damaged = |damage| RowReadError::Damaged {
        location: location(),
        damage,
    };
    let errors = [
        field_count(1, None),
        field_count(3, None),
        field_count(3, Some(60)),
        RowReadError::MultilineCell {
            location: CellLocation::new(&column, 58, None),
            last_line: Some(60),
        },
        RowReadError::MultilineCell {
            location: location(),
            last_line: None,
        },
        RowReadError::ContainsRows { last_line: 60 },
        RowReadError::NotUtf8 {
            location: CellLocation::new(&column, 58, None),
            likely: Some("Shift_JIS"),
        },
        RowReadError::CellTooLong { bytes: 65_537 },
        RowReadError::Nul,
        RowReadError::HeaderAgain,
        RowReadError::Totals,
        damaged(CellDamage::FormulaError("#N/A".to_owned())),
        damaged(CellDamage::NoValue),
        damaged(CellDamage::Date),
        damaged(CellDamage::RoundedNumber),
        RowReadError::UnknownMark {
            location: location(),
            found: "perhaps".to_owned(),
        },
    ];
    let line = |error: RowReadError| crate::diagnostic::Sample::text(format!("line 58: {error}"));
    errors.into_iter().map(line).collect()
}
