//! Rows that cannot be imported, and why.

use crate::input::Fault;
use crate::text::printable;
use crate::user_id::MAX_LENGTH;

/// A row that is reported instead of imported. Its cells are as the file has them, so that they can be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which the row begins, from 1.
    pub line: u32,
    /// The user ID's cell.
    pub user: String,
    /// The bundle codes' cell.
    pub codes: String,
    /// The external flag's cell.
    pub external: String,
    /// Some cell is longer than what is kept of it.
    pub is_cut: bool,
    /// Why.
    pub complaint: Complaint,
}

impl BadRow {
    /// Whether the cells as they are kept would be found bad again. If not, they must not be imported as they are:
    /// a row that looks sound only because something of it is lost would give somebody the wrong set.
    pub fn shows_its_fault(&self) -> bool {
        let is_lost = matches!(
            self.complaint,
            Complaint::Unreadable(_) | Complaint::UnprintableUser { .. }
        );
        !is_lost && !self.is_cut
    }
}

/// Why a row is bad, told to the person who owns the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// The row cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Fault),
    /// The user ID's cell is empty.
    #[error("no user ID in column \"{column}\"")]
    NoUser {
        /// The column's name.
        column: String,
    },
    /// The user ID is longer than any.
    #[error("the user ID in column \"{column}\" is longer than {MAX_LENGTH} bytes")]
    UserTooLong {
        /// The column's name.
        column: String,
    },
    /// The user ID holds a character that nobody can see.
    #[error("the user ID in column \"{column}\" holds an unprintable character, U+{:04X}", u32::from(*character))]
    UnprintableUser {
        /// The column's name.
        column: String,
        /// The first such character.
        character: char,
    },
    /// The bundle codes' cell is empty.
    #[error("no bundle code in column \"{column}\"")]
    NoCode {
        /// The column's name.
        column: String,
    },
    /// A code that the catalog lacks.
    #[error(
        "unknown bundle code \"{}\" in column \"{column}\"{}",
        printable(found, 40),
        suggestion.map(|code| format!("; did you mean {code}?")).unwrap_or_default()
    )]
    UnknownCode {
        /// The column's name.
        column: String,
        /// The code as written.
        found: String,
        /// What may have been meant.
        suggestion: Option<&'static str>,
    },
    /// The external flag's cell is neither yes nor no.
    #[error(
        "\"{}\" in column \"{column}\" is neither true nor false",
        printable(found, 40)
    )]
    UnknownFlag {
        /// The column's name.
        column: String,
        /// What stands there.
        found: String,
    },
    /// The same user, with another external flag.
    #[error("useExternalLicense is {here} here and {} on line {first_line}, for the same user", !here)]
    FlagConflict {
        /// The flag on this line.
        here: bool,
        /// The line that says otherwise.
        first_line: u32,
    },
}
