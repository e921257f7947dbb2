//! Who has which e-mail address: what an export of the identity service says.

use std::collections::HashMap;
use std::io::Read;

use crate::input::header::ColumnSpec;
use crate::input::table::{Table, TableError};
use crate::sanitize::printable;
use crate::user_id::{UserKey, validate};

/// What the identity service, and what others call its columns.
const COLUMNS: [ColumnSpec; 2] = [
    ColumnSpec {
        what: "user ID",
        flag: None,
        example: "id",
        names: &["userid", "id"],
    },
    ColumnSpec {
        what: "e-mail address",
        flag: None,
        example: "email",
        names: &["email", "emailaddress", "mail"],
    },
];

/// The users of an organisation by e-mail address.
#[derive(Debug, Default)]
pub struct Directory {
    by_address: HashMap<String, Vec<Entry>>,
}

/// A user in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    user_id: String,
    line: u32,
}

/// What an address comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// This user.
    Found(&'a str),
    /// Nobody has it.
    NotFound,
    /// Several users have it: their IDs, and the lines that say so.
    Ambiguous(Vec<(&'a str, u32)>),
}

impl Directory {
    /// Reads a directory: a table with a column of user IDs and one of e-mail addresses.
    ///
    /// # Errors
    /// When it cannot be read, or a row of it is not sound: an address may then belong to more users than it seems.
    pub fn read<'r>(input: impl Read + Send + 'r) -> Result<Self, TableError> {
        let mut table = Table::open("directory", input, &COLUMNS)?;
        let mut directory = Self::default();
        while table.next_row()? {
            let (user_id, address) = (table.cell(0)?, table.cell(1)?);
            // Somebody without an address, or who cannot be given a licence.
            if user_id.is_empty() || address.is_empty() {
                continue;
            }
            if let Some(damage) = validate(user_id) {
                let user_id = printable(user_id, 60);
                return Err(table.row_error(&format!("the user ID \"{user_id}\" {damage}")));
            }
            directory.add(address, user_id, table.line());
        }
        Ok(directory)
    }

    fn add(&mut self, address: &str, user_id: &str, line: u32) {
        let entries = self.by_address.entry(address.to_lowercase()).or_default();
        let is_known = |entry: &Entry| UserKey::of(&entry.user_id) == UserKey::of(user_id);
        if !entries.iter().any(is_known) {
            entries.push(Entry {
                user_id: user_id.to_owned(),
                line,
            });
        }
    }

    /// The user with an e-mail address, whatever its case.
    pub fn resolve(&self, address: &str) -> Lookup<'_> {
        match self
            .by_address
            .get(&address.to_lowercase())
            .map(Vec::as_slice)
        {
            None | Some([]) => Lookup::NotFound,
            Some([entry]) => Lookup::Found(&entry.user_id),
            Some(entries) => Lookup::Ambiguous(
                entries
                    .iter()
                    .map(|entry| (entry.user_id.as_str(), entry.line))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_resolved_whatever_its_case_and_never_by_choice() {
        let file = "id;userName;Email\nu1;ann;Ann@Example.com\nu2;ben;ben@example.com\nu3;ben2;BEN@example.com\nu1;x;ann@example.com\nu4;nobody;\n";
        let directory = Directory::read(file.as_bytes()).unwrap();
        assert_eq!(directory.resolve("ANN@example.com"), Lookup::Found("u1"));
        assert_eq!(directory.resolve("cara@example.com"), Lookup::NotFound);
        assert_eq!(
            directory.resolve("ben@example.com"),
            Lookup::Ambiguous(vec![("u2", 3), ("u3", 4)])
        );
    }

    #[test]
    fn a_row_that_cannot_be_trusted_makes_the_directory_useless() {
        for file in [
            "id,email\nu1,a@b.c,d@e.f\n",
            "id,email\nu1\n",
            "id,email\na@b.c,a@b.c\n",
        ] {
            let error = Directory::read(file.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("line 2 of the directory"), "{error}");
        }
    }
}
