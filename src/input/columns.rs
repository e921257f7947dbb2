//! Which column of the file holds what: told, or found by name in the header.

use std::fmt;

use csv::ByteRecord;

use super::sheet::address;
use super::{ColumnChoice, Format, InputError, MAX_COLUMNS};
use crate::catalog::Catalog;
use crate::text::printable;

/// What a column can hold, and the names that say so once case, blanks, `_` and `-` are gone.
struct Wanted {
    what: &'static str,
    /// The flag that chooses it, if one does.
    flag: Option<&'static str>,
    /// A name that will do, as the service writes it.
    example: &'static str,
    names: &'static [&'static str],
}

const USER: Wanted = Wanted {
    what: "user ID",
    flag: Some("user-column"),
    example: "userId",
    names: &["userid", "userids", "user"],
};
const CODES: Wanted = Wanted {
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
const EXTERNAL: Wanted = Wanted {
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
/// What the identity service, and what others call it.
const DIRECTORY_USER: Wanted = Wanted {
    what: "user ID",
    flag: None,
    example: "id",
    names: &["userid", "id"],
};
const EMAIL: Wanted = Wanted {
    what: "e-mail address",
    flag: None,
    example: "email",
    names: &["email", "emailaddress", "mail"],
};

/// A column: where it stands, from 0, and its name as the file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The place in a record, from 0.
    pub at: usize,
    /// The name in the header, if there is one.
    pub name: Option<String>,
}

/// A column that gives those whom it marks one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
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
    Wide(Vec<Marks>),
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
    /// The names of the columns that are not read.
    pub ignored: Vec<String>,
    /// How many fields every row must have.
    pub count: usize,
    /// Cells have addresses.
    pub is_sheet: bool,
}

/// Where in a row something stands, as the file's owner sees it: `column "Code"`, or `cell C58 (column "Code")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Columns {
    /// Finds the columns, in the first record of a file.
    pub(super) fn find(
        first: &ByteRecord,
        format: &Format,
        catalog: &Catalog,
        is_sheet: bool,
    ) -> Result<Self, InputError> {
        let header = Header::new(first, format.has_header)?;
        let user = header.choose(&USER, format.user_column.as_ref())?;
        let codes = header.choose(&CODES, format.code_column.as_ref());
        let external = header.choose(&EXTERNAL, format.external_column.as_ref())?;
        let user = user.ok_or_else(|| header.missing(&USER));
        let codes = match format.is_wide {
            true => match codes? {
                Some(column) => {
                    return Err(InputError::LongAndWide {
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
            ignored: Vec::new(),
            count: header.count,
            is_sheet,
        };
        columns.check_distinct()?;
        columns.ignored = columns.find_ignored(&header);
        Ok(columns)
    }

    /// Where a column's cell in the row on a line stands.
    pub fn place(&self, column: &Column, line: u32) -> Place {
        let named = match &column.name {
            Some(name) => Some(format!("column \"{}\"", printable(name, 60))),
            None if self.is_sheet => None,
            None => Some(format!("column {}", column.at + 1)),
        };
        Place(match (self.is_sheet, named) {
            (false, named) => named.unwrap_or_default(),
            (true, None) => format!("cell {}", address(column.at, line)),
            (true, Some(named)) => format!("cell {} ({named})", address(column.at, line)),
        })
    }

    /// Where the codes stand in the row on a line.
    pub fn place_of_codes(&self, line: u32) -> Place {
        match &self.codes {
            CodeColumns::Long(column) => self.place(column, line),
            CodeColumns::Wide(_) => Place("any column of a code".to_owned()),
        }
    }

    fn check_distinct(&self) -> Result<(), InputError> {
        let mut chosen = vec![(&self.user, USER.what)];
        chosen.extend(self.external.as_ref().map(|column| (column, EXTERNAL.what)));
        match &self.codes {
            CodeColumns::Long(column) => chosen.push((column, CODES.what)),
            CodeColumns::Wide(marks) => {
                chosen.extend(marks.iter().map(|marks| (&marks.column, CODES.what)));
            }
        }
        for (count, &(column, second)) in chosen.iter().enumerate() {
            if let Some(&(_, first)) = chosen[..count]
                .iter()
                .find(|(other, _)| other.at == column.at)
            {
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
        let is_read = |at: usize| {
            at == self.user.at
                || self.external.as_ref().is_some_and(|column| column.at == at)
                || match &self.codes {
                    CodeColumns::Long(column) => column.at == at,
                    CodeColumns::Wide(marks) => marks.iter().any(|marks| marks.column.at == at),
                }
        };
        let names = header.names.iter().flatten().enumerate();
        names
            .filter(|(at, name)| !is_read(*at) && !name.is_empty())
            .map(|(_, name)| name.clone())
            .collect()
    }
}

/// The columns of a directory: user ID and e-mail address.
pub(super) fn directory_columns(first: &ByteRecord) -> Result<(Column, Column, usize), InputError> {
    let header = Header::new(first, true)?;
    let user = header.choose(&DIRECTORY_USER, None)?;
    let email = header.choose(&EMAIL, None)?;
    Ok((
        user.ok_or_else(|| header.missing(&DIRECTORY_USER))?,
        email.ok_or_else(|| header.missing(&EMAIL))?,
        header.count,
    ))
}

/// The names that a first record gives, or how many columns it has.
struct Header {
    names: Option<Vec<String>>,
    count: usize,
}

impl Header {
    fn new(first: &ByteRecord, has_header: bool) -> Result<Self, InputError> {
        let names: Vec<String> = first
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        // Delimiters at the end of lines make columns that nobody meant.
        let count = match has_header {
            true => names
                .iter()
                .rposition(|name| !name.is_empty())
                .map_or(0, |last| last + 1),
            false => names.len(),
        };
        if count > MAX_COLUMNS {
            return Err(InputError::TooManyColumns);
        }
        Ok(Self {
            names: has_header.then_some(names),
            count,
        })
    }

    fn shown(&self) -> Option<String> {
        let names = self.names.as_ref()?;
        Some(printable(&names[..self.count].join(", "), 200))
    }

    fn column(&self, at: usize) -> Column {
        let name = self.names.as_ref().map(|names| names[at].clone());
        Column { at, name }
    }

    /// The column that was chosen, or else the one that is named so.
    fn choose(
        &self,
        wanted: &Wanted,
        choice: Option<&ColumnChoice>,
    ) -> Result<Option<Column>, InputError> {
        let Some(ColumnChoice(choice)) = choice else {
            return self.one_of(wanted, |name| wanted.names.contains(&name));
        };
        let name = plain(choice);
        if let Some(column) = self.one_of(wanted, |other| other == name)? {
            return Ok(Some(column));
        }
        match choice.trim().parse::<usize>() {
            Ok(number) if (1..=self.count).contains(&number) => Ok(Some(self.column(number - 1))),
            _ => Err(InputError::NoSuchColumn {
                name: printable(choice, 60),
                flag: wanted.flag.unwrap_or_default(),
                header: self.shown(),
            }),
        }
    }

    /// The one column whose plain name will do.
    fn one_of(
        &self,
        wanted: &Wanted,
        will_do: impl Fn(&str) -> bool,
    ) -> Result<Option<Column>, InputError> {
        let names = self.names.iter().flatten().enumerate();
        let mut found = names.filter(|(_, name)| will_do(&plain(name)));
        let (first, second) = (found.next(), found.next());
        if let (Some((first_at, first)), Some((second_at, second))) = (first, second) {
            return Err(two_columns(
                wanted.what.to_owned(),
                wanted.flag,
                (first_at, first),
                (second_at, second),
            ));
        }
        Ok(first.map(|(at, _)| self.column(at)))
    }

    fn missing(&self, wanted: &Wanted) -> InputError {
        match self.shown() {
            Some(header) => InputError::NoColumn {
                what: wanted.what,
                example: wanted.example,
                flag: wanted.flag,
                header,
                only_one: self.count == 1,
            },
            None => InputError::ColumnsUntold,
        }
    }

    fn no_codes(&self, catalog: &Catalog) -> InputError {
        let names = self.names.iter().flatten();
        let named: Vec<_> = names
            .filter(|name| catalog.find(name).is_some())
            .cloned()
            .collect();
        match named.is_empty() {
            true => self.missing(&CODES),
            false => InputError::LooksWide {
                columns: printable(&named.join(", "), 200),
            },
        }
    }

    /// The columns that are named after codes, but for those that hold something else.
    fn marks(&self, catalog: &Catalog, others: &[usize]) -> Result<Vec<Marks>, InputError> {
        let mut found: Vec<Marks> = Vec::new();
        let names = self.names.iter().flatten().enumerate();
        for (at, name) in names.filter(|(at, _)| !others.contains(at)) {
            let Some(code) = catalog.find(name) else {
                let suggestion = catalog.suggest(name).map(str::to_owned);
                if suggestion.is_some() || looks_like_a_code(name) {
                    return Err(InputError::DoubtfulCode {
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
            found.push(Marks {
                column: self.column(at),
                code: code.to_owned(),
            });
        }
        match found.is_empty() {
            true => Err(InputError::NotWide {
                header: self.shown().unwrap_or_default(),
            }),
            false => Ok(found),
        }
    }
}

fn two_columns(
    what: String,
    flag: Option<&'static str>,
    (first_at, first): (usize, &str),
    (second_at, second): (usize, &str),
) -> InputError {
    InputError::TwoColumns {
        what,
        flag,
        first: printable(first, 60),
        first_at: first_at + 1,
        second: printable(second, 60),
        second_at: second_at + 1,
    }
}

/// Whether a name is made as the vendor makes its codes, which a column of something else hardly is.
fn looks_like_a_code(name: &str) -> bool {
    name.len() > 3
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && (name.ends_with("NU") || name.ends_with("CU"))
}

/// A header name without what people write in many ways.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
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
