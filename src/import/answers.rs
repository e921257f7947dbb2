//! What the service answered, as files that a run keeps: a resumed run means the same users and the same changes.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use serde::Serialize;

use crate::input::{ColumnSpec, InputError, Table, TableError, parse_bool};
use crate::lookup::{FoundAddresses, ServiceLicenses};
use crate::roster::{Assignments, UserIndex};
use crate::sanitize::{escape_formula, printable, unescape_formula};

/// The file of e-mail addresses and user IDs, as `--directory` reads it.
pub const DIRECTORY: &str = "directory.csv";

const CURRENT_HEADER: [&str; 5] = [
    "userId",
    "email",
    "userBundleCodes",
    "useExternalLicense",
    "inheritedFromGroup",
];

/// What one user has.
#[derive(Debug, Serialize)]
struct CurrentRow<'a> {
    user_id: &'a str,
    email: &'a str,
    user_bundle_codes: &'a str,
    use_external_license: bool,
    inherited_from_group: bool,
}

/// Writes files of current licences.
pub struct CurrentWriter<W: Write>(csv::Writer<W>);

impl<W: Write> CurrentWriter<W> {
    /// Writes the header.
    pub fn new(out: W) -> csv::Result<Self> {
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.has_headers(false).from_writer(out);
        writer.write_record(CURRENT_HEADER)?;
        Ok(Self(writer))
    }

    /// Writes a user. Spreadsheets must not take a cell as a formula.
    pub fn write(&mut self, user: &ServiceLicenses) -> io::Result<()> {
        let written = self.0.serialize(CurrentRow {
            user_id: &escape_formula(&user.user_id),
            email: &escape_formula(&user.email),
            user_bundle_codes: &escape_formula(&user.codes.join(";")),
            use_external_license: user.external.unwrap_or(false),
            inherited_from_group: user.is_inherited,
        });
        written.map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A file of current licences in memory. It takes less of it than the answers.
#[derive(Default)]
pub struct CurrentFile {
    /// None while it has no user.
    writer: Option<CurrentWriter<Vec<u8>>>,
    lacks_external_flag: bool,
    error: Option<io::Error>,
}

impl CurrentFile {
    /// Whether the service does not say of some user whether its licences are external.
    pub fn lacks_external_flag(&self) -> bool {
        self.lacks_external_flag
    }

    /// # Errors
    /// When a user could not be written.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let writer = match self.writer {
            Some(writer) => writer,
            None => CurrentWriter::new(Vec::new())?,
        };
        writer
            .0
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)
    }

    fn add(&mut self, user: &ServiceLicenses) -> io::Result<()> {
        self.lacks_external_flag |= user.external.is_none();
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(CurrentWriter::new(Vec::new())?),
        };
        writer.write(user)
    }
}

impl Extend<ServiceLicenses> for CurrentFile {
    fn extend<T: IntoIterator<Item = ServiceLicenses>>(&mut self, users: T) {
        for user in users {
            let written = self.add(&user);
            self.error = self.error.take().or(written.err());
        }
    }
}

/// A file of addresses and IDs.
pub fn directory_csv(found: &FoundAddresses) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["userId", "email"])?;
    for (address, user) in found {
        writer.write_record([&user.to_string(), escape_formula(address).as_ref()])?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// The columns of a file of current licences that say whose come from a group. Files of other programs lack the first.
const INHERITANCE: [ColumnSpec; 2] = [
    ColumnSpec::new(
        "inherited licences",
        "inheritedFromGroup",
        &["inheritedfromgroup"],
    ),
    ColumnSpec::new("user ID", "userId", &["userid"]),
];

/// The users whose licences come from a group, in a file of current licences.
///
/// # Errors
/// When the file does not say it clearly of every user: what comes from a group would count as allocated directly.
pub fn inherited_users(
    file: impl Read + Send,
    current: &Assignments,
) -> Result<HashSet<UserIndex>, TableError> {
    let mut inherited = HashSet::new();
    let mut table = match Table::open("file of current licences", file, &INHERITANCE) {
        Err(TableError::Unreadable(InputError::MissingColumn { spec, .. }))
            if *spec == INHERITANCE[0] =>
        {
            return Ok(inherited);
        }
        table => table?,
    };
    while table.next_row()? {
        let cell = table.cell(0)?;
        let is_inherited = parse_bool(cell).ok_or_else(|| {
            let cell = printable(cell, 40);
            table.row_error(format!("\"{cell}\" is neither true nor false"))
        })?;
        if is_inherited {
            inherited.extend(current.find(unescape_formula(table.cell(1)?)));
        }
    }
    Ok(inherited)
}
