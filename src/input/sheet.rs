//! The rows of one sheet of an Excel workbook.
//!
//! calamine's reader of cells borrows the workbook, so it lives on a thread of its own. Rows arrive through a short
//! channel: memory holds the workbook's shared texts, but not the sheet.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::input::error::InputError;
use crate::input::format::Format;
use crate::input::header_search::{HasColumns, HeaderSearch};
use crate::input::location::{SheetStart, Sheets};
use crate::input::record::Record;
use crate::input::run_report::is_report_sheet;
use crate::input::workbook::{Workbook, unreadable};
use crate::sanitize::printable;

/// The rows that wait in the channel.
const CHANNEL_ROWS: usize = 256;

/// An opened sheet, or the sheets of `failures.xlsx`.
pub struct Sheet {
    rows: Receiver<RowMessage>,
    pub sheets: Sheets,
}

/// A row, the end of the sheet (`None`), or why reading failed.
type RowMessage = Result<Option<Record>, InputError>;

impl Sheet {
    /// Opens the sheet that is named, or else the first visible one that has the columns.
    pub fn open(
        mut workbook: Workbook,
        format: &Format,
        has_columns: &HasColumns<'_>,
    ) -> Result<Self, InputError> {
        let mut sheets = choose_sheets(&mut workbook, format, has_columns)?;
        sheets.hidden_rows = sheets.names().map(|name| workbook.hidden_rows(&name)).sum();
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
    let all = workbook.sheets();
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
    let visible = workbook.visible_sheets();
    let search = HeaderSearch::new(format);
    let with_header = first_with_header(workbook, &visible, search, has_columns)?;
    let Some(chosen) = with_header.or(visible.first()) else {
        return Err(InputError::NoVisibleSheet { sheets: shown() });
    };
    // A user's rows may be on both sheets of a report, and without one of them it would lose licences.
    let (read, unread): (Vec<_>, Vec<_>) = visible
        .iter()
        .cloned()
        .partition(|name| name == chosen || (is_report_sheet(chosen) && is_report_sheet(name)));
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
        if has_header(workbook, name, search, has_columns)? {
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
            place if place < last => last_line(workbook, &name)?,
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
) -> Result<bool, InputError> {
    let (mut searched, mut is_found, mut goes_on) = (0, false, true);
    workbook.for_each_row(sheet, |row| {
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

fn last_line(workbook: &mut Workbook, sheet: &str) -> Result<u32, InputError> {
    let mut last = 0;
    workbook.for_each_row(sheet, |row| {
        last = row.line;
        true
    })?;
    Ok(last)
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
        workbook.for_each_row(&sheet.name, |mut row| {
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
        })?;
        if differs {
            return Err(InputError::OtherHeader {
                sheet: printable(&sheet.name, 60),
            });
        }
    }
    Ok(())
}
