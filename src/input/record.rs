//! One record: its fields, and the lines that it takes up.

use csv::ByteRecord;

/// A record. It is filled again for the next one.
#[derive(Debug, Default)]
pub struct Record {
    pub fields: ByteRecord,
    /// The line on which it begins, from 1.
    pub line: u32,
    pub last_line: u32,
    /// The text ends with it, and lacks its last line end.
    pub is_cut_off: bool,
    /// The cells of a workbook whose values cannot be trusted.
    pub damaged_cells: Vec<DamagedCell>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedCell {
    pub column: usize,
    pub damage: CellDamage,
}

/// Why a cell's value is not what its author entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellDamage {
    #[error("has the spreadsheet error {0}; correct its formula")]
    FormulaError(String),
    #[error(
        "has a formula without a saved value; open the workbook in a spreadsheet program and save it again"
    )]
    NoValue,
    /// Spreadsheets turn text that looks like a date into one.
    #[error("is a date; format the column as text and enter the value again")]
    Date,
    #[error(
        "is a number of more than 15 digits, which spreadsheets round; format the column as text and enter the number again"
    )]
    RoundedNumber,
}

impl Record {
    pub fn is_blank(&self) -> bool {
        self.fields.as_slice().trim_ascii().is_empty()
    }

    /// Whether the record is what old programs write behind the last row: end-of-file marks (Ctrl-Z) or NUL bytes.
    pub fn is_padding(&self) -> bool {
        let bytes = self.fields.as_slice();
        let is_padding = |byte: &u8| matches!(byte, 0 | 0x1a) || byte.is_ascii_whitespace();
        !bytes.is_empty() && bytes.iter().all(is_padding)
    }

    pub fn has_several_lines(&self) -> bool {
        self.last_line > self.line
    }

    /// The bytes of a field. One that the record lacks is empty.
    pub fn field(&self, column: usize) -> &[u8] {
        self.fields.get(column).unwrap_or_default()
    }

    pub fn damage(&self, column: usize) -> Option<&CellDamage> {
        let mut cells = self.damaged_cells.iter();
        let cell = cells.find(|cell| cell.column == column)?;
        Some(&cell.damage)
    }
}
