//! Why an input cannot be imported at all, and the next step.

use std::path::PathBuf;

use crate::hint::Hint;
use crate::humanize::count;
use crate::input::column::ColumnSpec;
use crate::input::columns::CODES;
use crate::input::guess::{ColumnGuess, HeaderPlace};
use crate::input::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};
use crate::sanitize::shell_quote;

#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("cannot open {}", path.display())]
    Open {
        path: PathBuf,
        /// The file that was probably meant.
        similar: Option<PathBuf>,
        source: std::io::Error,
    },
    #[error("{} is a pipe or a device, and an input is read more than once", path.display())]
    NotAFile { path: PathBuf },
    #[error("{input} changed while it was read")]
    Changed { input: String },
    /// Reading failed at or after a line.
    #[error("reading failed near line {line}")]
    Read { line: u64, source: std::io::Error },
    #[error("the file is empty")]
    Empty,
    #[error("the file has a header but no rows")]
    NoRows,
    #[error("the file is UTF-16 text without a byte order mark")]
    Utf16WithoutMark {
        /// The encoding that it seems to have.
        encoding: &'static str,
    },
    #[error("the file is {kind}")]
    UnsupportedFile {
        kind: &'static str,
        hint: &'static str,
    },
    #[error("the workbook has no sheet \"{name}\"\n  found: {}", sheets.join(", "))]
    NoSheet { name: String, sheets: Vec<String> },
    #[error("every sheet of the workbook is hidden\n  found: {}", sheets.join(", "))]
    NoVisibleSheet { sheets: Vec<String> },
    #[error("the sheet \"{sheet}\" has other columns than the sheet before it")]
    OtherHeader { sheet: String },
    #[error("the file is a zip archive, but not a readable workbook (.xlsx)")]
    Workbook {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The workbook is copied because its reader seeks.
    #[error("cannot copy the workbook to the temporary folder {}", folder.display())]
    Temporary {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("--sheet is for workbooks, but the input is a text file")]
    SheetOfText,
    #[error("--delimiter is for text files, but the input is a workbook")]
    DelimiterOfWorkbook,
    #[error("line {line}, which --header-row names, is blank or beyond the end of the file")]
    NoHeaderRow { line: u32 },
    #[error("no {} column in the header\n  found: {header}", spec.label)]
    MissingColumn {
        spec: &'static ColumnSpec,
        header: String,
        /// A column that may be of this kind.
        candidate: Option<String>,
        /// The delimiter is probably another one.
        is_only_column: bool,
    },
    #[error(
        "the header is not UTF-8{}",
        likely.map(|name| format!("; it looks like {name}")).unwrap_or_default()
    )]
    HeaderNotUtf8 {
        /// The encoding that the file seems to have.
        likely: Option<&'static str>,
    },
    /// The header names no column of users, or of codes, but some columns hold them.
    #[error("{}\n  found: {}", unnamed_columns(.0), .0.header)]
    UnnamedColumns(Box<ColumnGuess>),
    /// There is no codes column, but there are columns named after codes.
    #[error("no bundle code column in the header, but columns named after codes: {columns}")]
    MaybeWide { columns: String },
    #[error("no column is named after a bundle code (--wide)\n  found: {header}")]
    NoCodeColumns { header: String },
    /// A wide file has a column of codes as well.
    #[error("column \"{column}\" lists bundle codes, but --wide expects a column for each code")]
    MixedLayout { column: String },
    /// The codes are given by a flag, and the file has a column of them as well.
    #[error(
        "column \"{column}\" says who gets which codes, but --codes gives every user the same ones"
    )]
    CodesTwice { column: String },
    #[error("column \"{column}\" looks like a bundle code, but there is no such code")]
    MisspelledCodeColumn {
        column: String,
        suggestion: Option<String>,
    },
    #[error(
        "no column {name} (--{flag}){}",
        header.as_ref().map(|header| format!("\n  found: {header}")).unwrap_or_default()
    )]
    NoSuchColumn {
        name: String,
        flag: &'static str,
        /// `None` if the file has no header.
        header: Option<String>,
    },
    #[error("without a header, seatload cannot find the user ID and bundle code columns")]
    MissingColumnNumbers,
    #[error("two columns look like the {label}: {first} and {second}")]
    AmbiguousColumn {
        label: String,
        flag: Option<&'static str>,
        first: String,
        second: String,
        second_number: usize,
    },
    #[error("column {number} is both the {} column and the {} column", first.label, second.label)]
    SameColumn {
        /// From 1.
        number: usize,
        first: &'static ColumnSpec,
        second: &'static ColumnSpec,
    },
    #[error(
        "the columns may be separated by {} or by {}: both fit the first lines",
        delimiter_name(*first),
        delimiter_name(*second)
    )]
    AmbiguousDelimiter { first: u8, second: u8 },
    #[error("the header has more than {} columns", count(MAX_COLUMNS as u64))]
    TooManyColumns,
    #[error("line {line}: a quote is opened but never closed, so the rest of the file is one cell")]
    OpenQuote { line: u32 },
    #[error("line {line}: the row is longer than {} MiB", MAX_RECORD_BYTES / (1024 * 1024))]
    LineTooLong { line: u32 },
    #[error("the file has more than 4,294,967,295 lines")]
    TooManyLines,
}

impl Hint for InputError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            // Without a similar file, the system's error decides.
            Self::Open { similar, .. } => {
                let similar = similar.as_ref()?;
                return Some(format!("did you mean {}?", shell_quote(similar)));
            }
            Self::NotAFile { .. } => {
                "pass it on standard input: seatload import - < FILE; or save it in a file"
            }
            Self::Changed { .. } => "wait until the file is complete, then start again",
            Self::Read { .. } => "check that the file is complete, or export it again",
            Self::Empty => "add a header with userId and userBundleCodes, then a row for each user",
            Self::NoRows => "add a row for each user below the header",
            Self::Utf16WithoutMark { encoding } => {
                return Some(format!("use --encoding {encoding}"));
            }
            Self::UnsupportedFile { hint, .. } => hint,
            Self::NoSheet { sheets, .. } | Self::NoVisibleSheet { sheets } => {
                let sheet = sheets.first().map_or("NAME", String::as_str);
                return Some(format!("choose a sheet, such as --sheet \"{sheet}\""));
            }
            Self::OtherHeader { .. } => {
                "give both sheets the columns that failures.xlsx had, or correct failures.csv instead"
            }
            Self::Workbook { .. } => {
                "unpack the archive; or open the workbook in a spreadsheet program and save it again, as .xlsx or as \"CSV UTF-8\""
            }
            Self::Temporary { .. } => {
                "free some space there, or name another folder in the variable TMPDIR (on Windows: TEMP)"
            }
            Self::SheetOfText => "remove --sheet",
            Self::DelimiterOfWorkbook => "remove --delimiter",
            Self::NoHeaderRow { .. } => "give the line of the header, counted from 1",
            Self::MissingColumn {
                spec,
                candidate,
                is_only_column,
                ..
            } => {
                return Some(missing_column_hint(
                    spec,
                    candidate.as_deref(),
                    *is_only_column,
                ));
            }
            Self::HeaderNotUtf8 { likely } => {
                let encoding = likely.unwrap_or("windows-1252").to_ascii_lowercase();
                let verb = if likely.is_some() {
                    "use"
                } else {
                    "give its encoding, such as"
                };
                return Some(format!(
                    "{verb} --encoding {encoding}, or save the file as \"CSV UTF-8\""
                ));
            }
            Self::UnnamedColumns(guess) => {
                let choice = if guess.users.len() > 1 {
                    "choose one, such as "
                } else {
                    ""
                };
                return Some(format!("{}: {choice}{}", guess.text(), guess.flags()));
            }
            Self::MaybeWide { .. } => "add --wide if a mark in such a column gives users that code",
            Self::NoCodeColumns { .. } => {
                "name the columns after the codes that `seatload codes` lists, or remove --wide"
            }
            Self::MixedLayout { .. } => "remove --wide, or remove the column",
            Self::CodesTwice { .. } => {
                "remove --codes; or rename the column if it is about something else"
            }
            Self::MisspelledCodeColumn { column, suggestion } => {
                return Some(misspelled_column_hint(column, suggestion.as_deref()));
            }
            Self::NoSuchColumn {
                header: Some(_), ..
            } => "use a name from the header, or the column's number from 1",
            Self::NoSuchColumn { header: None, .. } => "use the column's number, from 1",
            Self::MissingColumnNumbers => {
                "give their numbers, from 1, such as --user-column 1 --code-column 2"
            }
            Self::AmbiguousColumn {
                flag: Some(flag),
                second_number,
                ..
            } => {
                return Some(format!(
                    "choose one by its number, such as --{flag} {second_number}, or rename the other"
                ));
            }
            Self::AmbiguousColumn { flag: None, .. } => "rename or remove one of them",
            Self::SameColumn { first, second, .. } => {
                let flags: Vec<_> = [first.flag, second.flag].into_iter().flatten().collect();
                return Some(format!(
                    "choose another column with --{}",
                    flags.join(" or --")
                ));
            }
            Self::AmbiguousDelimiter { first, second } => {
                let (first, second) = (delimiter_argument(*first), delimiter_argument(*second));
                return Some(format!(
                    "choose one: --delimiter {first} or --delimiter {second}"
                ));
            }
            Self::TooManyColumns => "check that this is the right file and the right --delimiter",
            Self::OpenQuote { .. } => "close or remove the quote",
            Self::LineTooLong { .. } => "check that this is a text file or a workbook",
            Self::TooManyLines => "split the file",
        };
        Some(hint.to_owned())
    }
}

impl InputError {
    /// The next step for a file beside the input. The flags that describe the input do not apply to it.
    pub fn hint_for_side_file(&self) -> Option<String> {
        let hint = match self {
            Self::MissingColumn { spec, .. } => {
                let example = spec.example;
                return Some(format!(
                    "name a column {example}, and separate the columns by commas"
                ));
            }
            Self::UnnamedColumns(_) => "name the columns userId and userBundleCodes",
            Self::AmbiguousColumn { .. } => "rename or remove one of them",
            Self::MaybeWide { .. } => "list the codes in one column, userBundleCodes",
            Self::Utf16WithoutMark { .. }
            | Self::HeaderNotUtf8 { .. }
            | Self::AmbiguousDelimiter { .. }
            | Self::TooManyColumns => "save it as \"CSV UTF-8\", with commas between the columns",
            Self::NoVisibleSheet { .. } => "show the sheet, or save it as \"CSV UTF-8\"",
            _ => return self.hint(),
        };
        Some(hint.to_owned())
    }
}

fn unnamed_columns(guess: &ColumnGuess) -> String {
    let knows_codes = guess.codes.is_empty() && !guess.lacks_codes;
    let missing = match (guess.users.is_empty(), knows_codes) {
        (false, false) => "user ID and bundle code columns",
        (false, true) => "user ID column",
        (true, _) => "bundle code column",
    };
    match guess.place {
        HeaderPlace::Nowhere => format!("without a header, seatload cannot find the {missing}"),
        HeaderPlace::First | HeaderPlace::Line(_) => format!("no {missing} in the header"),
    }
}

fn missing_column_hint(spec: &ColumnSpec, candidate: Option<&str>, is_only_column: bool) -> String {
    let (example, flag) = (spec.example, spec.flag.unwrap_or_default());
    if let Some(name) = candidate {
        return format!("if \"{name}\" is the right column, use --{flag} \"{name}\"");
    }
    let name_it = format!("name a column {example}");
    let choose_it = format!("choose one by its name or number with --{flag}");
    let give_codes = "give every user the same codes with --codes";
    let delimit = "if the columns are not separated by commas, use --delimiter";
    match (*spec == CODES, is_only_column) {
        (false, false) => format!("{name_it}, or {choose_it}"),
        (false, true) => format!("{name_it}; {delimit}"),
        (true, false) => format!("{name_it}, {choose_it}, or {give_codes}"),
        (true, true) => format!("{name_it}, or {give_codes}; {delimit}"),
    }
}

fn misspelled_column_hint(column: &str, suggestion: Option<&str>) -> String {
    match suggestion {
        Some(code) => {
            format!("rename the column to {code}; for a new code, use --allow-code {column}")
        }
        None => format!("for a new code, use --allow-code {column}; otherwise rename the column"),
    }
}

fn delimiter_name(delimiter: u8) -> &'static str {
    match delimiter {
        b';' => "semicolons",
        b'\t' => "tabs",
        b'|' => "bars",
        _ => "commas",
    }
}

/// A delimiter as it is typed in a shell.
fn delimiter_argument(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "tab".to_owned(),
        other => format!("\"{}\"", char::from(other)),
    }
}
