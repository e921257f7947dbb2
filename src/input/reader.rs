//! The file's rows, one at a time, numbered by the line on which each begins.

use std::borrow::Cow;
use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::columns::{Column, Columns};
use super::newlines::Newlines;
use super::{Cells, Fault, InputError, Row};
use crate::catalog;
use crate::text::unguard;

const BUFFER_BYTES: usize = 256 * 1024;

/// Reads rows as a stream: one record is in memory at a time.
pub struct RowReader<R> {
    csv: csv::Reader<Newlines<R>>,
    record: ByteRecord,
    columns: Columns,
}

impl<R: Read> RowReader<R> {
    /// Reads the header and finds the columns in it.
    ///
    /// # Errors
    /// When the input is empty, cannot be read, or its header lacks a needed column.
    pub fn new(input: R) -> Result<Self, InputError> {
        let mut csv = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(Newlines::new(input));
        let mut record = ByteRecord::new();
        if !read(&mut csv, &mut record)? {
            return Err(InputError::Empty);
        }
        lines(&csv, &record)?;
        let columns = Columns::find(&record)?;
        Ok(Self {
            csv,
            record,
            columns,
        })
    }

    /// The columns that the header names.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next row that is not blank, or `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read any further. A row that is wrong is no error: see [`Row::fault`].
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, InputError> {
        loop {
            if !read(&mut self.csv, &mut self.record)? {
                return Ok(None);
            }
            if !self.record.as_slice().trim_ascii().is_empty() {
                break;
            }
        }
        let (line, last_line) = lines(&self.csv, &self.record)?;
        Ok(Some(self.row(line, last_line)))
    }

    fn row(&self, line: u32, last_line: u32) -> Row<'_> {
        let (columns, record) = (&self.columns, &self.record);
        let mut fault = None;
        if record.len() != columns.count {
            fault = Some(Fault::FieldCount {
                found: record.len(),
                expected: columns.count,
                last_line: (last_line > line).then_some(last_line),
            });
        }
        let mut cell = |column: &Column| {
            let bytes = record.get(column.at).unwrap_or_default();
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    if text.contains('\n') {
                        fault.get_or_insert_with(|| Fault::ManyLines {
                            column: column.name.clone(),
                            last_line,
                        });
                    }
                    Cow::Borrowed(unguard(text.trim()))
                }
                Err(_) => {
                    fault.get_or_insert_with(|| Fault::NotUtf8 {
                        column: column.name.clone(),
                    });
                    Cow::Owned(String::from_utf8_lossy(bytes).into_owned())
                }
            }
        };
        let cells = Cells {
            user: cell(&columns.user),
            codes: cell(&columns.codes),
            external: columns.external.as_ref().map(&mut cell),
        };
        if fault.is_none() && last_line > line && self.holds_rows() {
            fault = Some(Fault::Swallowed { last_line });
        }
        let suspects = match &fault {
            Some(_) => self.suspects(),
            None => Vec::new(),
        };
        Row {
            line,
            cells,
            fault,
            suspects,
        }
    }

    /// Every cell, and every part of a cell that a quote may have swallowed.
    fn suspects(&self) -> Vec<String> {
        let mut suspects = Vec::new();
        for field in &self.record {
            let field = String::from_utf8_lossy(field);
            let parts = field.lines().flat_map(|line| line.split(','));
            let parts = parts.chain([field.as_ref()]);
            suspects.extend(
                parts
                    .map(|part| unguard(part.trim().trim_matches('"')).to_owned())
                    .filter(|part| !part.is_empty()),
            );
        }
        suspects
    }

    /// Whether a cell of several lines holds a line that would be a good row: then a quote is missing somewhere, and
    /// users would be lost in a column that nobody reads.
    fn holds_rows(&self) -> bool {
        let is_row = |line: &str| {
            let cells: Vec<_> = line.split(',').map(str::trim).collect();
            cells.len() == self.columns.count
                && !cells[self.columns.user.at].is_empty()
                && catalog::find(cells[self.columns.codes.at]).is_some()
        };
        self.record
            .iter()
            .filter_map(|field| std::str::from_utf8(field).ok())
            .any(|field| field.lines().skip(1).any(is_row))
    }
}

fn read<R: Read>(csv: &mut csv::Reader<R>, record: &mut ByteRecord) -> Result<bool, InputError> {
    let line = csv.position().line();
    csv.read_byte_record(record)
        .map_err(|source| InputError::Read { line, source })
}

/// The lines on which the record that was read last begins and ends.
fn lines<R: Read>(
    csv: &csv::Reader<Newlines<R>>,
    record: &ByteRecord,
) -> Result<(u32, u32), InputError> {
    let after = u32::try_from(csv.position().line()).map_err(|_| InputError::TooManyLines)?;
    let within = memchr::memchr_iter(b'\n', record.as_slice()).count() as u32;
    // Newlines ends every line with one LF, and the LF that ends a record is not part of it. A
    // record that only the end of the input could end has taken all line ends for its own.
    if csv.get_ref().is_drained() {
        return Err(InputError::OpenQuote {
            line: after - within,
        });
    }
    Ok((after - 1 - within, after - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &[u8]) -> Vec<(u32, String, Option<Fault>)> {
        let mut reader = RowReader::new(text).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            let cells = format!("{}|{}", row.cells.user, row.cells.codes);
            rows.push((row.line, cells, row.fault));
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
        assert_eq!(
            rows[0].2,
            Some(Fault::NotUtf8 {
                column: "userId".into()
            })
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
            let Ok(mut reader) = RowReader::new(&input[..]) else {
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
        assert_eq!(rows[0].2, Some(Fault::Swallowed { last_line: 4 }));
        assert_eq!((&rows[1].2, &rows[2].2), (&None, &None));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_that_names_its_line() {
        for text in [
            "userId,code\n\na,\"IDU\nb,IDU\n",
            "userId,code\n\na,\"IDU\nb,IDU",
        ] {
            let mut reader = RowReader::new(text.as_bytes()).unwrap();
            let error = reader.next_row().unwrap_err();
            assert!(
                matches!(error, InputError::OpenQuote { line: 3 }),
                "{error}"
            );
        }
    }
}
