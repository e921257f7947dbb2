//! The file's rows, one at a time, numbered by the line on which each begins.

use std::borrow::Cow;
use std::io::Read;

use super::columns::{CodeColumns, Columns};
use super::header::Column;
use super::records::{Record, Records};
use super::{Cells, Format, InputError, MAX_CELL_BYTES, Row, RowReadError, UnreadableRow};
use crate::catalog::Catalog;
use crate::sanitize::unescape_formula;

/// Reads rows as a stream: one record is in memory at a time.
pub struct RowReader<'r> {
    records: Records<'r>,
    record: Record,
    columns: Columns,
    catalog: Catalog,
    /// The first record is a row, and has not been given yet.
    holds_first_row: bool,
}

impl<'r> RowReader<'r> {
    /// Finds out how the input is written, reads its header and finds the columns in it.
    ///
    /// # Errors
    /// When the input is empty, cannot be read, or its columns cannot be told.
    pub fn new(
        input: impl Read + Send + 'r,
        format: &Format,
        catalog: &Catalog,
    ) -> Result<Self, InputError> {
        let find =
            |first: &csv::ByteRecord, is_sheet| Columns::find(first, format, catalog, is_sheet);
        let mut records =
            Records::open(Box::new(input), format, |first| find(first, false).is_ok())?;
        let mut record = Record::default();
        if !records.read(&mut record)? {
            return Err(InputError::Empty);
        }
        let columns = find(&record.fields, records.is_sheet())?;
        Ok(Self {
            records,
            record,
            columns,
            catalog: catalog.clone(),
            holds_first_row: !format.has_header,
        })
    }

    /// The columns that are read.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next row that is not blank, or `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read any further. A row that is wrong is no error: see [`Row::trouble`].
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, InputError> {
        if !std::mem::take(&mut self.holds_first_row) && !self.records.read(&mut self.record)? {
            return Ok(None);
        }
        Ok(Some(self.row()))
    }

    fn row(&self) -> Row<'_> {
        let (columns, record) = (&self.columns, &self.record);
        let mut fault = self.fault_of_record();
        let user = self.cell(&columns.user, &mut fault);
        let mut optional = |column: &Option<Column>| {
            let column = column.as_ref()?;
            Some(self.cell(column, &mut fault))
        };
        let external = optional(&columns.external);
        let priority = optional(&columns.priority);
        let codes = match &columns.codes {
            CodeColumns::Long(column) => self.with_surplus(self.cell(column, &mut fault)),
            CodeColumns::Wide(_) => self.marked_codes(&mut fault),
        };
        if fault.is_none() && record.last_line > record.line && self.holds_rows() {
            fault = Some(RowReadError::ContainsRows {
                last_line: record.last_line,
            });
        }
        let trouble = fault.map(|fault| {
            let suspects = self.suspects();
            Box::new(UnreadableRow {
                fault,
                possible_users: suspects,
            })
        });
        Row {
            line: record.line,
            cells: Cells {
                user,
                codes,
                external,
                priority,
            },
            trouble,
        }
    }

    /// What is wrong with the record as a whole.
    fn fault_of_record(&self) -> Option<RowReadError> {
        let (record, expected) = (&self.record, self.columns.count);
        let found = record.fields.len();
        if self.records.is_ragged(record, expected) {
            return Some(RowReadError::FieldCount {
                found,
                expected,
                last_line: (record.last_line > record.line).then_some(record.last_line),
            });
        }
        let text = record.fields.as_slice();
        if text.len() > MAX_CELL_BYTES {
            let longest = record.fields.iter().map(<[u8]>::len).max().unwrap_or(0);
            if longest > MAX_CELL_BYTES {
                return Some(RowReadError::CellTooLong { bytes: longest });
            }
        }
        memchr::memchr(0, text).map(|_| RowReadError::Nul)
    }

    /// A cell's text. What is wrong with it becomes the row's fault, unless the row has one already.
    fn cell(&self, column: &Column, fault: &mut Option<RowReadError>) -> Cow<'_, str> {
        let record = &self.record;
        let bytes = record.fields.get(column.at).unwrap_or_default();
        let place = || self.columns.place(column, record.line);
        let damage = record.damages.iter().find(|(at, _)| *at == column.at);
        if let Some((_, damage)) = damage {
            fault.get_or_insert_with(|| RowReadError::Damaged {
                place: place(),
                damage: damage.clone(),
            });
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            fault.get_or_insert_with(|| RowReadError::NotUtf8 { place: place() });
            return Cow::Owned(String::from_utf8_lossy(bytes).into_owned());
        };
        let is_codes =
            matches!(&self.columns.codes, CodeColumns::Long(codes) if codes.at == column.at);
        let text = trimmed(text);
        let may_be_long = record.last_line > record.line || self.records.is_sheet();
        // Several codes may well stand one below the other.
        if may_be_long && text.contains('\n') && !(is_codes && self.catalog.is_list(text)) {
            fault.get_or_insert_with(|| RowReadError::MultilineCell {
                place: place(),
                last_line: record.last_line,
            });
        }
        Cow::Borrowed(unescape_formula(text))
    }

    /// The cell of the codes, and behind it what stands beyond the last column: maybe codes that lack their quotes.
    fn with_surplus<'a>(&self, codes: Cow<'a, str>) -> Cow<'a, str> {
        let surplus = self.record.fields.iter().skip(self.columns.count);
        let surplus = surplus.map(String::from_utf8_lossy);
        surplus.fold(codes, |mut codes, cell| {
            if !trimmed(&cell).is_empty() {
                codes.to_mut().push(';');
                codes.to_mut().push_str(trimmed(&cell));
            }
            codes
        })
    }

    /// The codes of the columns that hold a yes, joined as a cell of a long file would hold them.
    fn marked_codes(&self, fault: &mut Option<RowReadError>) -> Cow<'_, str> {
        let CodeColumns::Wide(columns) = &self.columns.codes else {
            return Cow::Borrowed("");
        };
        let mut codes = String::new();
        for marks in columns {
            let cell = self.cell(&marks.column, fault);
            match parse_bool(&cell) {
                Some(false) => continue,
                Some(true) => {}
                None => {
                    fault.get_or_insert_with(|| RowReadError::UnknownMark {
                        place: self.columns.place(&marks.column, self.record.line),
                        found: cell.into_owned(),
                    });
                }
            }
            if !codes.is_empty() {
                codes.push(';');
            }
            codes.push_str(&marks.code);
        }
        Cow::Owned(codes)
    }

    /// Every cell, and every part of a cell that a quote may have swallowed.
    fn suspects(&self) -> Vec<String> {
        let mut suspects = Vec::new();
        for field in &self.record.fields {
            let field = String::from_utf8_lossy(field);
            // The row may be from a file of another dialect.
            let delimiters = [',', ';', '\t', '|', self.records.delimiter()];
            let parts = field.lines().flat_map(|line| line.split(delimiters));
            let parts = parts.chain([field.as_ref()]);
            suspects.extend(
                parts
                    .map(|part| unescape_formula(part.trim().trim_matches('"')).to_owned())
                    .filter(|part| !part.is_empty()),
            );
        }
        suspects
    }

    /// Whether a cell of several lines holds a line that would be a good row: then a quote is missing somewhere, and
    /// users would be lost in a column that nobody reads.
    fn holds_rows(&self) -> bool {
        let is_row = |line: &str| {
            let cells: Vec<_> = line
                .split(self.records.delimiter())
                .map(str::trim)
                .collect();
            cells.len() == self.columns.count
                && !cells[self.columns.user.at].is_empty()
                && match &self.columns.codes {
                    CodeColumns::Long(column) => self.catalog.is_list(cells[column.at]),
                    CodeColumns::Wide(columns) => columns
                        .iter()
                        .all(|marks| parse_bool(cells[marks.column.at]).is_some()),
                }
        };
        !self.records.is_sheet()
            && self
                .record
                .fields
                .iter()
                .filter_map(|field| std::str::from_utf8(field).ok())
                .any(|field| field.lines().skip(1).any(is_row))
    }
}

/// The text without white space around it. Hardly any cell has some, and to see that takes two bytes.
fn trimmed(text: &str) -> &str {
    let ends = [text.as_bytes().first(), text.as_bytes().last()];
    match ends.iter().flatten().all(|end| end.is_ascii_graphic()) {
        true => text,
        false => text.trim(),
    }
}

/// What a mark in a column of a code, or an external flag, says.
pub fn parse_bool(cell: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(cell));
    if is(&["", "0", "false", "no", "n"]) {
        Some(false)
    } else if is(&["x", "1", "true", "yes", "y"]) {
        Some(true)
    } else {
        None
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
            rows.push((row.line, cells, row.trouble.map(|trouble| trouble.fault)));
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
    fn rows_of_nothing_but_commas_and_blanks_are_passed_over() {
        assert_eq!(lines("userId,code\n,\n , \na,IDU\n,\n"), [4]);
    }

    #[test]
    fn a_row_with_the_wrong_number_of_fields_is_at_fault() {
        let rows = rows(b"userId,code\na\nb,IDU,x\nc,IDU\n");
        let faults: Vec<_> = rows
            .iter()
            .map(|(line, _, fault)| (*line, fault.is_some()))
            .collect();
        assert_eq!(faults, [(2, true), (3, true), (4, false)]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_a_fault_of_their_row_alone() {
        let rows = rows(b"userId,code\nj\xf6rg,IDU\nb,IDU\n");
        let fault = rows[0].2.as_ref().unwrap().to_string();
        assert!(
            fault.starts_with("column \"userId\" is not UTF-8"),
            "{fault}"
        );
        assert_eq!(rows[1].2, None);
    }

    proptest! {
        /// Whatever the bytes, reading ends without a panic, and rows come in the order of their lines.
        #[test]
        fn no_input_is_too_broken_to_be_read(
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
    fn a_quote_that_is_closed_on_a_later_line_is_a_fault_that_names_that_line() {
        let rows = rows(b"userId,code\na,\"IDU\nb,IDU\nc,\"IDU\nd,IDU\n");
        assert_eq!(rows.len(), 2);
        let fault = rows[0].2.as_ref().unwrap().to_string();
        assert!(fault.contains("runs to line 4"), "{fault}");
        assert_eq!(rows[1], (5, "d|IDU".into(), None));
    }

    #[test]
    fn rows_swallowed_by_a_column_that_is_not_read_are_a_fault_and_an_address_is_none() {
        let text = b"userId,code,note\na,IDU,\"oops\nb,IDU,x\nc,IDU,\"y\"\nd,IDU,z\ne,PMD,\"Street 1\nFloor 2, House 3, Town\"\n";
        let rows = rows(text);
        let lines: Vec<_> = rows.iter().map(|(line, ..)| *line).collect();
        assert_eq!(lines, [2, 5, 6]);
        assert_eq!(rows[0].2, Some(RowReadError::ContainsRows { last_line: 4 }));
        assert_eq!((&rows[1].2, &rows[2].2), (&None, &None));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_that_names_its_line() {
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
