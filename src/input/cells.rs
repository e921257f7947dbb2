//! The cells of a record: text, trimmed, or what is wrong with them.

use std::borrow::Cow;

use crate::catalog::Catalog;
use crate::input::column::Column;
use crate::input::columns::{CodeColumn, CodeColumns, Columns};
use crate::input::record::Record;
use crate::input::records::Records;
use crate::input::row::{Cells, RowReadError};
use crate::sanitize::unescape_formula;

/// Reads the cells of a record that the columns name.
pub struct CellReader<'a> {
    pub record: &'a Record,
    pub columns: &'a Columns,
    pub catalog: &'a Catalog,
    /// Where the record comes from.
    pub records: &'a Records<'a>,
}

impl<'a> CellReader<'a> {
    /// The cells of the row. What is wrong with one becomes the row's `error`, unless there is an error already.
    pub fn cells(&self, error: &mut Option<RowReadError>) -> Cells<'a> {
        let columns = self.columns;
        let user = self.cell(&columns.user, error);
        let mut optional = |column: &Option<Column>| {
            let column = column.as_ref()?;
            Some(self.cell(column, error))
        };
        let external = optional(&columns.external);
        let priority = optional(&columns.priority);
        let codes = match &columns.codes {
            CodeColumns::Lists(columns) => {
                self.append_extra_cells(self.listed_codes(columns, error))
            }
            CodeColumns::Wide(columns) => self.marked_codes(columns, error).into(),
            CodeColumns::Same(codes) => Cow::Borrowed(codes.as_str()),
        };
        Cells {
            user,
            codes,
            external,
            priority,
        }
    }

    fn cell(&self, column: &Column, error: &mut Option<RowReadError>) -> Cow<'a, str> {
        let record = self.record;
        let location = || self.columns.location(column, record.line);
        if let Some(damage) = record.damage(column.index) {
            error.get_or_insert_with(|| RowReadError::Damaged {
                location: location(),
                damage: damage.clone(),
            });
        }
        let bytes = record.field(column.index);
        let Ok(text) = std::str::from_utf8(bytes) else {
            error.get_or_insert_with(|| RowReadError::NotUtf8 {
                location: location(),
                likely: self.records.likely_encoding(),
            });
            return Cow::Owned(String::from_utf8_lossy(bytes).into_owned());
        };
        let text = text.trim();
        if text.contains('\n') && !self.is_list_of_codes(column, text) {
            error.get_or_insert_with(|| RowReadError::MultilineCell {
                location: location(),
                last_line: record.has_several_lines().then_some(record.last_line),
            });
        }
        Cow::Borrowed(unescape_formula(text))
    }

    /// Whether a cell lists codes, which may be on a line each.
    fn is_list_of_codes(&self, column: &Column, text: &str) -> bool {
        match &self.columns.codes {
            CodeColumns::Lists(codes) => codes.contains(column) && self.catalog.is_list(text),
            CodeColumns::Wide(_) | CodeColumns::Same(_) => false,
        }
    }

    /// The codes of the cells that list them, joined as one cell joins them.
    fn listed_codes(&self, columns: &[Column], error: &mut Option<RowReadError>) -> Cow<'a, str> {
        let mut codes = Cow::Borrowed("");
        for column in columns {
            let cell = self.cell(column, error);
            if codes.is_empty() {
                codes = cell;
            } else if !cell.is_empty() {
                codes.to_mut().push(';');
                codes.to_mut().push_str(&cell);
            }
        }
        codes
    }

    /// The codes, and the cells beyond the last column: they may be codes that lack their quotes.
    fn append_extra_cells(&self, mut codes: Cow<'a, str>) -> Cow<'a, str> {
        for extra in self.record.fields.iter().skip(self.columns.count) {
            let extra = String::from_utf8_lossy(extra);
            if !extra.trim().is_empty() {
                codes.to_mut().push(';');
                codes.to_mut().push_str(extra.trim());
            }
        }
        codes
    }

    /// The codes whose columns are marked, joined as a cell of a long file joins them. An unknown mark counts as one.
    fn marked_codes(&self, columns: &[CodeColumn], error: &mut Option<RowReadError>) -> String {
        let mut codes: Vec<&str> = Vec::new();
        for CodeColumn { column, code } in columns {
            let cell = self.cell(column, error);
            let mark = parse_bool(&cell);
            if mark.is_none() {
                error.get_or_insert_with(|| RowReadError::UnknownMark {
                    location: self.columns.location(column, self.record.line),
                    found: cell.into_owned(),
                });
            }
            if mark != Some(false) {
                codes.push(code);
            }
        }
        codes.join(";")
    }
}

/// Parses a mark in a column of a code, or an external flag.
pub fn parse_bool(cell: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(cell));
    if is_one_of(&["", "0", "false", "no", "n"]) {
        Some(false)
    } else if is_one_of(&["x", "1", "true", "yes", "y"]) {
        Some(true)
    } else {
        None
    }
}
