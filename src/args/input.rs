//! The arguments that say how a file is to be read.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use crate::input::{ColumnChoice, EncodingLabel, Format, parse_delimiter};
use crate::plan::Mode;
use crate::settings::InputSettings;

const INPUT: &str = "Input";

#[derive(Debug, Clone, Args)]
pub struct InputArgs {
    /// The encoding of the file, such as windows-1252
    ///
    /// For a file that is not UTF-8 and has no byte order mark.
    #[arg(long, value_name = "NAME", env = "SEATLOAD_ENCODING", help_heading = INPUT, hide_env_values = true)]
    encoding: Option<EncodingLabel>,

    /// What separates the columns: a character, or `tab`
    ///
    /// [default: , ; | or tab, as the first lines show]
    #[arg(long, value_name = "CHAR", env = "SEATLOAD_DELIMITER", help_heading = INPUT, hide_env_values = true)]
    #[arg(value_parser = parse_delimiter)]
    delimiter: Option<u8>,

    /// The first row is a user, not a header; give the columns by number
    #[arg(long, env = "SEATLOAD_NO_HEADERS", help_heading = INPUT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    no_headers: bool,

    /// The column of user IDs, by its name or its number from 1
    #[arg(long, value_name = "COLUMN", env = "SEATLOAD_USER_COLUMN", help_heading = INPUT, hide_env_values = true)]
    user_column: Option<String>,

    /// The column of bundle codes
    #[arg(long, value_name = "COLUMN", env = "SEATLOAD_CODE_COLUMN", help_heading = INPUT, hide_env_values = true)]
    code_column: Option<String>,

    /// The column that says whether licences come from an external provider
    #[arg(long, value_name = "COLUMN", env = "SEATLOAD_EXTERNAL_COLUMN", help_heading = INPUT, hide_env_values = true)]
    external_column: Option<String>,

    /// Each code has a column of its own
    ///
    /// It is marked with x, 1, true, yes or y for those who shall hold the code.
    #[arg(long, env = "SEATLOAD_WIDE", help_heading = INPUT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    #[arg(conflicts_with_all = ["code_column", "no_headers"])]
    wide: bool,

    /// The sheet of a workbook, by its name [default: the first that is not hidden]
    #[arg(long, value_name = "NAME", env = "SEATLOAD_SHEET", help_heading = INPUT, hide_env_values = true)]
    sheet: Option<String>,

    /// Take this code too, though `seatload codes` does not list it; several are separated by commas
    #[arg(long, value_name = "CODE", env = "SEATLOAD_ALLOW_CODE", help_heading = INPUT, hide_env_values = true)]
    #[arg(value_parser = parse_code, value_delimiter = ',')]
    allow_code: Vec<String>,

    /// A table of e-mail addresses and user IDs, by which e-mail addresses in the file become user IDs
    #[arg(long, value_name = "FILE", env = "SEATLOAD_DIRECTORY", help_heading = INPUT, hide_env_values = true)]
    directory: Option<PathBuf>,

    /// Rows that do not say get licences of an external provider
    #[arg(long, env = "SEATLOAD_EXTERNAL_LICENSE", help_heading = INPUT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    external_license: bool,

    /// Send nothing at all if there is a bad row
    ///
    /// failures.csv names all of them.
    #[arg(long, env = "SEATLOAD_STRICT", help_heading = INPUT, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    strict: bool,
}

impl InputArgs {
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// How the input is read, by itself.
    pub fn into_input_settings(self) -> InputSettings {
        InputSettings {
            format: Format {
                encoding: self.encoding,
                delimiter: self.delimiter,
                has_header: !self.no_headers,
                user_column: self.user_column.map(ColumnChoice),
                code_column: self.code_column.map(ColumnChoice),
                external_column: self.external_column.map(ColumnChoice),
                priority_column: None,
                is_wide: self.wide,
                sheet: self.sheet,
            },
            external_license: self.external_license,
            allowed_codes: self.allow_code,
            directory: self.directory,
            current: None,
            mode: Mode::Replace,
        }
    }
}

fn parse_code(code: &str) -> Result<String, String> {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match !code.is_empty() && code.bytes().all(is_sound) {
        true => Ok(code.to_owned()),
        false => Err("a code is made of letters, digits, `-`, `_` and `.`".to_owned()),
    }
}
