//! The reports of a run, which are read as seatload writes them: flags that describe the first file do not apply to
//! the failures that come of it.

use crate::input::decode::{Bytes, Decoded, decode, peek};
use crate::input::error::InputError;
use crate::input::format::Format;
use crate::input::workbook::Workbook;

/// The sheets of `failures.xlsx`. A workbook with them is read whole: a user's rows may be on both.
pub const FAILED_USERS_SHEET: &str = "Failed users";
pub const BAD_ROWS_SHEET: &str = "Bad rows";

/// Columns of both sheets.
const SHEET_COLUMNS: [&str; 3] = ["userId", "userBundleCodes", "outcome"];

/// Enough bytes for the names below, in quotes, behind a byte order mark.
const HEADER_BYTES: usize = 128;

/// The first columns of every report.
const FIRST_COLUMNS: [&str; 3] = ["userId", "userBundleCodes", "useExternalLicense"];

/// The next column of `failures.csv`, of `success.csv`, and of `pending.csv` and `undo.csv`.
const FOURTH_COLUMNS: [&str; 3] = ["outcome", "organizationId", "line"];

/// Opens an input. If it is a report, gives the report's own format too, which applies in place of the flags' format.
pub fn open<'r>(
    input: Bytes<'r>,
    format: &Format,
) -> Result<(Decoded<'r>, Option<Format>), InputError> {
    let (start, input) =
        peek(input, HEADER_BYTES).map_err(|source| InputError::Read { line: 1, source })?;
    let is_csv_report = is_csv_report(&start);
    let encoding = format.encoding.filter(|_| !is_csv_report);
    let mut decoded = decode(Box::new(input), encoding)?;
    let is_report = match &mut decoded {
        Decoded::Text(..) => is_csv_report,
        Decoded::Workbook(workbook) => is_failures_workbook(workbook, format.sheet.as_ref())?,
    };
    let of_report = is_report.then(|| Format {
        // An order that is asked for is not ignored: without its column, the report is refused.
        priority_column: format.priority_column.clone(),
        ..Format::default()
    });
    Ok((decoded, of_report))
}

/// Whether a sheet has the name of one of `failures.xlsx`.
pub fn is_report_sheet(name: &str) -> bool {
    [FAILED_USERS_SHEET, BAD_ROWS_SHEET].contains(&name)
}

/// Whether a workbook is `failures.xlsx`, with its sheets alone. A sheet that is asked for is read as the flags say.
fn is_failures_workbook(
    workbook: &mut Workbook,
    asked_for: Option<&String>,
) -> Result<bool, InputError> {
    let sheets = workbook.visible_sheets();
    let are_all_ours = sheets.iter().all(|name| is_report_sheet(name));
    let is_asked_for = asked_for.is_some_and(|name| sheets.contains(name));
    let mut has_columns = false;
    if let Some(first) = sheets.first()
        && are_all_ours
        && !is_asked_for
    {
        workbook.for_each_row(first, |row| {
            let has = |name: &&str| row.fields.iter().any(|field| field == name.as_bytes());
            has_columns = SHEET_COLUMNS.iter().all(has);
            row.is_blank()
        })?;
    }
    Ok(has_columns)
}

/// Whether a file begins as a report does. A spreadsheet may have changed its delimiter and added a byte order mark.
fn is_csv_report(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(start);
    let header = start.trim_start_matches('\u{feff}').lines().next();
    let names = header.unwrap_or_default().split([',', ';', '\t']);
    let names: Vec<_> = names.map(|name| name.trim_matches('"')).take(4).collect();
    match names.split_last() {
        Some((fourth, first)) => first == FIRST_COLUMNS && FOURTH_COLUMNS.contains(fourth),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_known_by_its_first_columns() {
        for header in [
            "userId,userBundleCodes,useExternalLicense,outcome,status,message\n",
            "\u{feff}userId;userBundleCodes;useExternalLicense;organizationId;sent\r\n",
            "\"userId\"\t\"userBundleCodes\"\t\"useExternalLicense\"\t\"line\"\n",
        ] {
            assert!(is_csv_report(header.as_bytes()), "{header}");
        }
        for header in [
            "",
            "userId,userBundleCodes,useExternalLicense\n",
            "userId,userBundleCodes,useExternalLicense,department\n",
            "userId,email,userBundleCodes,useExternalLicense\n",
        ] {
            assert!(!is_csv_report(header.as_bytes()), "{header}");
        }
    }
}
