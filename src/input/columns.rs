//! The columns of the input that seatload reads.

use csv::ByteRecord;
use encoding_rs::Encoding;

use crate::catalog::Catalog;
use crate::input::column::{Column, ColumnSpec};
use crate::input::error::InputError;
use crate::input::format::{ColumnChoice, Format};
use crate::input::header::{Header, ambiguous_column};
use crate::input::location::{CellLocation, Sheets};
use crate::sanitize::printable;

pub const USER: ColumnSpec = ColumnSpec::new("user ID", "userId", &["userid", "userids", "user"])
    .with_flag("user-column")
    // E-mail addresses, which the directory turns into IDs.
    .with_fallbacks(&[
        "email",
        "emailaddress",
        "mail",
        "upn",
        "userprincipalname",
        "username",
        "login",
    ])
    .with_candidates(&["id", "guid", "userguid"]);
pub const CODES: ColumnSpec = ColumnSpec::new("bundle code", "userBundleCode", CODE_NAMES)
    .with_flag("code-column")
    .with_fallbacks(&[
        "license", "licenses", "licence", "licences", "sku", "product", "products",
    ]);
const CODE_NAMES: &[&str] = &[
    "userbundlecode",
    "userbundlecodes",
    "bundlecode",
    "bundlecodes",
    "licensecode",
    "licensecodes",
    "licencecode",
    "licencecodes",
    "code",
    "codes",
    "bundle",
    "bundles",
];
const EXTERNAL: ColumnSpec =
    ColumnSpec::new("external licence", "useExternalLicense", EXTERNAL_NAMES)
        .with_flag("external-column");
const EXTERNAL_NAMES: &[&str] = &[
    "useexternallicense",
    "useexternallicence",
    "externallicense",
    "externallicence",
    "external",
];
/// No name makes a column the priority: only the flag does.
const PRIORITY: ColumnSpec = ColumnSpec::new("priority", "priority", &[]).with_flag("priority");

/// A column whose marks give users one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeColumn {
    pub column: Column,
    pub code: String,
}

/// Where the codes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeColumns {
    /// Listed in a column, or in several whose cells are joined.
    Lists(Vec<Column>),
    /// Each in a column of its own, with marks.
    Wide(Vec<CodeColumn>),
    /// In no column: every user gets these, as a cell would list them.
    Same(String),
}

/// The columns that seatload reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub user: Column,
    pub codes: CodeColumns,
    pub external: Option<Column>,
    /// Numbers that replace the file's order; lower ones come first.
    pub priority: Option<Column>,
    /// The columns with names that are not read.
    pub ignored: Vec<Column>,
    /// Those of them that seem to list codes.
    pub ignored_codes: Vec<Column>,
    /// The number of fields of every row.
    pub count: usize,
    /// The line of the header; `None` in a file without one.
    pub header_line: Option<u32>,
    /// The encoding of a text file, if it is not UTF-8.
    pub encoding: Option<&'static Encoding>,
    /// The sheets of a workbook, whose cells have addresses.
    pub sheets: Option<Sheets>,
}

impl Columns {
    /// Finds the columns in the first record of a file.
    pub fn find(
        first: &ByteRecord,
        format: &Format,
        catalog: &Catalog,
    ) -> Result<Self, InputError> {
        let header = Header::new(first, format.has_header)?;
        let user = header.find(&USER, format.user_column.as_ref())?;
        let external = header.find(&EXTERNAL, format.external_column.as_ref())?;
        let priority = header.find(&PRIORITY, format.priority_column.as_ref())?;
        let lists = find_lists(&header, &format.code_columns)?;
        let codes = if let Some(codes) = &format.same_codes {
            same_codes(codes, &header, lists, catalog)
        } else if format.is_wide {
            let others = [&user, &external].into_iter().flatten();
            let others: Vec<_> = others.map(|column| column.index).collect();
            find_wide_codes(&header, lists.into_iter().next(), catalog, &others)
        } else if lists.is_empty() {
            Err(missing_codes(&header, catalog))
        } else {
            Ok(CodeColumns::Lists(lists))
        };
        let mut columns = Self {
            user: user.ok_or_else(|| header.missing_column(&USER))?,
            codes: codes?,
            external,
            priority,
            ignored: Vec::new(),
            ignored_codes: Vec::new(),
            count: header.count,
            header_line: None,
            sheets: None,
            encoding: None,
        };
        columns.check_distinct()?;
        let all = columns.all();
        let is_ignored = |index| all.iter().all(|(column, _)| column.index != index);
        let ignored = header.named().filter(|(index, _)| is_ignored(*index));
        columns.ignored = ignored.map(|(index, _)| header.column(index)).collect();
        Ok(columns)
    }

    /// The location of a column's cell in the row on a line.
    pub fn location(&self, column: &Column, line: u32) -> CellLocation {
        CellLocation::new(column, line, self.sheets.as_ref())
    }

    /// The location of the codes in the row on a line.
    pub fn codes_location(&self, line: u32) -> CellLocation {
        match &self.codes {
            CodeColumns::Lists(columns) if columns.len() == 1 => self.location(&columns[0], line),
            CodeColumns::Lists(_) | CodeColumns::Wide(_) => CellLocation::any_code_column(),
            CodeColumns::Same(_) => CellLocation::flag("codes"),
        }
    }

    /// Every column that is read, with its kind.
    fn all(&self) -> Vec<(&Column, &'static ColumnSpec)> {
        let mut all = vec![(&self.user, &USER)];
        all.extend(self.external.iter().map(|column| (column, &EXTERNAL)));
        all.extend(self.priority.iter().map(|column| (column, &PRIORITY)));
        match &self.codes {
            CodeColumns::Lists(columns) => {
                all.extend(columns.iter().map(|column| (column, &CODES)));
            }
            CodeColumns::Wide(columns) => {
                all.extend(columns.iter().map(|code| (&code.column, &CODES)));
            }
            CodeColumns::Same(_) => {}
        }
        all
    }

    fn check_distinct(&self) -> Result<(), InputError> {
        let all = self.all();
        for (position, (column, second)) in all.iter().enumerate() {
            let mut before = all[..position].iter();
            if let Some((_, first)) = before.find(|(other, _)| other.index == column.index) {
                return Err(InputError::SameColumn {
                    number: column.index + 1,
                    first,
                    second,
                });
            }
        }
        Ok(())
    }
}

/// Which columns a record names.
pub struct NamedColumns {
    pub user: bool,
    pub codes: bool,
}

impl NamedColumns {
    pub fn of(first: &ByteRecord, format: &Format) -> Self {
        let Ok(header) = Header::new(first, true) else {
            return Self {
                user: false,
                codes: false,
            };
        };
        let user = header.find(&USER, format.user_column.as_ref());
        let codes = find_lists(&header, &format.code_columns);
        Self {
            user: !matches!(user, Ok(None)),
            codes: format.same_codes.is_some() || !codes.is_ok_and(|columns| columns.is_empty()),
        }
    }
}

/// The columns that list codes: those that are chosen, or else the one with a name of the kind.
fn find_lists(header: &Header, choices: &[ColumnChoice]) -> Result<Vec<Column>, InputError> {
    if choices.is_empty() {
        return Ok(header.find(&CODES, None)?.into_iter().collect());
    }
    let found = choices
        .iter()
        .map(|choice| header.find(&CODES, Some(choice)));
    let found: Result<Vec<_>, _> = found.collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The codes that every user gets. The file must have none, in a list or in columns of their own: they could differ.
fn same_codes(
    codes: &str,
    header: &Header,
    lists: Vec<Column>,
    catalog: &Catalog,
) -> Result<CodeColumns, InputError> {
    let number = |column: &Column| (column.index + 1).to_string();
    let lists =
        { lists.iter() }.map(|column| column.name.clone().unwrap_or_else(|| number(column)));
    let wide = columns_named_after_codes(header, catalog).map(str::to_owned);
    match lists.chain(wide).next() {
        None => Ok(CodeColumns::Same(codes.to_owned())),
        Some(column) => Err(InputError::CodesTwice {
            column: printable(&column, 60),
        }),
    }
}

fn columns_named_after_codes<'a>(
    header: &'a Header,
    catalog: &Catalog,
) -> impl Iterator<Item = &'a str> {
    let names = header.named().map(|(_, name)| name);
    names.filter(|name| catalog.find(name).is_some())
}

/// The error of a file without a column of codes. Such a file may be a wide one.
fn missing_codes(header: &Header, catalog: &Catalog) -> InputError {
    let codes: Vec<_> = columns_named_after_codes(header, catalog).collect();
    if codes.is_empty() {
        return header.missing_column(&CODES);
    }
    InputError::MaybeWide {
        columns: printable(&codes.join(", "), 200),
    }
}

/// The columns that are named after codes, except for `others`, which are of another kind.
fn find_wide_codes(
    header: &Header,
    list: Option<Column>,
    catalog: &Catalog,
    others: &[usize],
) -> Result<CodeColumns, InputError> {
    if let Some(column) = list {
        return Err(InputError::MixedLayout {
            column: printable(&column.name.unwrap_or_default(), 60),
        });
    }
    let mut columns: Vec<CodeColumn> = Vec::new();
    for (index, name) in header.named().filter(|(index, _)| !others.contains(index)) {
        let column = header.column(index);
        let Some(code) = catalog.find(name) else {
            check_spelling(name, catalog)?;
            continue;
        };
        if let Some(first) = columns.iter().find(|other| other.code == code) {
            let label = format!("code {code}");
            return Err(ambiguous_column(label, None, &first.column, &column));
        }
        columns.push(CodeColumn {
            column,
            code: code.to_owned(),
        });
    }
    if columns.is_empty() {
        return Err(InputError::NoCodeColumns {
            header: header.text().unwrap_or_default(),
        });
    }
    Ok(CodeColumns::Wide(columns))
}

/// Rejects a column whose name is nearly a code, or is made as the vendor makes its codes.
fn check_spelling(name: &str, catalog: &Catalog) -> Result<(), InputError> {
    let suggestion = catalog.suggest(name).map(str::to_owned);
    let looks_like_a_code = name.len() > 3
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && (name.ends_with("NU") || name.ends_with("CU"));
    if suggestion.is_none() && !looks_like_a_code {
        return Ok(());
    }
    Err(InputError::MisspelledCodeColumn {
        column: printable(name, 60),
        suggestion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &[&str]) -> Result<Columns, InputError> {
        Columns::find(
            &ByteRecord::from(header.to_vec()),
            &Format::default(),
            &Catalog::default(),
        )
    }

    #[test]
    fn columns_are_found_whatever_their_case_spaces_and_dashes() {
        for (user, codes, external) in [
            ("userId", "userBundleCodes", "useExternalLicense"),
            ("User ID", "bundle code", "External"),
            ("user_id", "License-Code", "USE EXTERNAL LICENSE"),
            (" USERID ", "code", "use_external_licence"),
            ("user-id", "Bundle", "external license"),
        ] {
            let columns = find(&["department", external, user, codes]).unwrap();
            assert_eq!(columns.user.index, 2, "{user}");
            let CodeColumns::Lists(codes) = columns.codes else {
                panic!("{user}");
            };
            assert_eq!(codes[0].index, 3);
            assert_eq!(columns.external.map(|column| column.index), Some(1));
        }
    }

    /// A flag does not conflict with the same setting of a profile, so both may be there.
    #[test]
    fn codes_of_every_user_are_refused_beside_a_column_of_codes_without_a_name() {
        let choice = |number: &str| ColumnChoice(number.to_owned());
        let format = Format {
            has_header: false,
            user_column: Some(choice("1")),
            code_columns: vec![choice("2")],
            same_codes: Some("IDU".to_owned()),
            ..Format::default()
        };
        let row = ByteRecord::from(vec!["ann", "PMD"]);
        let error = Columns::find(&row, &format, &Catalog::default()).unwrap_err();
        assert!(
            matches!(&error, InputError::CodesTwice { column } if column == "2"),
            "{error}"
        );
    }
}
