//! Where a cell is, in the words of the file's owner.

use std::fmt;

use crate::input::column::Column;
use crate::sanitize::printable;

/// The location of a cell in its row: `column "Code"`, or `cell C58 (column "Code")` in a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLocation(String);

impl CellLocation {
    pub fn new(column: &Column, line: u32, is_sheet: bool) -> Self {
        let name = column.name.as_ref();
        let named = name.map(|name| format!("column \"{}\"", printable(name, 60)));
        if !is_sheet {
            return Self(named.unwrap_or_else(|| format!("column {}", column.index + 1)));
        }
        let address = cell_address(column.index, line);
        Self(match named {
            Some(named) => format!("cell {address} ({named})"),
            None => format!("cell {address}"),
        })
    }

    /// The location of codes that are spread over columns of their own.
    pub fn any_code_column() -> Self {
        Self("any column of a code".to_owned())
    }
}

impl fmt::Display for CellLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a cell as spreadsheets write it, such as `C58`.
pub fn cell_address(column: usize, line: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_address_is_what_a_spreadsheet_shows() {
        for (column, address) in [
            (0, "A7"),
            (25, "Z7"),
            (26, "AA7"),
            (701, "ZZ7"),
            (702, "AAA7"),
        ] {
            assert_eq!(cell_address(column, 7), address);
        }
    }
}
