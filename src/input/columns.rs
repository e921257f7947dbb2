//! Which column of the file holds what, told from its header.

use csv::ByteRecord;

use super::InputError;
use crate::text::printable;

/// What a column can hold, and the names that say so once case, blanks, `_` and `-` are gone.
const USER: &[&str] = &["userid", "userids", "user"];
const CODES: &[&str] = &[
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
const EXTERNAL: &[&str] = &[
    "useexternallicense",
    "useexternallicence",
    "externallicense",
    "externallicence",
    "external",
];

/// A column: where it stands, from 0, and its name as the file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The place in a record, from 0.
    pub at: usize,
    /// The name in the header.
    pub name: String,
}

/// The columns that seatload reads; all others are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The user ID.
    pub user: Column,
    /// One bundle code, or several.
    pub codes: Column,
    /// Whether the external licence is used; a file need not say.
    pub external: Option<Column>,
    /// How many fields the header has, and so every row.
    pub count: usize,
}

impl Columns {
    /// Finds the columns in a header.
    ///
    /// # Errors
    /// When a needed column is missing, or two columns could be the same one.
    pub fn find(header: &ByteRecord) -> Result<Self, InputError> {
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        let missing = |what, accepted: &[&str]| InputError::NoColumn {
            what,
            example: accepted[0].to_owned(),
            header: printable(&names.join(", "), 200),
            only_one: names.len() == 1,
        };
        Ok(Self {
            user: one_of(&names, USER, "user ID")?.ok_or_else(|| missing("user ID", USER))?,
            codes: one_of(&names, CODES, "bundle code")?
                .ok_or_else(|| missing("bundle code", CODES))?,
            external: one_of(&names, EXTERNAL, "external licence")?,
            count: names.len(),
        })
    }
}

fn one_of(
    names: &[String],
    accepted: &[&str],
    what: &'static str,
) -> Result<Option<Column>, InputError> {
    let mut found: Option<Column> = None;
    for (at, name) in names.iter().enumerate() {
        if !accepted.contains(&plain(name).as_str()) {
            continue;
        }
        if let Some(first) = found {
            return Err(InputError::TwoColumns {
                what,
                first: printable(&first.name, 60),
                first_at: first.at + 1,
                second: printable(name, 60),
                second_at: at + 1,
            });
        }
        found = Some(Column {
            at,
            name: name.clone(),
        });
    }
    Ok(found)
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
        Columns::find(&ByteRecord::from(header.to_vec()))
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
            assert_eq!((columns.user.at, columns.codes.at), (2, 3), "{user}");
            assert_eq!(columns.external.map(|column| column.at), Some(1));
        }
    }

    #[test]
    fn a_missing_column_is_named_with_what_the_header_holds() {
        let error = find(&["name", "code"]).unwrap_err().to_string();
        assert!(
            error.contains("no user ID column") && error.contains("name, code"),
            "{error}"
        );
    }

    #[test]
    fn two_columns_that_could_be_the_user_are_both_named() {
        let error = find(&["User ID", "userId", "code"])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"User ID\" (column 1)") && error.contains("\"userId\" (column 2)"),
            "{error}"
        );
    }
}
