//! One error of each variant, for the snapshot of all messages.

use std::io;

use crate::diagnostic::Sample;
use crate::input::columns::{CODES, USER};
use crate::input::error::InputError;
use crate::input::guess::{ColumnGuess, GuessedColumn, HeaderPlace};

/// A guess of columns that follow each other.
fn unnamed(place: HeaderPlace, users: &[&str], codes: &[&str]) -> Box<ColumnGuess> {
    let column = |(number, name): (usize, &&str)| GuessedColumn {
        number,
        name: (*name).to_owned(),
        example: String::new(),
    };
    let header = [users, codes].concat().join(", ");
    Box::new(ColumnGuess {
        place,
        header,
        users: (1..).zip(users).map(column).collect(),
        lacks_codes: codes.is_empty() && place == HeaderPlace::Nowhere,
        codes: (users.len() + 1..).zip(codes).map(column).collect(),
    })
}

/// One error of each variant, for the snapshot of all messages.
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    let missing = || io::Error::from(io::ErrorKind::NotFound);
    let text = str::to_owned;
    let sheets = || vec![text("Users"), text("Notes")];
    let errors = [
        InputError::Open {
            path: "users.csv".into(),
            similar: None,
            source: missing(),
        },
        InputError::Open {
            path: "users".into(),
            similar: Some("users.csv".into()),
            source: missing(),
        },
        InputError::NotAFile {
            path: "/dev/fd/63".into(),
        },
        InputError::Changed {
            input: text("users.csv"),
        },
        InputError::Read {
            line: 3,
            source: io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file"),
        },
        InputError::Empty,
        InputError::NoRows,
        InputError::Utf16WithoutMark {
            encoding: "utf-16le",
        },
        InputError::UnsupportedFile {
            kind: "a PDF",
            hint: "export the table as CSV",
        },
        InputError::NoSheet {
            name: text("Third"),
            sheets: sheets(),
        },
        InputError::NoVisibleSheet { sheets: sheets() },
        InputError::OtherHeader {
            sheet: text("Bad rows"),
        },
        InputError::Workbook {
            source: "invalid Zip archive: Could not find EOCD".into(),
        },
        InputError::Temporary {
            folder: "/tmp".into(),
            source: io::Error::from(io::ErrorKind::StorageFull),
        },
        InputError::SheetOfText,
        InputError::DelimiterOfWorkbook,
        InputError::NoHeaderRow { line: 9 },
        InputError::MissingColumn {
            spec: &USER,
            header: text("Employee, E-Mail, License"),
            candidate: Some(text("E-Mail")),
            is_only_column: false,
        },
        InputError::MissingColumn {
            spec: &CODES,
            header: text("userId, department"),
            candidate: None,
            is_only_column: false,
        },
        InputError::MissingColumn {
            spec: &USER,
            header: text("userId:code"),
            candidate: None,
            is_only_column: true,
        },
        InputError::HeaderNotUtf8 {
            likely: Some("Shift_JIS"),
        },
        InputError::HeaderNotUtf8 { likely: None },
        InputError::UnnamedColumns(unnamed(
            HeaderPlace::Line(4),
            &["Benutzer-ID"],
            &["Lizenzcode"],
        )),
        InputError::UnnamedColumns(unnamed(HeaderPlace::First, &["Person", "Manager"], &[])),
        InputError::UnnamedColumns(unnamed(HeaderPlace::First, &[], &["Bundle 1", "Bundle 2"])),
        InputError::UnnamedColumns(unnamed(HeaderPlace::Nowhere, &[""], &[""])),
        InputError::UnnamedColumns(unnamed(HeaderPlace::Nowhere, &[""], &[])),
        InputError::MaybeWide {
            columns: text("IDU, PMD"),
        },
        InputError::NoCodeColumns {
            header: text("userId, department"),
        },
        InputError::MixedLayout {
            column: text("code"),
        },
        InputError::CodesTwice {
            column: text("Licence"),
        },
        InputError::MisspelledCodeColumn {
            column: text("ATTUNUU"),
            suggestion: Some(text("ATTUNU")),
        },
        InputError::MisspelledCodeColumn {
            column: text("NEWBOTNU"),
            suggestion: None,
        },
        InputError::NoSuchColumn {
            name: text("Person"),
            flag: "user-column",
            header: Some(text("userId, code")),
        },
        InputError::NoSuchColumn {
            name: text("3"),
            flag: "code-column",
            header: None,
        },
        InputError::MissingColumnNumbers,
        InputError::AmbiguousColumn {
            label: text("user ID"),
            flag: Some("user-column"),
            first: text("\"userId\" (column 1)"),
            second: text("\"User ID\" (column 3)"),
            second_number: 3,
        },
        InputError::AmbiguousColumn {
            label: text("code IDU"),
            flag: None,
            first: text("\"IDU\" (column 2)"),
            second: text("\"idu\" (column 3)"),
            second_number: 3,
        },
        InputError::SameColumn {
            number: 2,
            first: &USER,
            second: &CODES,
        },
        InputError::AmbiguousDelimiter {
            first: b',',
            second: b'\t',
        },
        InputError::TooManyColumns,
        InputError::OpenQuote { line: 4 },
        InputError::LineTooLong { line: 7 },
        InputError::TooManyLines,
    ];
    errors.into_iter().map(Sample::error).collect()
}
