//! A directory from a table, such as an export of the identity service.

use std::io::Read;

use super::Directory;
use crate::input::{ColumnSpec, Table, TableError};
use crate::sanitize::printable;
use crate::user_id::validate;

/// The columns of the identity service, and their names elsewhere.
const COLUMNS: [ColumnSpec; 2] = [
    ColumnSpec::new("user ID", "id", &["userid", "id"]),
    ColumnSpec::new(
        "e-mail address",
        "email",
        &["email", "emailaddress", "mail"],
    ),
];

impl Directory {
    /// Reads a table with a column of user IDs and one of e-mail addresses.
    ///
    /// # Errors
    /// When the table cannot be read or has a bad row: an address may then belong to more users than it seems.
    pub fn read<'r>(input: impl Read + Send + 'r) -> Result<Self, TableError> {
        let mut table = Table::open("directory", input, &COLUMNS)?;
        let mut directory = Self::default();
        while table.next_row()? {
            let (user_id, address) = (table.cell(0)?, table.cell(1)?);
            // Users without an address, and addresses of invited people without an ID, cannot be looked up.
            if user_id.is_empty() || address.is_empty() {
                continue;
            }
            if let Some(invalid) = validate(user_id) {
                let user_id = printable(user_id, 60);
                return Err(table.row_error(format!("the user ID \"{user_id}\" {invalid}")));
            }
            directory.add(address, user_id, table.line());
        }
        Ok(directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Lookup;

    #[test]
    fn an_address_is_resolved_in_any_case_unless_it_is_ambiguous() {
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
    fn a_bad_row_makes_the_directory_unusable() {
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
