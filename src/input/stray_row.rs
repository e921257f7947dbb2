//! Rows that are no user's: the header again, in files that were joined, and totals.

use crate::catalog::Catalog;
use crate::input::column::Column;
use crate::input::columns::{CodeColumns, Columns};
use crate::input::record::Record;
use crate::input::row::RowReadError;

/// The words of a row of totals.
const TOTALS: [&str; 16] = [
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "totale",
    "totaal",
    "suma",
    "итого",
    "Итого",
    "合計",
    "总计",
    "合计",
];

/// What the record is, if it is no user's.
pub fn stray_row(record: &Record, columns: &Columns, catalog: &Catalog) -> Option<RowReadError> {
    let cell = |column: &Column| record.field(column.index).trim_ascii();
    let has_name = |column: &Column| {
        let name = column.name.as_deref().unwrap_or_default();
        !name.is_empty() && cell(column).eq_ignore_ascii_case(name.as_bytes())
    };
    let names_codes = || match &columns.codes {
        CodeColumns::Lists(lists) => lists.iter().any(has_name),
        CodeColumns::Wide(codes) => codes.iter().any(|code| has_name(&code.column)),
        CodeColumns::Same(_) => true,
    };
    if has_name(&columns.user) && names_codes() {
        return Some(RowReadError::HeaderAgain);
    }
    let user = cell(&columns.user);
    let is_totals = if user.is_empty() {
        // The word may stand in any column. A row with codes or marks may belong to the user above it.
        let lists_codes = |column| catalog.is_list(&String::from_utf8_lossy(cell(column)));
        let has_codes = || match &columns.codes {
            CodeColumns::Lists(lists) => lists.iter().any(lists_codes),
            CodeColumns::Wide(_) => true,
            CodeColumns::Same(_) => false,
        };
        record.fields.iter().any(is_total) && !has_codes()
    } else {
        is_total(user)
    };
    is_totals.then_some(RowReadError::Totals)
}

/// Whether a cell begins a row of totals.
fn is_total(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let word = cell.strip_suffix(b":").unwrap_or(cell);
    TOTALS
        .iter()
        .any(|total| word.eq_ignore_ascii_case(total.as_bytes()))
}

#[cfg(test)]
mod tests {
    use csv::ByteRecord;

    use super::*;
    use crate::input::format::{ColumnChoice, Format};

    fn stray(header: &[&str], row: &[&str]) -> Option<RowReadError> {
        let codes = header.iter().filter(|name| name.starts_with("code"));
        let format = Format {
            code_columns: codes.map(|name| ColumnChoice((*name).to_owned())).collect(),
            ..Format::default()
        };
        let catalog = Catalog::default();
        let header = ByteRecord::from(header.to_vec());
        let columns = Columns::find(&header, &format, &catalog).unwrap();
        let record = Record {
            fields: ByteRecord::from(row.to_vec()),
            ..Record::default()
        };
        stray_row(&record, &columns, &catalog)
    }

    #[test]
    fn the_header_again_and_totals_are_no_users() {
        let header = ["Company", "userId", "code"];
        let again = stray(&header, &["company", "USERID", "Code"]);
        assert_eq!(again, Some(RowReadError::HeaderAgain));
        for totals in [["", "Total", ""], ["Summe:", "", "2"], ["", "合計", "2"]] {
            let found = stray(&header, &totals);
            assert_eq!(found, Some(RowReadError::Totals), "{totals:?}");
        }
        assert_eq!(stray(&header, &["Total", "ann", "IDU"]), None);
    }

    /// Below a merged cell, the user's cell is empty.
    #[test]
    fn a_row_with_codes_may_belong_to_the_user_above_it_whatever_its_other_cells() {
        let header = ["Company", "userId", "code", "code 2"];
        assert_eq!(stray(&header, &["Total", "", "IDU", ""]), None);
        assert_eq!(stray(&header, &["Total", "", "", "PMD"]), None);
    }
}
