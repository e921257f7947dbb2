//! The rows of the input, numbered by the line on which each begins.

use std::io::Read;

use csv::ByteRecord;
use memchr::memchr;

use crate::catalog::Catalog;
use crate::input::advice::advise;
use crate::input::cells::{CellReader, parse_bool};
use crate::input::column::Column;
use crate::input::columns::{CodeColumns, Columns};
use crate::input::error::InputError;
use crate::input::format::Format;
use crate::input::guess::{lists_codes, names_user};
use crate::input::limits::MAX_CELL_BYTES;
use crate::input::record::Record;
use crate::input::records::Records;
use crate::input::row::{Row, RowReadError, UnreadableRow};
use crate::input::run_report;
use crate::input::stray_row::stray_row;
use crate::sanitize::unescape_formula;

/// Reads one row at a time.
pub struct RowReader<'r> {
    records: Records<'r>,
    record: Record,
    columns: Columns,
    catalog: Catalog,
    /// The first record is a row that has not been returned yet.
    has_first_row: bool,
}

impl<'r> RowReader<'r> {
    /// Detects how the input is written, and finds its columns. A report of a run is read as it was written.
    ///
    /// # Errors
    /// When the input is empty, cannot be read, or lacks a column.
    pub fn new(
        input: impl Read + Send + 'r,
        format: &Format,
        catalog: &Catalog,
    ) -> Result<Self, InputError> {
        let (input, of_report) = run_report::open(Box::new(input), format)?;
        let format = of_report.as_ref().unwrap_or(format);
        let find = |first: &ByteRecord| Columns::find(first, format, catalog);
        let has_columns = |first: &ByteRecord| find(first).is_ok();
        let records = Records::open(input, format, &has_columns)?;
        let (mut records, record) = records.ok_or(InputError::Empty)?;
        let found = find(&record.fields);
        let mut columns = Columns {
            header_line: format.has_header.then_some(record.line),
            sheets: records.sheets().cloned(),
            encoding: records.encoding(),
            ..found.map_err(|error| advise(error, &mut records, &record, format, catalog))?
        };
        if of_report.is_none() {
            let sample: Vec<_> = records.sample().collect();
            let lists_codes = |column: &&Column| lists_codes(&sample, column.index, catalog);
            let ignored = columns.ignored.iter().filter(lists_codes);
            columns.ignored_codes = ignored.cloned().collect();
        }
        Ok(Self {
            records,
            record,
            columns,
            catalog: catalog.clone(),
            has_first_row: !format.has_header,
        })
    }

    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next row that is not blank, or `None` at the end.
    ///
    /// # Errors
    /// When reading fails. A bad row is no error: see [`Row::unreadable`].
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, InputError> {
        if !std::mem::take(&mut self.has_first_row) && !self.records.read(&mut self.record)? {
            return Ok(None);
        }
        Ok(Some(self.row()))
    }

    fn row(&self) -> Row<'_> {
        let stray = stray_row(&self.record, &self.columns, &self.catalog);
        let mut error = stray.or_else(|| self.record_error());
        let cells = self.cell_reader().cells(&mut error);
        let error = error.or_else(|| self.swallowed_rows());
        let unreadable = error.map(|error| UnreadableRow {
            possible_users: if error.is_about_a_user() {
                self.possible_users()
            } else {
                Vec::new()
            },
            error,
        });
        Row {
            line: self.record.line,
            cells,
            unreadable: unreadable.map(Box::new),
        }
    }

    fn cell_reader(&self) -> CellReader<'_> {
        CellReader {
            record: &self.record,
            columns: &self.columns,
            catalog: &self.catalog,
            records: &self.records,
        }
    }

    /// What is wrong with the record as a whole.
    fn record_error(&self) -> Option<RowReadError> {
        let (record, expected) = (&self.record, self.columns.count);
        if memchr(0, record.fields.as_slice()).is_some() {
            return Some(RowReadError::Nul);
        }
        if self.records.has_wrong_field_count(record, expected) {
            return Some(RowReadError::FieldCount {
                found: record.fields.len(),
                expected,
                last_line: record.has_several_lines().then_some(record.last_line),
                is_cut_off: record.is_cut_off && record.fields.len() < expected,
            });
        }
        let longest = record.fields.iter().map(<[u8]>::len).max().unwrap_or(0);
        (longest > MAX_CELL_BYTES).then_some(RowReadError::CellTooLong { bytes: longest })
    }

    /// Every cell, and every part of a cell that a missing quote or another dialect may have joined.
    fn possible_users(&self) -> Vec<String> {
        let delimiters = [',', ';', '\t', '|', self.records.delimiter()];
        let mut users = Vec::new();
        for field in &self.record.fields {
            let field = String::from_utf8_lossy(field);
            let parts = field.lines().flat_map(|line| line.split(delimiters));
            let texts = parts
                .chain([field.as_ref()])
                .map(|part| unescape_formula(part.trim().trim_matches('"')))
                .filter(|text| !text.is_empty());
            users.extend(texts.map(str::to_owned));
        }
        users
    }

    /// Finds a cell of several lines with a line that would be a good row: a quote is missing, and users would be
    /// lost in a column that is not read.
    fn swallowed_rows(&self) -> Option<RowReadError> {
        let record = &self.record;
        if !record.has_several_lines() || self.records.sheets().is_some() {
            return None;
        }
        let fields = record.fields.iter();
        let mut texts = fields.filter_map(|field| std::str::from_utf8(field).ok());
        let contains_rows = texts.any(|text| text.lines().skip(1).any(|line| self.is_row(line)));
        contains_rows.then_some(RowReadError::ContainsRows {
            last_line: record.last_line,
        })
    }

    fn is_row(&self, line: &str) -> bool {
        let cells = line.split(self.records.delimiter()).map(str::trim);
        let cells: Vec<_> = cells.collect();
        if cells.len() != self.columns.count || cells[self.columns.user.index].is_empty() {
            return false;
        }
        match &self.columns.codes {
            CodeColumns::Lists(columns) => {
                let lists = columns.iter().map(|column| cells[column.index]);
                let mut lists = lists.filter(|cell| !cell.is_empty()).peekable();
                lists.peek().is_some() && lists.all(|cell| self.catalog.is_list(cell))
            }
            CodeColumns::Wide(columns) => columns
                .iter()
                .all(|code| parse_bool(cells[code.column.index]).is_some()),
            CodeColumns::Same(_) => names_user(cells[self.columns.user.index]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reader(text: &[u8]) -> Result<RowReader<'_>, InputError> {
        RowReader::new(text, &Format::default(), &Catalog::default())
    }

    fn rows(text: &[u8]) -> Vec<(u32, String, Option<RowReadError>)> {
        let mut reader = reader(text).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            let cells = format!("{}|{}", row.cells.user, row.cells.codes);
            rows.push((
                row.line,
                cells,
                row.unreadable.map(|unreadable| unreadable.error),
            ));
        }
        rows
    }

    fn lines(text: &str) -> Vec<u32> {
        rows(text.as_bytes())
            .into_iter()
            .map(|(line, ..)| line)
            .collect()
    }

    #[test]
    fn a_row_has_the_number_of_the_line_on_which_it_begins() {
        let text = "userId,code,note\na,IDU,\n\n\nb,IDU,\"two\nlines\"\nc,IDU,\nd,IDU,";
        assert_eq!(lines(text), [2, 5, 7, 8]);
        assert_eq!(lines(&text.replace('\n', "\r\n")), [2, 5, 7, 8]);
        assert_eq!(lines(&text.replace('\n', "\r")), [2, 5, 7, 8]);
        assert_eq!(lines(&format!("\n\n{text}\n")), [4, 7, 9, 10]);
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_name() {
        assert_eq!(
            rows(b"\xef\xbb\xbfuserId,code\na,IDU\n"),
            [(2, "a|IDU".into(), None)]
        );
        assert_eq!(
            rows(b"\xef\xbb\xbf\"userId\",code\na,IDU\n"),
            [(2, "a|IDU".into(), None)]
        );
    }

    #[test]
    fn blank_rows_are_ignored_with_or_without_delimiters() {
        assert_eq!(lines("userId,code\n,\n , \na,IDU\n,\n"), [4]);
    }

    #[test]
    fn a_row_with_too_few_or_too_many_columns_is_unreadable() {
        let rows = rows(b"userId,code\na\nb,IDU,x\nc,IDU\n");
        let errors: Vec<_> = rows
            .iter()
            .map(|(line, _, error)| (*line, error.is_some()))
            .collect();
        assert_eq!(errors, [(2, true), (3, true), (4, false)]);
    }

    #[test]
    fn bytes_that_are_not_utf8_make_only_their_row_unreadable() {
        let rows = rows(b"userId,code\nj\xf6rg,IDU\nb,IDU\n");
        let error = rows[0].2.as_ref().unwrap().to_string();
        assert!(
            error.starts_with("column \"userId\" is not UTF-8"),
            "{error}"
        );
        assert_eq!(rows[1].2, None);
    }

    proptest! {
        #[test]
        fn reading_any_bytes_ends_without_a_panic_and_in_the_order_of_lines(
            start in prop_oneof![Just(""), Just("userId,code\n"), Just("\u{feff}userId,code,external\r\n")],
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                "[a-c,;\"\r\n\u{0}é ]{0,200}".prop_map(String::into_bytes),
            ],
        ) {
            let input = [start.as_bytes(), &bytes].concat();
            let lines = input.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u32 + 1;
            let Ok(mut reader) = reader(&input) else {
                return Ok(());
            };
            let mut last = 1;
            while let Ok(Some(row)) = reader.next_row() {
                prop_assert!(row.line > last && row.line <= lines, "{} after {last} of {lines}", row.line);
                last = row.line;
            }
        }
    }

    #[test]
    fn the_error_of_a_quote_closed_on_a_later_line_names_that_line() {
        let rows = rows(b"userId,code\na,\"IDU\nb,IDU\nc,\"IDU\nd,IDU\n");
        assert_eq!(rows.len(), 2);
        let error = rows[0].2.as_ref().unwrap().to_string();
        assert!(error.contains("runs to line 4"), "{error}");
        assert_eq!(rows[1], (5, "d|IDU".into(), None));
    }

    #[test]
    fn rows_within_an_ignored_cell_are_an_error_but_a_postal_address_is_none() {
        let text = b"userId,code,note\na,IDU,\"oops\nb,IDU,x\nc,IDU,\"y\"\nd,IDU,z\ne,PMD,\"Street 1\nFloor 2, House 3, Town\"\n";
        let rows = rows(text);
        let lines: Vec<_> = rows.iter().map(|(line, ..)| *line).collect();
        assert_eq!(lines, [2, 5, 6]);
        assert_eq!(rows[0].2, Some(RowReadError::ContainsRows { last_line: 4 }));
        assert_eq!((&rows[1].2, &rows[2].2), (&None, &None));
    }

    #[test]
    fn the_error_of_a_quote_that_is_never_closed_names_its_line() {
        for text in [
            "userId,code\n\na,\"IDU\nb,IDU\n",
            "userId,code\n\na,\"IDU\nb,IDU",
        ] {
            let mut reader = reader(text.as_bytes()).unwrap();
            let error = reader.next_row().unwrap_err();
            assert!(
                matches!(error, InputError::OpenQuote { line: 3 }),
                "{error}"
            );
        }
    }
}
