//! An Excel workbook: its sheets, and their rows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::mem;

use calamine::{DataRef, Reader, Sheet, SheetType, SheetVisible, Xlsx, XlsxError};
use zip::ZipArchive;

use crate::input::error::InputError;
use crate::input::file_kind;
use crate::input::hidden_rows::hidden_rows;
use crate::input::limits::MAX_COLUMNS;
use crate::input::location::cell_address;
use crate::input::record::{CellDamage, DamagedCell, Record};
use crate::sanitize::printable;

/// The text of a formula without a value. It is no mark, code or user ID.
const NO_VALUE: &str = "=";

/// From here on, spreadsheets round numbers.
const FIRST_INEXACT: f64 = 1e15;

/// The largest sheet, decompressed. It is read as a stream.
const MAX_SHEET_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// The largest other part of a workbook, decompressed. Its texts stay in memory.
const MAX_PART_BYTES: u64 = 256 * 1024 * 1024;

type Archive = ZipArchive<BufReader<File>>;

/// A workbook whose parts are whole.
pub struct Workbook {
    xlsx: Xlsx<BufReader<File>>,
    hidden_rows: HashMap<String, u64>,
}

impl Workbook {
    /// Opens a workbook.
    ///
    /// # Errors
    /// When the file is damaged, too large, or another kind of archive.
    pub fn open(file: File) -> Result<Self, InputError> {
        let mut archive = check_parts(file)?;
        // A workbook of an unusual structure has no counts, and its rows are read or rejected like those of any other.
        let hidden_rows = hidden_rows(&mut archive).unwrap_or_default();
        let xlsx = Xlsx::new(archive.into_inner()).map_err(unreadable)?;
        Ok(Self { xlsx, hidden_rows })
    }

    /// The names of the sheets with cells, hidden ones included.
    pub fn sheets(&self) -> Vec<String> {
        self.sheets_that(|_| true)
    }

    pub fn visible_sheets(&self) -> Vec<String> {
        self.sheets_that(|sheet| sheet.visible == SheetVisible::Visible)
    }

    fn sheets_that(&self, is_meant: impl Fn(&&Sheet) -> bool) -> Vec<String> {
        let sheets = self.xlsx.sheets_metadata().iter();
        let sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let meant = sheets.filter(is_meant);
        meant.map(|sheet| sheet.name.clone()).collect()
    }

    /// How many rows of a sheet are hidden.
    pub fn hidden_rows(&self, sheet: &str) -> u64 {
        self.hidden_rows.get(sheet).copied().unwrap_or_default()
    }

    /// Hands over the rows of a sheet, until the last one or until `take` says that it needs no more.
    pub fn for_each_row(
        &mut self,
        sheet: &str,
        mut take: impl FnMut(Record) -> bool,
    ) -> Result<(), InputError> {
        let error = |error: XlsxError| unreadable(error);
        let mut cells = self.xlsx.worksheet_cells_reader(sheet).map_err(error)?;
        let mut record = Record::default();
        let mut last_position = None;
        while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(error)? {
            let (row, column) = cell.pos;
            let (line, column) = (row.saturating_add(1), column as usize);
            // Repeated or unordered cells could hide a user from its row.
            if last_position.is_some_and(|last| cell.pos <= last) {
                let address = cell_address(column, line);
                return Err(unreadable(format!(
                    "cell {address} is repeated or out of order"
                )));
            }
            last_position = Some(cell.pos);
            if line != record.line {
                if !take(mem::take(&mut record)) {
                    return Ok(());
                }
                (record.line, record.last_line) = (line, line);
            }
            let has_formula = cell.formula.is_some();
            add_cell(&mut record, column, &cell.value, has_formula);
        }
        take(record);
        Ok(())
    }
}

/// Reads every part of the workbook once, since calamine checks no checksums, and rejects those that are too large.
fn check_parts(file: File) -> Result<Archive, InputError> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(unreadable)?;
    file_kind::check_archive(archive.file_names().filter_map(Result::ok))?;
    for part in 0..archive.len() {
        let mut part = archive.by_index(part).map_err(unreadable)?;
        let name = part.name().map(Cow::into_owned).unwrap_or_default();
        let limit = if name.contains("worksheets/") {
            MAX_SHEET_BYTES
        } else {
            MAX_PART_BYTES
        };
        let read = io::copy(&mut part.by_ref().take(limit + 1), &mut io::sink())
            .map_err(|error| unreadable(format!("{name}: {error}")))?;
        if read > limit {
            return Err(unreadable(format!("{name} has more than {limit} bytes")));
        }
    }
    Ok(archive)
}

/// The error of a workbook that cannot be read.
pub fn unreadable(reason: impl ToString) -> InputError {
    InputError::Workbook {
        source: printable(&reason.to_string(), 200).into(),
    }
}

fn add_cell(record: &mut Record, column: usize, value: &DataRef<'_>, has_formula: bool) {
    let (text, damage) = match value {
        DataRef::Empty if has_formula => (Cow::Borrowed(NO_VALUE), Some(CellDamage::NoValue)),
        value => cell_text(value),
    };
    // Everything beyond the limit is beyond any header, so its exact column does not matter.
    if !text.is_empty() && record.fields.len() <= MAX_COLUMNS {
        while record.fields.len() < column.min(MAX_COLUMNS) {
            record.fields.push_field(b"");
        }
        record.fields.push_field(text.as_bytes());
    }
    let damaged = damage.map(|damage| DamagedCell { column, damage });
    record.damaged_cells.extend(damaged);
}

/// A cell's text, and why it cannot be trusted.
fn cell_text<'a>(value: &'a DataRef<'_>) -> (Cow<'a, str>, Option<CellDamage>) {
    let rounded =
        |number: f64| (number.abs() >= FIRST_INEXACT).then_some(CellDamage::RoundedNumber);
    match value {
        DataRef::Empty => ("".into(), None),
        DataRef::String(text) => (text.into(), None),
        DataRef::SharedString(text) => ((*text).into(), None),
        DataRef::Bool(value) => (value.to_string().into(), None),
        DataRef::Int(number) => (number.to_string().into(), rounded(*number as f64)),
        DataRef::Float(number) => (number.to_string().into(), rounded(*number)),
        DataRef::Error(error) => {
            let name = error.to_string();
            (name.clone().into(), Some(CellDamage::FormulaError(name)))
        }
        DataRef::DateTime(date) => (date.as_f64().to_string().into(), Some(CellDamage::Date)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            (text.into(), Some(CellDamage::Date))
        }
    }
}
