//! The rows of one sheet of an Excel workbook.
//!
//! calamine's reader of cells borrows the workbook, so it lives on a thread of its own. Rows arrive through a short
//! channel: memory holds the workbook's shared texts, but not the sheet.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{mem, thread};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};

use crate::input::error::InputError;
use crate::input::limits::MAX_COLUMNS;
use crate::input::location::cell_address;
use crate::input::record::{CellDamage, DamagedCell, Record};
use crate::sanitize::printable;

/// The text of a formula without a value. It is no mark, code or user ID.
const NO_VALUE: &str = "=";

/// The rows that wait in the channel.
const CHANNEL_ROWS: usize = 256;

/// From here on, spreadsheets round numbers.
const FIRST_INEXACT: f64 = 1e15;

/// The largest sheet, decompressed. It is read as a stream.
const MAX_SHEET_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// The largest other part of a workbook, decompressed. Its texts stay in memory.
const MAX_PART_BYTES: u64 = 256 * 1024 * 1024;

/// An opened sheet.
pub struct Sheet {
    rows: Receiver<RowMessage>,
}

/// A row, the end of the sheet (`None`), or why reading failed.
type RowMessage = Result<Option<Record>, InputError>;

type Workbook = Xlsx<BufReader<File>>;

impl Sheet {
    /// Opens the sheet with this name, or the first visible one.
    pub fn open(file: File, name: Option<&str>) -> Result<Self, InputError> {
        let file = check_parts(file).map_err(unreadable)?;
        let mut workbook: Workbook = Xlsx::new(BufReader::new(file)).map_err(unreadable)?;
        let sheet = choose_sheet(&workbook, name)?;
        let (sender, rows) = sync_channel(CHANNEL_ROWS);
        thread::spawn(move || {
            let end = send_rows(&mut workbook, &sheet, &sender);
            // The receiver may be gone: then the import has stopped.
            let _ = sender.send(end.map(|()| None).map_err(unreadable));
        });
        Ok(Self { rows })
    }

    pub fn read(&mut self, record: &mut Record) -> Result<bool, InputError> {
        // The thread sends the end of the sheet, unless it panics.
        let message = self.rows.recv();
        let next = message.map_err(|_| unreadable("it crashes the reader of workbooks"))??;
        let is_there = next.is_some();
        *record = next.unwrap_or_default();
        Ok(is_there)
    }
}

fn choose_sheet(workbook: &Workbook, name: Option<&str>) -> Result<String, InputError> {
    let sheets = workbook.sheets_metadata().iter();
    let mut sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names = sheets.clone().map(|sheet| printable(&sheet.name, 60));
    let names: Vec<_> = names.collect();
    let is_chosen = |sheet: &&calamine::Sheet| match name {
        Some(name) => sheet.name == name,
        None => sheet.visible == SheetVisible::Visible,
    };
    match (sheets.find(is_chosen), name) {
        (Some(sheet), _) => Ok(sheet.name.clone()),
        (None, Some(name)) => Err(InputError::NoSheet {
            name: printable(name, 60),
            sheets: names,
        }),
        (None, None) => Err(InputError::NoVisibleSheet { sheets: names }),
    }
}

/// Reads every part of the workbook once, since calamine checks no checksums, and rejects those that are too large.
fn check_parts(file: File) -> Result<File, String> {
    let text = |error: zip::result::ZipError| error.to_string();
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(text)?;
    for part in 0..archive.len() {
        let mut part = archive.by_index(part).map_err(text)?;
        let name = part.name().map(Cow::into_owned).unwrap_or_default();
        let limit = if name.contains("worksheets/") {
            MAX_SHEET_BYTES
        } else {
            MAX_PART_BYTES
        };
        let read = io::copy(&mut part.by_ref().take(limit + 1), &mut io::sink())
            .map_err(|error| format!("{name}: {error}"))?;
        if read > limit {
            return Err(format!("{name} has more than {limit} bytes"));
        }
    }
    Ok(archive.into_inner().into_inner())
}

fn unreadable(reason: impl ToString) -> InputError {
    InputError::Workbook {
        source: printable(&reason.to_string(), 200).into(),
    }
}

/// Sends the rows of a sheet, until the last one or until the receiver is gone.
fn send_rows(
    workbook: &mut Workbook,
    sheet: &str,
    rows: &SyncSender<RowMessage>,
) -> Result<(), String> {
    let text = |error: calamine::XlsxError| error.to_string();
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(text)?;
    let mut record = Record::default();
    let mut last_position = None;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(text)? {
        let (row, column) = cell.pos;
        let (line, column) = (row.saturating_add(1), column as usize);
        // Repeated or unordered cells could hide a user from its row.
        if last_position.is_some_and(|last| cell.pos <= last) {
            let address = cell_address(column, line);
            return Err(format!("cell {address} is repeated or out of order"));
        }
        last_position = Some(cell.pos);
        if line != record.line {
            if rows.send(Ok(Some(mem::take(&mut record)))).is_err() {
                return Ok(());
            }
            (record.line, record.last_line) = (line, line);
        }
        let has_formula = cell.formula.is_some();
        add_cell(&mut record, column, &cell.value, has_formula);
    }
    let _ = rows.send(Ok(Some(record)));
    Ok(())
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
