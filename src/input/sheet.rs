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
use zip::ZipArchive;

use crate::input::error::InputError;
use crate::input::file_kind;
use crate::input::format::Format;
use crate::input::header_search::{HasColumns, HeaderSearch};
use crate::input::hidden_rows::hidden_rows;
use crate::input::limits::MAX_COLUMNS;
use crate::input::location::{SheetStart, Sheets, cell_address};
use crate::input::record::{CellDamage, DamagedCell, Record};
use crate::sanitize::printable;

/// The sheets of `failures.xlsx`. A workbook with them is read whole: a user's rows may be on both.
pub const FAILED_USERS_SHEET: &str = "Failed users";
pub const BAD_ROWS_SHEET: &str = "Bad rows";

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

/// An opened sheet, or the sheets of `failures.xlsx`.
pub struct Sheet {
    rows: Receiver<RowMessage>,
    pub sheets: Sheets,
}

/// A row, the end of the sheet (`None`), or why reading failed.
type RowMessage = Result<Option<Record>, InputError>;

type Archive = ZipArchive<BufReader<File>>;

type Workbook = Xlsx<BufReader<File>>;

impl Sheet {
    /// Opens the sheet that is named, or else the first visible one that has the columns.
    pub fn open(
        file: File,
        format: &Format,
        has_columns: &HasColumns<'_>,
    ) -> Result<Self, InputError> {
        let mut archive = check_parts(file)?;
        // A workbook of an unusual structure has no counts, and its rows are read or rejected like those of any other.
        let hidden = hidden_rows(&mut archive).unwrap_or_default();
        let mut workbook: Workbook = Xlsx::new(archive.into_inner()).map_err(unreadable)?;
        let mut sheets = choose_sheets(&mut workbook, format, has_columns)?;
        sheets.hidden_rows = sheets.names().filter_map(|name| hidden.get(&name)).sum();
        let (sender, rows) = sync_channel(CHANNEL_ROWS);
        let to_read = sheets.read.clone();
        thread::spawn(move || {
            let end = send_sheets(&mut workbook, &to_read, &sender);
            // The receiver may be gone: then the import has stopped.
            let _ = sender.send(end.map(|()| None));
        });
        Ok(Self { rows, sheets })
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

fn choose_sheets(
    workbook: &mut Workbook,
    format: &Format,
    has_columns: &HasColumns<'_>,
) -> Result<Sheets, InputError> {
    let sheets = workbook.sheets_metadata().iter();
    let sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let all: Vec<_> = sheets.clone().map(|sheet| sheet.name.clone()).collect();
    let shown = || all.iter().map(|name| printable(name, 60)).collect();
    if let Some(name) = &format.sheet {
        if all.contains(name) {
            return Ok(Sheets::one(name.clone()));
        }
        return Err(InputError::NoSheet {
            name: printable(name, 60),
            sheets: shown(),
        });
    }
    let visible = sheets.filter(|sheet| sheet.visible == SheetVisible::Visible);
    let visible: Vec<_> = visible.map(|sheet| sheet.name.clone()).collect();
    let search = HeaderSearch::new(format);
    let with_header = first_with_header(workbook, &visible, search, has_columns)?;
    let Some(chosen) = with_header.or(visible.first()) else {
        return Err(InputError::NoVisibleSheet { sheets: shown() });
    };
    // A user's rows may be on both sheets of a report, and without one of them it would lose licences.
    let is_report = |name: &String| [FAILED_USERS_SHEET, BAD_ROWS_SHEET].contains(&name.as_str());
    let (read, unread): (Vec<_>, Vec<_>) = visible
        .iter()
        .cloned()
        .partition(|name| name == chosen || (is_report(chosen) && is_report(name)));
    let read = number_lines(workbook, read)?;
    Ok(Sheets {
        read,
        unread,
        hidden_rows: 0,
    })
}

fn first_with_header<'a>(
    workbook: &mut Workbook,
    sheets: &'a [String],
    search: HeaderSearch,
    has_columns: &HasColumns<'_>,
) -> Result<Option<&'a String>, InputError> {
    for name in sheets {
        if has_header(workbook, name, search, has_columns).map_err(unreadable)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Where the lines of each sheet start, if they are numbered from one sheet to the next.
fn number_lines(
    workbook: &mut Workbook,
    sheets: Vec<String>,
) -> Result<Vec<SheetStart>, InputError> {
    let mut starts = Vec::new();
    let mut lines_before = 0;
    let last = sheets.len().saturating_sub(1);
    for (place, name) in sheets.into_iter().enumerate() {
        let lines = match place {
            place if place < last => last_line(workbook, &name).map_err(unreadable)?,
            _ => 0,
        };
        starts.push(SheetStart { name, lines_before });
        lines_before += lines;
    }
    Ok(starts)
}

/// Whether the header is among the first rows of a sheet.
fn has_header(
    workbook: &mut Workbook,
    sheet: &str,
    search: HeaderSearch,
    has_columns: &HasColumns<'_>,
) -> Result<bool, String> {
    let (mut searched, mut is_found, mut goes_on) = (0, false, true);
    for_each_row(workbook, sheet, |row| {
        if !row.is_blank() {
            searched += 1;
            let is_header = search.is_header(&row, has_columns);
            // The line that --header-row names is in every sheet.
            is_found = is_header && (search == HeaderSearch::NoHeader || has_columns(&row.fields));
            goes_on = !is_header && search.goes_on(&row, searched);
        }
        goes_on
    })?;
    Ok(is_found)
}

fn last_line(workbook: &mut Workbook, sheet: &str) -> Result<u32, String> {
    let mut last = 0;
    for_each_row(workbook, sheet, |row| {
        last = row.line;
        true
    })?;
    Ok(last)
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

fn unreadable(reason: impl ToString) -> InputError {
    InputError::Workbook {
        source: printable(&reason.to_string(), 200).into(),
    }
}

/// Sends the rows of these sheets, until the last one or until the receiver is gone. The header of the second sheet
/// must be that of the first, and is not sent.
fn send_sheets(
    workbook: &mut Workbook,
    sheets: &[SheetStart],
    rows: &SyncSender<RowMessage>,
) -> Result<(), InputError> {
    let mut header = None;
    for (place, sheet) in sheets.iter().enumerate() {
        let (mut has_header, mut differs) = (false, false);
        let end = for_each_row(workbook, &sheet.name, |mut row| {
            if !has_header && !row.is_blank() && sheets.len() > 1 {
                has_header = true;
                differs = header.as_ref().is_some_and(|header| *header != row.fields);
                header.get_or_insert_with(|| row.fields.clone());
                if place > 0 {
                    return !differs;
                }
            }
            row.line += sheet.lines_before;
            row.last_line += sheet.lines_before;
            rows.send(Ok(Some(row))).is_ok()
        });
        end.map_err(unreadable)?;
        if differs {
            return Err(InputError::OtherHeader {
                sheet: printable(&sheet.name, 60),
            });
        }
    }
    Ok(())
}

/// Hands over the rows of a sheet, until the last one or until `take` says that it needs no more.
fn for_each_row(
    workbook: &mut Workbook,
    sheet: &str,
    mut take: impl FnMut(Record) -> bool,
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
