//! What was found in a file: which sheet, which line is the header, which columns. It is shown, since nothing is to be
//! guessed in silence.

use encoding_rs::Encoding;
use serde::Serialize;

use crate::humanize::count_of;
use crate::input::{CodeColumns, Column, Columns};
use crate::sanitize::printable;

/// The longest list of names, in characters.
const MAX_NAMES: usize = 200;

/// docs/json.md describes its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    /// The encoding of a text file; `None` for UTF-8 and for a workbook.
    pub encoding: Option<&'static str>,
    /// `None` in a file without a header.
    pub header_line: Option<u32>,
    /// The sheets that are read. Empty for a text file.
    pub sheets: Vec<String>,
    /// The other visible sheets.
    pub unread_sheets: Vec<String>,
    /// The rows of the sheets that are hidden, such as by a filter.
    pub hidden_rows: u64,
    /// The columns that are read, by name or number.
    pub user_column: String,
    /// Where each code has a column of its own, the codes.
    pub code_columns: Vec<String>,
    /// The codes of every user, where no column lists them.
    pub same_codes: Option<String>,
    /// Columns that are not read.
    pub unused_columns: Vec<String>,
    /// Those of them that seem to list codes.
    pub unused_code_columns: Vec<String>,
}

impl Layout {
    pub fn of(columns: &Columns) -> Self {
        let mut same_codes = None;
        let code_columns = match &columns.codes {
            CodeColumns::Lists(columns) => columns.iter().map(name).collect(),
            CodeColumns::Wide(columns) => columns.iter().map(|code| code.code.clone()).collect(),
            CodeColumns::Same(codes) => {
                same_codes = Some(codes.clone());
                Vec::new()
            }
        };
        let sheets = columns.sheets.as_ref();
        Self {
            encoding: columns.encoding.map(Encoding::name),
            header_line: columns.header_line,
            sheets: sheets
                .map(|sheets| sheets.names().collect())
                .unwrap_or_default(),
            unread_sheets: sheets
                .map(|sheets| sheets.unread.clone())
                .unwrap_or_default(),
            hidden_rows: sheets.map_or(0, |sheets| sheets.hidden_rows),
            user_column: name(&columns.user),
            code_columns,
            same_codes,
            unused_columns: columns.ignored.iter().map(name).collect(),
            unused_code_columns: columns.ignored_codes.iter().map(name).collect(),
        }
    }

    /// A line for each thing that was found.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.sheets.is_empty() {
            let unread = match self.unread_sheets.as_slice() {
                [] => String::new(),
                unread => format!("; not read: {}", names(unread)),
            };
            lines.push(format!("  sheet: {}{unread}", names(&self.sheets)));
        }
        if let Some(encoding) = self.encoding {
            lines.push(format!("  encoding: {encoding}"));
        }
        match self.header_line {
            Some(1) | None => {}
            Some(2) => lines.push("  header: line 2; the line above it is ignored".to_owned()),
            Some(line) => lines.push(format!(
                "  header: line {line}; the {} lines above it are ignored",
                line - 1
            )),
        }
        let unused = match self.unused_columns.as_slice() {
            [] => String::new(),
            unused => format!("; not used: {}", names(unused)),
        };
        let codes = match &self.same_codes {
            Some(codes) => format!("{} for every user", printable(codes, MAX_NAMES)),
            None => names(&self.code_columns),
        };
        lines.push(format!(
            "  users: {}; codes: {codes}{unused}",
            printable(&self.user_column, MAX_NAMES),
        ));
        lines
    }

    /// Warnings of what the file shows and the import does not do, or the other way round.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = [self.hidden_rows_warning(), self.unused_codes_warning()];
        warnings.into_iter().flatten().collect()
    }

    fn hidden_rows_warning(&self) -> Option<String> {
        let are_hidden = match self.hidden_rows {
            0 => return None,
            1 => "1 row of the workbook is hidden, but is read like all others".to_owned(),
            rows => format!(
                "{} of the workbook are hidden, but are read like all others",
                count_of(rows, "row")
            ),
        };
        Some(format!(
            "warning: {are_hidden}\n  hint: to import the visible rows only, copy them to a new workbook"
        ))
    }

    fn unused_codes_warning(&self) -> Option<String> {
        let (columns, list) = match self.unused_code_columns.len() {
            0 => return None,
            1 => ("column", "lists"),
            _ => ("columns", "list"),
        };
        let quoted = self
            .unused_code_columns
            .iter()
            .map(|name| format!("\"{name}\""));
        let quoted = printable(&quoted.collect::<Vec<_>>().join(", "), MAX_NAMES);
        let hint = match &self.same_codes {
            Some(_) => {
                "to use them, name every column of codes with --code-column, in place of --codes"
            }
            None => "to use them, name every column of codes with --code-column",
        };
        Some(format!(
            "warning: the {columns} {quoted} {list} bundle codes that no user gets\n  hint: {hint}"
        ))
    }
}

fn name(column: &Column) -> String {
    match &column.name {
        Some(name) => name.clone(),
        None => format!("column {}", column.index + 1),
    }
}

fn names(names: &[String]) -> String {
    printable(&names.join(", "), MAX_NAMES)
}
