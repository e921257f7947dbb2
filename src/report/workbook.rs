//! `failures.xlsx`: the failures for Excel, which shows a CSV in the code page of the country and rounds long numbers.
//! It can be imported like `failures.csv`.

use std::io;

use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::input::{BAD_ROWS_SHEET, FAILED_USERS_SHEET};
use crate::outcome::{FailureKind, split_hint};
use crate::run::RunFolder;
use crate::run::journal::{FAILURES, Journal, RecordedFailure};

pub const WORKBOOK: &str = "failures.xlsx";

/// The most failures of a workbook, which takes 3 KB of memory for each. More are not corrected by hand.
const MAX_FAILURES: usize = 10_000;

/// The columns by their names in `failures.csv`, and their widths in characters. Only `hint` is no column there.
const COLUMNS: [(&str, u16); 13] = [
    ("userId", 38),
    ("email", 34),
    ("userBundleCodes", 24),
    ("useExternalLicense", 18),
    ("outcome", 12),
    ("message", 80),
    ("hint", 80),
    ("line", 8),
    ("status", 8),
    ("sent", 6),
    ("changed", 9),
    ("attempts", 9),
    ("completedAt", 25),
];

/// Writes the workbook of a run that has ended, unless nothing failed or there are too many failures. `failures.csv`
/// must be complete.
pub fn write_workbook(folder: &RunFolder) -> io::Result<()> {
    let failures = Journal::read_failures(folder)?.take(MAX_FAILURES + 1);
    let is_bad_row = |failure: &RecordedFailure| failure.kind == FailureKind::Invalid;
    let (bad_rows, users): (Vec<_>, Vec<_>) = failures.partition(is_bad_row);
    let count = users.len() + bad_rows.len();
    if count == 0 || count > MAX_FAILURES {
        return Ok(());
    }
    let mut workbook = Workbook::new();
    for (name, failures) in [(FAILED_USERS_SHEET, users), (BAD_ROWS_SHEET, bad_rows)] {
        if !failures.is_empty() {
            add_sheet(&mut workbook, name, &failures).map_err(io::Error::other)?;
        }
    }
    let bytes = workbook.save_to_buffer().map_err(io::Error::other)?;
    folder.replace(WORKBOOK, |out| out.write_all(&bytes))
}

/// Removes the workbook of an earlier session.
pub fn remove_workbook(folder: &RunFolder) -> io::Result<()> {
    folder.remove(WORKBOOK)
}

fn add_sheet(
    workbook: &mut Workbook,
    name: &str,
    failures: &[RecordedFailure],
) -> Result<(), XlsxError> {
    let header = Format::new().set_bold();
    let cell = Format::new().set_align(FormatAlign::Top);
    let text = cell.clone().set_num_format("@");
    let sheet = workbook.add_worksheet();
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    // On paper, all columns fit on a page.
    sheet.set_landscape();
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(0, 0)?;
    for (column, (name, width)) in (0..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(0, column, name, &header)?;
    }
    for (row, failure) in (1..).zip(failures) {
        add_row(sheet, row, failure, &text, &cell)?;
    }
    Ok(())
}

/// Adds a row. What people may correct stays text when they type over it: Excel makes no number or date of it.
fn add_row(
    sheet: &mut Worksheet,
    row: u32,
    failure: &RecordedFailure,
    text: &Format,
    cell: &Format,
) -> Result<(), XlsxError> {
    let (message, hint) =
        split_hint(&failure.message).unwrap_or((&failure.message, failure.kind.hint()));
    let hint = hint.replace(FAILURES, "this workbook");
    let texts = [
        &failure.user,
        &failure.email,
        &failure.codes,
        &failure.external,
        failure.kind.name(),
        message,
        &hint,
    ];
    for (column, value) in (0..).zip(texts) {
        sheet.write_string_with_format(row, column, value, text)?;
    }
    sheet.write_number_with_format(row, 7, failure.line, cell)?;
    if let Some(status) = failure.status {
        sheet.write_number_with_format(row, 8, status, cell)?;
    }
    let sent = if failure.was_sent { "yes" } else { "no" };
    sheet.write_string_with_format(row, 9, sent, cell)?;
    sheet.write_string_with_format(row, 10, failure.applied.name(), cell)?;
    sheet.write_number_with_format(row, 11, failure.attempts, cell)?;
    sheet.write_string_with_format(row, 12, &failure.completed_at, cell)?;
    Ok(())
}
