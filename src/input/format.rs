//! How the owner of a file says that it is written.

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::input::dialect::is_valid_delimiter;

/// How a file is written. What is not given is detected; if that is ambiguous, reading fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Format {
    /// The encoding of text without a byte order mark; UTF-8 by default.
    pub encoding: Option<&'static Encoding>,
    pub delimiter: Option<u8>,
    pub has_header: bool,
    /// The line of the header.
    #[serde(default)]
    pub header_row: Option<u32>,
    pub user_column: Option<ColumnChoice>,
    /// Their codes are joined.
    #[serde(default)]
    pub code_columns: Vec<ColumnChoice>,
    /// The codes of every user, as a cell lists them, in a file without a column of codes.
    #[serde(default)]
    pub same_codes: Option<String>,
    pub external_column: Option<ColumnChoice>,
    pub priority_column: Option<ColumnChoice>,
    /// Each code has a column of its own.
    pub is_wide: bool,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            encoding: None,
            delimiter: None,
            has_header: true,
            header_row: None,
            user_column: None,
            code_columns: Vec::new(),
            same_codes: None,
            external_column: None,
            priority_column: None,
            is_wide: false,
            sheet: None,
        }
    }
}

/// A column's name, or its number from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnChoice(pub String);

/// Parses any label of the WHATWG Encoding Standard.
///
/// # Errors
/// When there is no such label.
pub fn parse_encoding(label: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        "unknown encoding; common ones are windows-1252, utf-16le, iso-8859-2, windows-1251, shift_jis, gb18030"
            .to_owned()
    })
}

/// Parses a delimiter: one character, or `tab`.
///
/// # Errors
/// When it cannot separate columns.
pub fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        &[byte] if is_valid_delimiter(byte) => Ok(byte),
        _ => Err("use one character, such as ; or |, or the word tab".to_owned()),
    }
}
