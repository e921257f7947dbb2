//! The flags that describe the input.

use std::num::NonZeroU32;

use clap::Args;
use encoding_rs::Encoding;

use crate::args::source::SourceArg;
use crate::args::whole_number::from_one;
use crate::catalog::Catalog;
use crate::input::{ColumnChoice, Format, parse_delimiter, parse_encoding};
use crate::plan::Mode;
use crate::roster::check_same_codes;
use crate::settings::InputSettings;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Column of user IDs, by name or by number from 1
    #[arg(long, value_name = "COLUMN", hide_short_help = true)]
    user_column: Option<String>,

    /// Column of bundle codes; give the flag again for more
    #[arg(long, value_name = "COLUMN", hide_short_help = true)]
    code_column: Vec<String>,

    /// Codes of every user, for a file without such a column
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    #[arg(conflicts_with_all = ["code_column", "wide"])]
    codes: Option<Vec<String>>,

    /// Line of the header [default: the first that has the columns]
    #[arg(
        long,
        value_name = "N",
        hide_short_help = true,
        value_parser = from_one::<NonZeroU32>,
        conflicts_with = "no_headers"
    )]
    header_row: Option<NonZeroU32>,

    /// Column that says whether licences come from an external provider
    #[arg(long, value_name = "COLUMN", hide_short_help = true)]
    external_column: Option<String>,

    /// A column for each code, marked x, 1, y, yes or true
    #[arg(long, conflicts_with_all = ["code_column", "no_headers"])]
    wide: bool,

    /// Sheet of a workbook [default: the first that is not hidden]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    sheet: Option<String>,

    /// IDs of e-mail addresses: a file, `service` or `none`
    #[arg(long, value_name = "SOURCE", hide_short_help = true, value_parser = SourceArg::parser())]
    pub directory: Option<SourceArg>,

    /// Separator, a character or `tab` [default: detected]
    #[arg(long, value_name = "CHAR", value_parser = parse_delimiter)]
    delimiter: Option<u8>,

    /// Such as windows-1252, if the file is not UTF-8
    #[arg(long, value_name = "NAME", value_parser = parse_encoding)]
    encoding: Option<&'static Encoding>,

    /// The first row is a user; columns are given by number
    #[arg(long, hide_short_help = true)]
    no_headers: bool,

    /// Accept codes that `seatload codes` does not list
    #[arg(long, value_name = "CODE,…", hide_short_help = true)]
    #[arg(value_parser = parse_code, value_delimiter = ',')]
    allow_code: Vec<String>,

    /// Accept `remove` or `none` in place of codes, for leavers
    #[arg(long, hide_short_help = true)]
    allow_removal: bool,

    /// Licences are external unless a row says otherwise
    #[arg(long, hide_short_help = true)]
    external_license: bool,
}

impl InputArgs {
    /// What these flags alone say about reading the input.
    ///
    /// # Errors
    /// When `--codes` has anything but codes.
    pub fn into_input_settings(self) -> anyhow::Result<InputSettings> {
        let catalog = Catalog::with_extra_codes(&self.allow_code);
        let check =
            |codes: Vec<String>| check_same_codes(&codes.join(";"), &catalog, self.allow_removal);
        let same_codes = self.codes.map(check).transpose()?;
        Ok(InputSettings {
            format: Format {
                encoding: self.encoding,
                delimiter: self.delimiter,
                has_header: !self.no_headers,
                header_row: self.header_row.map(NonZeroU32::get),
                user_column: self.user_column.map(ColumnChoice),
                code_columns: self.code_column.into_iter().map(ColumnChoice).collect(),
                same_codes,
                external_column: self.external_column.map(ColumnChoice),
                priority_column: None,
                is_wide: self.wide,
                sheet: self.sheet,
            },
            external_license: self.external_license,
            allowed_codes: self.allow_code,
            directory: None,
            current: None,
            mode: Mode::Replace,
            allow_removal: self.allow_removal,
        })
    }
}

fn parse_code(code: &str) -> Result<String, String> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if code.is_empty() || !code.bytes().all(is_valid) {
        return Err("a code consists of letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok(code.to_owned())
}
