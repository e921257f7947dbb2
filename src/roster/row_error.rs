//! Rows that cannot be imported, and why.

use crate::input::{CellLocation, RowReadError};
use crate::sanitize::printable;
use crate::user_id::InvalidId;

/// Stands before the codes of a bad row in a report, where its cells alone would not show what is wrong. It is no code, so the
/// row stays bad until somebody has looked at it.
pub const BAD_ROW_MARK: char = '?';

/// A row that is reported instead of imported. Its cells are as the file has them, so that they can be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which the row begins, from 1.
    pub line: u32,
    pub user: String,
    pub codes: String,
    pub external: String,
    /// Some cell is longer than what is kept of it.
    pub is_cut: bool,
    pub error: RowError,
}

impl BadRow {
    /// Whether the cells as they are kept would be found bad again. If not, they must not be imported as they are:
    /// a row that looks sound only because something of it is lost would give somebody the wrong set.
    pub fn is_visibly_bad(&self) -> bool {
        let is_lost = match &self.error {
            // Both rows of a user with two names are written by its ID.
            RowError::Unreadable(_) | RowError::NamedTwoWays { .. } => true,
            // Importing takes such an apostrophe for the mark that keeps text from being run.
            RowError::DamagedUser { damage, .. } => {
                matches!(
                    damage,
                    InvalidId::InvisibleCharacter(_)
                        | InvalidId::Apostrophe
                        | InvalidId::EscapedCharacter
                )
            }
            _ => false,
        };
        !is_lost && !self.is_cut
    }
}

/// Why a row is bad, told to the person who owns the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error(transparent)]
    Unreadable(#[from] RowReadError),
    #[error("no user ID in {place}")]
    MissingUser { place: CellLocation },
    /// The user ID is none, or none any more.
    #[error("the user ID in {place}, \"{}\", {damage}", printable(found, 60))]
    DamagedUser {
        place: CellLocation,
        found: String,
        damage: InvalidId,
    },
    /// The directory knows nobody with this e-mail address.
    #[error(
        "the directory has no user with the e-mail address in {place}, \"{}\"",
        printable(found, 60)
    )]
    UnknownEmail { place: CellLocation, found: String },
    /// The directory gives an e-mail address to several users.
    #[error(
        "the e-mail address in {place}, \"{}\", belongs to several users in the directory: {}",
        printable(found, 60),
        users.iter().map(|(user, line)| format!("{user} (line {line})")).collect::<Vec<_>>().join(", ")
    )]
    SharedEmail {
        place: CellLocation,
        found: String,
        /// The users, and the lines of the directory that name them.
        users: Vec<(String, u32)>,
    },
    /// The user stands in the file by e-mail address and by ID.
    #[error(
        "the user {user} stands here by {} and on line {first_line} by {}: name it one way",
        if *by_email { "e-mail address" } else { "ID" },
        if *by_email { "ID" } else { "e-mail address" }
    )]
    NamedTwoWays {
        user: String,
        by_email: bool,
        first_line: u32,
    },
    #[error("no bundle code in {place} (an import cannot take all licences away: the portal can)")]
    MissingCode { place: CellLocation },
    /// The codes bear the mark of a row that was bad before.
    #[error(
        "the {BAD_ROW_MARK} before the codes in {place} marks a row that was bad: once it is right, take the {BAD_ROW_MARK} off"
    )]
    MarkedAsBad { place: CellLocation },
    /// A code that the catalog lacks.
    #[error(
        "unknown bundle code \"{}\" in {place}{}",
        printable(found, 40),
        match suggestion {
            Some(code) => format!("; did you mean {code}?"),
            None => "; `seatload codes` lists those that are known".to_owned(),
        }
    )]
    UnknownCode {
        place: CellLocation,
        found: String,
        suggestion: Option<String>,
    },
    /// The external flag's cell is neither yes nor no.
    #[error("\"{}\" in {place} is neither true nor false", printable(found, 40))]
    UnknownFlag { place: CellLocation, found: String },
    #[error("\"{}\" in {place} is no number to go by", printable(found, 40))]
    UnknownPriority { place: CellLocation, found: String },
    /// The same user, with another external flag.
    #[error("useExternalLicense is {here} here and {} on line {first_line}, for the same user", !here)]
    ExternalFlagConflict { here: bool, first_line: u32 },
}
