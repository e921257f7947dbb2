//! Where a cell is, in the words of the file's owner.

use std::fmt;

use crate::input::column::Column;
use crate::sanitize::printable;

/// The location of a cell in its row: `column "Code"`, or `cell C58 (column "Code")` in a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLocation(String);

impl CellLocation {
    /// `sheets` are those of a workbook.
    pub fn new(column: &Column, line: u32, sheets: Option<&Sheets>) -> Self {
        let name = column.name.as_ref();
        let named = name.map(|name| format!("column \"{}\"", printable(name, 60)));
        let Some(sheets) = sheets else {
            return Self(named.unwrap_or_else(|| format!("column {}", column.index + 1)));
        };
        let address = sheets.cell_address(column.index, line);
        Self(match named {
            Some(named) => format!("cell {address} ({named})"),
            None => format!("cell {address}"),
        })
    }

    /// A flag in place of a cell.
    pub fn flag(name: &str) -> Self {
        Self(format!("--{name}"))
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

/// The sheets of a workbook that are read, in their order. Lines count on from one sheet to the next, so that each row
/// has a number of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheets {
    pub read: Vec<SheetStart>,
    /// The other visible sheets.
    pub unread: Vec<String>,
    /// The rows of the sheets that are hidden, such as by a filter. They are read like all others.
    pub hidden_rows: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetStart {
    pub name: String,
    /// The lines of the sheets before this one.
    pub lines_before: u32,
}

impl Sheets {
    /// The only sheet that is read.
    pub fn one(name: String) -> Self {
        let lines_before = 0;
        Self {
            read: vec![SheetStart { name, lines_before }],
            unread: Vec::new(),
            hidden_rows: 0,
        }
    }

    /// The names of the sheets that are read.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.read.iter().map(|sheet| sheet.name.clone())
    }

    /// The address of a cell, with the name of its sheet where several are read.
    fn cell_address(&self, column: usize, line: u32) -> String {
        let sheets = self.read.iter().rev();
        match { sheets }.find(|sheet| sheet.lines_before < line) {
            Some(sheet) if self.read.len() > 1 => {
                let address = cell_address(column, line - sheet.lines_before);
                format!("'{}'!{address}", printable(&sheet.name, 60))
            }
            _ => cell_address(column, line),
        }
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

    #[test]
    fn the_address_of_a_cell_names_its_sheet_where_several_are_read() {
        let sheet = |name: &str, lines_before| SheetStart {
            name: name.to_owned(),
            lines_before,
        };
        let sheets = Sheets {
            read: vec![sheet("Failed users", 0), sheet("Bad rows", 12)],
            unread: Vec::new(),
            hidden_rows: 0,
        };
        assert_eq!(sheets.cell_address(0, 12), "'Failed users'!A12");
        assert_eq!(sheets.cell_address(0, 13), "'Bad rows'!A1");
        assert_eq!(Sheets::one("Users".to_owned()).cell_address(2, 58), "C58");
    }
}
