//! The rows of one sheet of an Excel workbook.
//!
//! A thread of its own reads the sheet, since a reader of cells borrows the workbook; rows come through a short channel,
//! so that memory holds the workbook's shared texts and not the sheet.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};

use super::records::Record;
use super::{InputError, MAX_COLUMNS};
use crate::sanitize::printable;

/// What stands for the value of a formula that has none. It is no mark, code or user ID.
const NO_VALUE: &str = "=";

/// Rows under way between the two threads.
const CHANNEL: usize = 256;

/// From here on, a spreadsheet's numbers may have lost digits.
const FIRST_INEXACT: f64 = 1e15;

/// Why a cell does not hold what its author wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellDamage {
    /// A formula that came to nothing.
    #[error("holds the error {0}: its formula does not work")]
    Error(String),
    /// A formula whose value the file does not hold.
    #[error(
        "holds a formula without its value: open the workbook in a spreadsheet program and save it again"
    )]
    NoValue,
    /// A date, into which spreadsheets turn what looks like one.
    #[error(
        "holds a date, into which the spreadsheet may have turned it: format the column as text"
    )]
    Date,
    /// A number with more digits than a spreadsheet keeps.
    #[error(
        "holds a number of more than 15 digits, of which the spreadsheet has lost some: format the column as text, and enter it again"
    )]
    Inexact,
}

/// The most that a sheet may come to, in bytes. It is read as a stream.
const MAX_SHEET_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// The most that any other part of a workbook may come to, in bytes: its texts are held in memory.
const MAX_PART_BYTES: u64 = 256 * 1024 * 1024;

/// A sheet that is being read.
pub struct Sheet {
    rows: Receiver<Sent>,
}

/// A row, or the end, or why there is none. A thread that says nothing of the end has died.
type Sent = Result<Option<SheetRow>, InputError>;

/// The cells of one row, each with its place from 0.
#[derive(Default)]
struct SheetRow {
    /// The row's number as the spreadsheet shows it.
    number: u32,
    cells: Vec<(usize, String)>,
    damages: Vec<(usize, CellDamage)>,
}

impl Sheet {
    /// Opens the sheet of that name, or the first that is not hidden.
    pub fn open(file: File, name: Option<&str>) -> Result<Self, InputError> {
        let file = check(file)?;
        let mut workbook: Workbook =
            Xlsx::new(BufReader::new(file)).map_err(|error| unreadable(&error.to_string()))?;
        let sheets = workbook.sheets_metadata();
        let sheets = sheets
            .iter()
            .filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let chosen = match name {
            Some(name) => sheets.clone().find(|sheet| sheet.name == name),
            None => sheets
                .clone()
                .find(|sheet| sheet.visible == SheetVisible::Visible),
        };
        let Some(chosen) = chosen.map(|sheet| sheet.name.clone()) else {
            let names: Vec<_> = sheets.map(|sheet| format!("\"{}\"", sheet.name)).collect();
            return Err(InputError::NoSheet {
                name: name.map_or("that is visible".to_owned(), |name| {
                    format!("\"{}\"", printable(name, 60))
                }),
                sheets: printable(&names.join(", "), 200),
            });
        };
        let (sender, rows) = sync_channel(CHANNEL);
        thread::spawn(move || {
            let end = match send_rows(&mut workbook, &chosen, &sender) {
                Ok(()) => Ok(None),
                Err(error) => Err(unreadable(&error)),
            };
            // Nobody is there to hear it only if nobody reads any more.
            let _ = sender.send(end);
        });
        Ok(Self { rows })
    }

    pub fn read(&mut self, record: &mut Record) -> Result<bool, InputError> {
        record.fields.clear();
        record.damages.clear();
        let sent = self.rows.recv();
        let Some(row) = sent.map_err(|_| unreadable("it breaks the reader"))?? else {
            return Ok(false);
        };
        (record.line, record.last_line) = (row.number, row.number);
        for (place, text) in row.cells {
            // What stands so far out is beyond any header, wherever it stands.
            if record.fields.len() > MAX_COLUMNS {
                break;
            }
            while record.fields.len() < place.min(MAX_COLUMNS) {
                record.fields.push_field(b"");
            }
            record.fields.push_field(text.as_bytes());
        }
        record.damages = row.damages;
        Ok(true)
    }
}

type Workbook = Xlsx<BufReader<File>>;

/// Finds every part of the workbook whole, and none too large, before anything of it is believed: a reader of cells
/// looks at no checksum.
fn check(file: File) -> Result<File, InputError> {
    let mut archive = zip::ZipArchive::new(BufReader::new(file))
        .map_err(|error| unreadable(&error.to_string()))?;
    for part in 0..archive.len() {
        let mut part = archive
            .by_index(part)
            .map_err(|error| unreadable(&error.to_string()))?;
        let name = part
            .name()
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default();
        let most = match name.contains("worksheets/") {
            true => MAX_SHEET_BYTES,
            false => MAX_PART_BYTES,
        };
        let read = io::copy(&mut part.by_ref().take(most + 1), &mut io::sink())
            .map_err(|error| unreadable(&format!("{name}: {error}")))?;
        if read > most {
            return Err(unreadable(&format!(
                "{name} comes to more than {most} bytes"
            )));
        }
    }
    Ok(archive.into_inner().into_inner())
}

fn unreadable(reason: &str) -> InputError {
    InputError::Workbook {
        reason: printable(reason, 200),
    }
}

/// Sends a sheet's rows until the last, or until nobody takes them any more.
fn send_rows(workbook: &mut Workbook, sheet: &str, rows: &SyncSender<Sent>) -> Result<(), String> {
    let mut cells = workbook
        .worksheet_cells_reader(sheet)
        .map_err(|error| error.to_string())?;
    let mut row = SheetRow::default();
    let mut last = None;
    while let Some(cell) = cells
        .next_cell_with_formula_metadata()
        .map_err(|error| error.to_string())?
    {
        // Cells that stand twice, or not in order, could hide a user from its row.
        if last.is_some_and(|last| cell.pos <= last) {
            let (line, place) = cell.pos;
            return Err(format!(
                "cell {} stands twice, or out of order",
                address(place as usize, line.saturating_add(1))
            ));
        }
        last = Some(cell.pos);
        let (at, place) = (cell.pos.0, cell.pos.1 as usize);
        if at.saturating_add(1) != row.number {
            let before = std::mem::take(&mut row);
            if !before.cells.is_empty() && rows.send(Ok(Some(before))).is_err() {
                return Ok(());
            }
            row.number = at.saturating_add(1);
        }
        let (text, damage) = match (&cell.value, cell.formula) {
            (DataRef::Empty, Some(_)) => (NO_VALUE.to_owned(), Some(CellDamage::NoValue)),
            (value, _) => text_of(value),
        };
        if !text.is_empty() {
            row.cells.push((place, text));
        }
        row.damages.extend(damage.map(|damage| (place, damage)));
    }
    if !row.cells.is_empty() {
        let _ = rows.send(Ok(Some(row)));
    }
    Ok(())
}

/// A cell's text, and what is wrong with it.
fn text_of(value: &DataRef<'_>) -> (String, Option<CellDamage>) {
    match value {
        DataRef::Empty => (String::new(), None),
        DataRef::String(text) => (text.clone(), None),
        DataRef::SharedString(text) => ((*text).to_owned(), None),
        DataRef::Bool(value) => (value.to_string(), None),
        DataRef::Int(number) => (
            number.to_string(),
            ((*number as f64).abs() >= FIRST_INEXACT).then_some(CellDamage::Inexact),
        ),
        DataRef::Float(number) => (
            number.to_string(),
            (number.abs() >= FIRST_INEXACT).then_some(CellDamage::Inexact),
        ),
        DataRef::Error(error) => {
            let name = error.to_string();
            (name.clone(), Some(CellDamage::Error(name)))
        }
        DataRef::DateTime(date) => (date.as_f64().to_string(), Some(CellDamage::Date)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            (text.clone(), Some(CellDamage::Date))
        }
    }
}

/// The address of a cell as spreadsheets write it, such as `C58`.
pub fn address(place: usize, line: u32) -> String {
    let mut letters = Vec::new();
    let mut left = place + 1;
    while left > 0 {
        left -= 1;
        letters.push(char::from(b'A' + (left % 26) as u8));
        left /= 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_a_spreadsheet_shows() {
        for (place, shown) in [
            (0, "A7"),
            (25, "Z7"),
            (26, "AA7"),
            (701, "ZZ7"),
            (702, "AAA7"),
        ] {
            assert_eq!(address(place, 7), shown);
        }
    }
}
