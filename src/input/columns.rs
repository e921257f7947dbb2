//! Which column of the file holds what.

use std::fmt;

use csv::ByteRecord;

use super::header::{Column, ColumnSpec, Header, two_columns};
use super::sheet::address;
use super::{Format, InputError};
use crate::catalog::Catalog;
use crate::sanitize::printable;

const USER: ColumnSpec = ColumnSpec {
    what: "user ID",
    flag: Some("user-column"),
    example: "userId",
    names: &["userid", "userids", "user"],
};
const CODES: ColumnSpec = ColumnSpec {
    what: "bundle code",
    flag: Some("code-column"),
    example: "userBundleCode",
    names: &[
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
    ],
};
const EXTERNAL: ColumnSpec = ColumnSpec {
    what: "external licence",
    flag: Some("external-column"),
    example: "useExternalLicense",
    names: &[
        "useexternallicense",
        "useexternallicence",
        "externallicense",
        "externallicence",
        "external",
    ],
};
/// Nothing is a priority by its name: somebody must say so.
const PRIORITY: ColumnSpec = ColumnSpec {
    what: "priority",
    flag: Some("priority"),
    example: "priority",
    names: &[],
};

/// A column that gives those whom it marks one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeColumn {
    /// The column.
    pub column: Column,
    /// The code.
    pub code: String,
}

/// Where the codes stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeColumns {
    /// In a column of codes.
    Long(Column),
    /// Each has a column of its own, with marks.
    Wide(Vec<CodeColumn>),
}

/// The columns that seatload reads; all others are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The user ID.
    pub user: Column,
    /// The bundle codes.
    pub codes: CodeColumns,
    /// Whether the external licence is used; a file need not say.
    pub external: Option<Column>,
    /// Numbers to go by, lower ones first, in place of the file's order.
    pub priority: Option<Column>,
    /// The names of the columns that are not read.
    pub ignored: Vec<String>,
    /// How many fields every row must have.
    pub count: usize,
    /// Cells have addresses.
    pub is_sheet: bool,
}

/// Where in a row something stands, as the file's owner sees it: `column "Code"`, or `cell C58 (column "Code")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLocation(String);

impl fmt::Display for CellLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Columns {
    /// Finds the columns, in the first record of a file.
    pub fn find(
        first: &ByteRecord,
        format: &Format,
        catalog: &Catalog,
        is_sheet: bool,
    ) -> Result<Self, InputError> {
        let header = Header::new(first, format.has_header)?;
        let user = header.choose(&USER, format.user_column.as_ref())?;
        let codes = header.choose(&CODES, format.code_column.as_ref());
        let external = header.choose(&EXTERNAL, format.external_column.as_ref())?;
        let priority = header.choose(&PRIORITY, format.priority_column.as_ref())?;
        let user = user.ok_or_else(|| header.missing(&USER));
        let codes = match format.is_wide {
            true => match codes? {
                Some(column) => {
                    return Err(InputError::MixedLayout {
                        column: printable(&column.name.unwrap_or_default(), 60),
                    });
                }
                None => {
                    let others = [user.as_ref().ok(), external.as_ref()];
                    let others: Vec<_> = others
                        .into_iter()
                        .flatten()
                        .map(|column| column.at)
                        .collect();
                    CodeColumns::Wide(header.marks(catalog, &others)?)
                }
            },
            false => match codes? {
                Some(column) => CodeColumns::Long(column),
                // Without a user column that is the first thing to say.
                None if user.is_ok() => return Err(header.no_codes(catalog)),
                None => return Err(user.err().unwrap_or_else(|| header.missing(&CODES))),
            },
        };
        let mut columns = Self {
            user: user?,
            codes,
            external,
            priority,
            ignored: Vec::new(),
            count: header.count,
            is_sheet,
        };
        columns.check_distinct()?;
        columns.ignored = columns.find_ignored(&header);
        Ok(columns)
    }

    /// Where a column's cell in the row on a line stands.
    pub fn place(&self, column: &Column, line: u32) -> CellLocation {
        let named = match &column.name {
            Some(name) => Some(format!("column \"{}\"", printable(name, 60))),
            None if self.is_sheet => None,
            None => Some(format!("column {}", column.at + 1)),
        };
        CellLocation(match (self.is_sheet, named) {
            (false, named) => named.unwrap_or_default(),
            (true, None) => format!("cell {}", address(column.at, line)),
            (true, Some(named)) => format!("cell {} ({named})", address(column.at, line)),
        })
    }

    /// Where the codes stand in the row on a line.
    pub fn place_of_codes(&self, line: u32) -> CellLocation {
        match &self.codes {
            CodeColumns::Long(column) => self.place(column, line),
            CodeColumns::Wide(_) => CellLocation("any column of a code".to_owned()),
        }
    }

    /// Every column that is read, and what it holds.
    fn read(&self) -> impl Iterator<Item = (&Column, &'static str)> + Clone {
        let (long, wide) = match &self.codes {
            CodeColumns::Long(column) => (Some(column), [].as_slice()),
            CodeColumns::Wide(marks) => (None, marks.as_slice()),
        };
        let codes = long
            .into_iter()
            .chain(wide.iter().map(|marks| &marks.column));
        let external = self.external.iter().map(|column| (column, EXTERNAL.what));
        let priority = self.priority.iter().map(|column| (column, PRIORITY.what));
        std::iter::once((&self.user, USER.what))
            .chain(external)
            .chain(priority)
            .chain(codes.map(|column| (column, CODES.what)))
    }

    fn check_distinct(&self) -> Result<(), InputError> {
        for (count, (column, second)) in self.read().enumerate() {
            let mut before = self.read().take(count);
            if let Some((_, first)) = before.find(|(other, _)| other.at == column.at) {
                return Err(InputError::SameColumn {
                    at: column.at + 1,
                    first,
                    second,
                });
            }
        }
        Ok(())
    }

    fn find_ignored(&self, header: &Header) -> Vec<String> {
        let is_read = |at: usize| self.read().any(|(column, _)| column.at == at);
        let names = header.names.iter().flatten().enumerate();
        names
            .filter(|(at, name)| !is_read(*at) && !name.is_empty())
            .map(|(_, name)| name.clone())
            .collect()
    }
}

impl Header {
    fn no_codes(&self, catalog: &Catalog) -> InputError {
        let names = self.names.iter().flatten();
        let named: Vec<_> = names
            .filter(|name| catalog.find(name).is_some())
            .cloned()
            .collect();
        match named.is_empty() {
            true => self.missing(&CODES),
            false => InputError::MaybeWide {
                columns: printable(&named.join(", "), 200),
            },
        }
    }

    /// The columns that are named after codes, but for those that hold something else.
    fn marks(&self, catalog: &Catalog, others: &[usize]) -> Result<Vec<CodeColumn>, InputError> {
        let mut found: Vec<CodeColumn> = Vec::new();
        let names = self.names.iter().flatten().enumerate();
        for (at, name) in names.filter(|(at, _)| !others.contains(at)) {
            let Some(code) = catalog.find(name) else {
                let suggestion = catalog.suggest(name).map(str::to_owned);
                if suggestion.is_some() || looks_like_a_code(name) {
                    return Err(InputError::MisspelledCodeColumn {
                        column: printable(name, 60),
                        suggestion,
                    });
                }
                continue;
            };
            if let Some(first) = found.iter().find(|marks| marks.code == code) {
                let first_name = first.column.name.clone().unwrap_or_default();
                return Err(two_columns(
                    format!("code {code}"),
                    None,
                    (first.column.at, &first_name),
                    (at, name),
                ));
            }
            found.push(CodeColumn {
                column: self.column(at),
                code: code.to_owned(),
            });
        }
        match found.is_empty() {
            true => Err(InputError::NoCodeColumns {
                header: self.shown().unwrap_or_default(),
            }),
            false => Ok(found),
        }
    }
}

/// Whether a name is made as the vendor makes its codes, which a column of something else hardly is.
fn looks_like_a_code(name: &str) -> bool {
    name.len() > 3
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && (name.ends_with("NU") || name.ends_with("CU"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &[&str]) -> Result<Columns, InputError> {
        Columns::find(
            &ByteRecord::from(header.to_vec()),
            &Format::default(),
            &Catalog::default(),
            false,
        )
    }

    #[test]
    fn columns_are_found_whatever_their_case_blanks_and_dashes() {
        for (user, codes, external) in [
            ("userId", "userBundleCodes", "useExternalLicense"),
            ("User ID", "bundle code", "External"),
            ("user_id", "License-Code", "USE EXTERNAL LICENSE"),
            (" USERID ", "code", "use_external_licence"),
            ("user-id", "Bundle", "external license"),
        ] {
            let columns = find(&["department", external, user, codes]).unwrap();
            assert_eq!(columns.user.at, 2, "{user}");
            let CodeColumns::Long(codes) = columns.codes else {
                panic!("{user}");
            };
            assert_eq!(codes.at, 3);
            assert_eq!(columns.external.map(|column| column.at), Some(1));
        }
    }
}
