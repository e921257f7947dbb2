//! Who has which e-mail address: what an export of the identity service says.

use std::collections::HashMap;
use std::io::Read;

use super::columns::directory_columns;
use super::records::{Record, Records};
use super::{Format, InputError};
use crate::text::printable;
use crate::user_id::{UserKey, damage};

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
pub enum Resolved<'a> {
    /// This user.
    User(&'a str),
    /// Nobody has it.
    Nobody,
    /// Several users have it: their IDs, and the lines that say so.
    Several(Vec<(&'a str, u32)>),
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] InputError),
    /// A row of it cannot be trusted, so an address may belong to more users than it seems.
    #[error("line {line} of the directory: {what}\n  to do: export it again, or correct the line")]
    BadRow {
        /// The line.
        line: u32,
        /// What is wrong with it.
        what: String,
    },
}

impl Directory {
    /// Reads a directory: a table with a column of user IDs and one of e-mail addresses.
    ///
    /// # Errors
    /// When it cannot be read, or a row of it is not sound.
    pub fn read<'r>(input: impl Read + Send + 'r) -> Result<Self, DirectoryError> {
        let fits = |first: &csv::ByteRecord| directory_columns(first).is_ok();
        let mut records = Records::open(Box::new(input), &Format::default(), fits)?;
        let mut record = Record::default();
        if !records.read(&mut record)? {
            return Err(InputError::Empty.into());
        }
        let (user, email, count) = directory_columns(&record.fields)?;
        let mut directory = Self::default();
        while records.read(&mut record)? {
            let bad = |what: &str| DirectoryError::BadRow {
                line: record.line,
                what: what.to_owned(),
            };
            if records.is_ragged(&record, count) {
                return Err(bad("it has more or fewer fields than the header"));
            }
            let cell = |at: usize| {
                let bytes = record.fields.get(at).unwrap_or_default();
                let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8"))?;
                Ok::<_, DirectoryError>(text.trim())
            };
            let (user_id, address) = (cell(user.at)?, cell(email.at)?);
            let mut damages = record.damages.iter();
            let found = damages.find(|(at, _)| [user.at, email.at].contains(at));
            if let Some((_, damage)) = found {
                return Err(bad(&format!("a cell {damage}")));
            }
            if user_id.contains('\n') || address.contains('\n') {
                return Err(bad("a cell runs over several lines: is a quote missing?"));
            }
            // Somebody without an address, or who cannot be given a licence.
            if user_id.is_empty() || address.is_empty() {
                continue;
            }
            if let Some(damage) = damage(user_id) {
                return Err(bad(&format!(
                    "the user ID \"{}\" {damage}",
                    printable(user_id, 60)
                )));
            }
            directory.add(address, user_id, record.line);
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
    pub fn resolve(&self, address: &str) -> Resolved<'_> {
        match self
            .by_address
            .get(&address.to_lowercase())
            .map(Vec::as_slice)
        {
            None | Some([]) => Resolved::Nobody,
            Some([entry]) => Resolved::User(&entry.user_id),
            Some(entries) => Resolved::Several(
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
        assert_eq!(directory.resolve("ANN@example.com"), Resolved::User("u1"));
        assert_eq!(directory.resolve("cara@example.com"), Resolved::Nobody);
        assert_eq!(
            directory.resolve("ben@example.com"),
            Resolved::Several(vec![("u2", 3), ("u3", 4)])
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
