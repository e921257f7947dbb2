//! How a file is written, as far as its reader was told.

use std::str::FromStr;

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use super::dialect::can_separate;

/// How a file is written. What is not told is found out, and where there are two ways to read it, that is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Format {
    /// The encoding of a text without a byte order mark; UTF-8 if nothing is told.
    pub encoding: Option<EncodingLabel>,
    /// The byte that separates columns.
    pub delimiter: Option<u8>,
    /// The first record names the columns.
    pub has_header: bool,
    /// The column of user IDs.
    pub user_column: Option<ColumnChoice>,
    /// The column of bundle codes.
    pub code_column: Option<ColumnChoice>,
    /// The column of external flags.
    pub external_column: Option<ColumnChoice>,
    /// The column of priorities.
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
            user_column: None,
            code_column: None,
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

/// An encoding of the WHATWG Encoding Standard, by any of its labels there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EncodingLabel(pub &'static Encoding);

impl FromStr for EncodingLabel {
    type Err = String;

    fn from_str(label: &str) -> Result<Self, String> {
        match Encoding::for_label_no_replacement(label.as_bytes()) {
            Some(encoding) => Ok(Self(encoding)),
            None => Err(
                "no such encoding; common ones are windows-1252, utf-16le, iso-8859-2, windows-1251, shift_jis, gb18030"
                    .to_owned(),
            ),
        }
    }
}

impl TryFrom<String> for EncodingLabel {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        label.parse()
    }
}

impl From<EncodingLabel> for String {
    fn from(label: EncodingLabel) -> Self {
        label.0.name().to_owned()
    }
}

/// Reads a delimiter: one character, or `tab`.
///
/// # Errors
/// When it cannot separate columns; the error says what can.
pub fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        &[byte] if can_separate(byte) => Ok(byte),
        _ => Err("give one character, such as ; or | or the word tab".to_owned()),
    }
}
