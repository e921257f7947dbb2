//! Why an input cannot be imported at all. Each says what to do about it.

use std::path::PathBuf;

use super::{MAX_COLUMNS, MAX_RECORD_BYTES};

/// Why the input cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reading failed on the way.
    #[error("reading failed near line {line}: the input is damaged, cut off, or cannot be read")]
    Read {
        /// The line at which the failed read began.
        line: u64,
        /// What went wrong.
        source: std::io::Error,
    },
    /// There is nothing in the input.
    #[error(
        "the input is empty\n  hint: give it a header that names a user ID and a bundle code column, and a row for each user and code"
    )]
    Empty,
    /// There is nothing below the header.
    #[error("the input has a header and no rows: there is nothing to import")]
    NoRows,
    /// It is a file of another kind.
    #[error("the input is {kind}\n  hint: {advice}")]
    UnsupportedFile {
        /// What it is.
        kind: &'static str,
        /// What makes an input of it.
        advice: &'static str,
    },
    /// The sheet that was asked for is not there.
    #[error("the workbook has no sheet {name}\n  hint: choose one of its sheets: {sheets}")]
    NoSheet {
        /// What was asked for.
        name: String,
        /// The sheets that are there.
        sheets: String,
    },
    /// The workbook cannot be read.
    #[error(
        "the input is a zip archive, and not a workbook (.xlsx) that can be read: {reason}\n  hint: unpack it; or open it in a spreadsheet program and save it again, as .xlsx or as \"CSV UTF-8\""
    )]
    Workbook {
        /// What went wrong.
        reason: String,
    },
    /// The workbook cannot be copied to where its reader can jump to and fro.
    #[error("cannot keep a copy of the workbook in the temporary folder, {}\n  hint: make room there, or set TMPDIR to another folder", std::env::temp_dir().display())]
    Temporary {
        /// What the system said.
        source: std::io::Error,
    },
    /// A needed column is missing.
    #[error(
        "no {what} column in the header, which reads: {header}\n  hint: name one column `{example}`{}{}",
        flag.map(|flag| format!(", or give its name or number by --{flag}")).unwrap_or_default(),
        if *only_one { "; or separate the columns by commas (the header has none)" } else { "" }
    )]
    NoColumn {
        /// What the column would hold.
        what: &'static str,
        /// A name that would do.
        example: &'static str,
        /// The flag that chooses the column, if one does.
        flag: Option<&'static str>,
        /// The names that the header has.
        header: String,
        /// The header has a single column, so the separator is likely another one.
        only_one: bool,
    },
    /// There is no codes column, and columns are named after codes.
    #[error(
        "no bundle code column in the header, but columns named after codes: {columns}\n  hint: if a mark in such a column gives the user that code, import with --wide"
    )]
    MaybeWide {
        /// The columns that are named after codes.
        columns: String,
    },
    /// There is no column named after a code.
    #[error(
        "no column is named after a bundle code; the header reads: {header}\n  hint: name the columns by the codes or names that `seatload codes` lists, or leave out --wide"
    )]
    NoCodeColumns {
        /// The names that the header has.
        header: String,
    },
    /// A wide file has a codes column as well.
    #[error(
        "column \"{column}\" holds bundle codes, and other columns are named after codes: one of the two would be ignored\n  hint: leave out --wide, or remove the column"
    )]
    MixedLayout {
        /// The column of codes.
        column: String,
    },
    /// A column of a wide file is nearly named after a code.
    #[error(
        "column \"{column}\" looks like a bundle code and is none{}\n  hint: correct the name, allow it by --allow-code, or rename the column if it is something else",
        suggestion.as_ref().map(|code| format!("; did you mean {code}?")).unwrap_or_default()
    )]
    MisspelledCodeColumn {
        /// The column.
        column: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// A column that was asked for is not there.
    #[error(
        "there is no column {name} (--{flag}){}",
        match header {
            Some(header) => format!("; the header reads: {header}\n  hint: give the name as it stands there, or the column's number from 1"),
            None => "\n  hint: give the column's number, from 1".to_owned(),
        }
    )]
    NoSuchColumn {
        /// What was asked for.
        name: String,
        /// The flag that asked.
        flag: &'static str,
        /// The names that the header has, if there is one.
        header: Option<String>,
    },
    /// Without a header, columns must be told.
    #[error(
        "without a header, nothing says which column holds what\n  hint: give the numbers of the columns, from 1: --user-column and --code-column"
    )]
    MissingColumnNumbers,
    /// Two columns could be the same one.
    #[error(
        "two columns look like the {what}: \"{first}\" (column {first_at}) and \"{second}\" (column {second_at})\n  hint: {}rename or remove one of them",
        flag.map(|flag| format!("choose one by its number, --{flag}, or ")).unwrap_or_default()
    )]
    AmbiguousColumn {
        /// What the column would hold.
        what: String,
        /// The flag that chooses the column, if one does.
        flag: Option<&'static str>,
        /// The name of the first.
        first: String,
        /// Its place, from 1.
        first_at: usize,
        /// The name of the second.
        second: String,
        /// Its place, from 1.
        second_at: usize,
    },
    /// One column was chosen for two things.
    #[error("column {at} is chosen as the {first} and as the {second}\n  hint: choose another")]
    SameColumn {
        /// Its place, from 1.
        at: usize,
        /// What it would hold.
        first: &'static str,
        /// What else it would hold.
        second: &'static str,
    },
    /// The columns can be told apart in more than one way.
    #[error(
        "the columns may be separated by {first} or by {second}: both fit the first lines\n  hint: say which, by --delimiter"
    )]
    AmbiguousDelimiter {
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The header has more columns than are taken.
    #[error(
        "the header has more than {MAX_COLUMNS} columns: is this the right file, and the right --delimiter?"
    )]
    TooManyColumns,
    /// A quoted cell has no end.
    #[error(
        "line {line}: a quote is opened here and never closed, so all that follows would be one cell\n  hint: close or remove the quote"
    )]
    OpenQuote {
        /// The line on which the quote stands.
        line: u32,
    },
    /// A row is longer than any.
    #[error(
        "from line {line} on, there are more than {} MiB without the end of a row: is this a text file?",
        MAX_RECORD_BYTES / (1024 * 1024)
    )]
    LineTooLong {
        /// The line.
        line: u32,
    },
    /// The file has more lines than can be numbered.
    #[error("the input has more than 4,294,967,295 lines\n  hint: split it")]
    TooManyLines,
}
