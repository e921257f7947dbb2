//! Bad rows, and what is wrong with them.

use crate::catalog::{Entry, Removal};
use crate::input::{CellLocation, RowReadError};
use crate::sanitize::printable;
use crate::user_id::InvalidId;

/// Precedes the codes of a bad row in a report, where its cells alone do not show what is wrong. It is not a code, so
/// the row stays bad until the mark is removed.
pub const BAD_ROW_MARK: char = '?';

/// A row that is reported instead of imported. Its cells are as the file has them, so that they can be corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which the row begins, from 1.
    pub line: u32,
    pub user: String,
    pub codes: String,
    pub external: String,
    /// Whether a cell is longer than what is kept of it.
    pub is_cut: bool,
    pub error: RowError,
}

impl BadRow {
    /// Whether the cells as they are kept are bad again when they are imported. If not, they get the mark: a row that
    /// looks good because a part of it is lost would give its user the wrong codes.
    pub fn is_visibly_bad(&self) -> bool {
        let is_lost = match &self.error {
            RowError::Unreadable(_) => true,
            // An import removes such an apostrophe, which protects text from being run as a formula.
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

/// What is wrong with a row, in the words of `failures.csv`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error(transparent)]
    Unreadable(#[from] RowReadError),
    #[error("no user ID in {place}")]
    MissingUser { place: CellLocation },
    #[error("the user ID in {place}, \"{}\", {damage}", printable(found, 60))]
    DamagedUser {
        place: CellLocation,
        found: String,
        damage: InvalidId,
    },
    #[error(
        "unknown e-mail address in {place}, \"{}\"{}",
        printable(found, 60),
        match suggestion {
            Some(address) => format!("; did you mean {}?", printable(address, 60)),
            None => ": the directory has no such user".to_owned(),
        }
    )]
    UnknownEmail {
        place: CellLocation,
        found: String,
        suggestion: Option<String>,
    },
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
    #[error("no bundle code in {place}; to take all licences from a user, write `remove`")]
    MissingCode { place: CellLocation },
    #[error("`{}` in {place} takes all licences from its user; --allow-removal allows that", removal.name())]
    RemovalNotAllowed {
        place: CellLocation,
        removal: Removal,
    },
    #[error(
        "this row and the one on line {first_line} ask for both a removal and codes; use one of them for a user"
    )]
    RemovalConflict { first_line: u32 },
    #[error(
        "the {BAD_ROW_MARK} in {place} marks a row that was bad; correct the row, then remove the {BAD_ROW_MARK}"
    )]
    MarkedAsBad { place: CellLocation },
    #[error(
        "unknown bundle code \"{}\" in {place}{}",
        printable(found, 40),
        match suggestion {
            Some(code) => format!("; did you mean {code}?"),
            None => "; `seatload codes` lists the known codes, --allow-code accepts a new one".to_owned(),
        }
    )]
    UnknownCode {
        place: CellLocation,
        found: String,
        suggestion: Option<String>,
    },
    #[error(
        "\"{}\" in {place} may be {}; write the code",
        printable(found, 40),
        products.iter().map(|product| format!("{} ({})", product.code, product.name)).collect::<Vec<_>>().join(" or ")
    )]
    AmbiguousCode {
        place: CellLocation,
        found: String,
        products: Vec<&'static Entry>,
    },
    #[error(
        "\"{}\" in {place} asks for a number of licences, and a user has one of a code or none; remove the number, or the row",
        printable(found, 40)
    )]
    Quantity { place: CellLocation, found: String },
    #[error("\"{}\" in {place} is neither true nor false", printable(found, 40))]
    UnknownFlag { place: CellLocation, found: String },
    #[error(
        "the priority in {place}, \"{}\", is not a number",
        printable(found, 40)
    )]
    UnknownPriority { place: CellLocation, found: String },
    #[error("useExternalLicense is {here} here and {} on line {first_line}; use one value for all rows of a user", !here)]
    ExternalFlagConflict { here: bool, first_line: u32 },
}

/// Every error of a row, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    const ROWS: &str = concat!(
        "userId,code,external,priority\n",
        ",IDU,,\n",
        "a,,,\n",
        "b,RPADEVUN,,\n",
        "c,OFFICE,,\n",
        "c,Attended,,\n",
        "c,2 x IDU,,\n",
        "d,IDU,maybe,\n",
        "e,?IDU,,\n",
        "f,IDU,,high\n",
        "g,IDU,true,\n",
        "g,PMD,false,\n",
    );
    const DAMAGED: [&str; 12] = [
        "h\u{200b}",
        "'0012",
        "=A1",
        "#N/A",
        "1.23457E+11",
        "0f8fad5b-d9cb-469f-a165-7086772895",
        "(0f8fad5b-d9cb-469f-a165-70867728950e)",
        "0f8fad5b-d9cb-469f-a165-70867728950o",
        "true",
        "h\\u{200b}",
        "0f8fad5b\u{2013}d9cb-469f-a165-70867728950e",
        "ann@example.com",
    ];
    let damaged: String = DAMAGED
        .iter()
        .map(|user| format!("{user},IDU,,\n"))
        .collect();
    let roster = super::tests::roster(&format!("{ROWS}{damaged}"));
    let text = |row: &BadRow| format!("line {}: {}", row.line, row.error);
    let rows = roster.bad_rows.iter().map(text);
    rows.map(crate::diagnostic::Sample::text).collect()
}
