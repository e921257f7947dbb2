//! What to do about a file whose columns were not found.

use crate::catalog::Catalog;
use crate::input::columns::Columns;
use crate::input::error::InputError;
use crate::input::format::Format;
use crate::input::guess::{ColumnGuess, LikelyHeader};
use crate::input::record::Record;
use crate::input::records::Records;

/// The error that helps most: it names the columns that hold what the header does not name, or else the header that
/// lacks them. `error` is about the first record, which may be a title.
pub fn advise(
    error: InputError,
    records: &mut Records<'_>,
    first: &Record,
    format: &Format,
    catalog: &Catalog,
) -> InputError {
    let is_missing = matches!(
        error,
        InputError::MissingColumn { .. } | InputError::MissingColumnNumbers
    );
    if !is_missing {
        return error;
    }
    if format.has_header && std::str::from_utf8(first.fields.as_slice()).is_err() {
        let likely = records.likely_encoding();
        return InputError::HeaderNotUtf8 { likely };
    }
    let is_sheet = records.sheets().is_some();
    let sample: Vec<_> = [first].into_iter().chain(records.sample()).collect();
    let above_users = LikelyHeader::find(&sample, format, catalog);
    let guess = { above_users.as_ref() }
        .and_then(|header| ColumnGuess::of(header, &sample, format, catalog));
    if let Some(guess) = guess {
        return InputError::UnnamedColumns(Box::new(guess));
    }
    let header = above_users.map_or_else(|| widest(&sample), |header| Some(header.record));
    let of_header = header.and_then(|header| Columns::find(&header.fields, format, catalog).err());
    let mut error = of_header.unwrap_or(error);
    if let InputError::MissingColumn { is_only_column, .. } = &mut error {
        // No delimiter separates the cells of a sheet.
        *is_only_column &= !is_sheet;
    }
    error
}

/// The first of the records with the most cells.
fn widest<'r>(sample: &[&'r Record]) -> Option<&'r Record> {
    let cells = |record: &&&Record| record.fields.iter().filter(|cell| !cell.is_empty()).count();
    sample.iter().rev().max_by_key(cells).copied()
}
