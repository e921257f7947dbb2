//! Loads an input, and the files that are read with it.

use std::path::Path;

use anyhow::{Context, bail};

use crate::catalog::Catalog;
use crate::directory::Directory;
use crate::hint::Failure;
use crate::humanize::count_of;
use crate::import::print_input::{MAX_BAD_ROWS, bad_row_text};
use crate::input::{
    Columns, Fingerprint, Fingerprinter, Format, Input, InputError, RowReader, Source, TableError,
};
use crate::plan::{PlannedChanges, SeatBudget};
use crate::report::Progress;
use crate::roster::{BadRow, Roster, RosterBuilder, RowError};
use crate::run::InputFingerprints;
use crate::sanitize::printable;
use crate::settings::InputSettings;
use crate::user_id::InvalidId;

/// An input that was read to its end, with the current licences of its users.
pub struct LoadedInput {
    pub roster: Roster,
    pub columns: Columns,
    /// None without `--current`.
    current: Option<Roster>,
}

impl LoadedInput {
    /// Plans what every user gains and loses.
    pub fn into_changes(
        self,
        settings: &InputSettings,
        seats: Option<SeatBudget>,
    ) -> PlannedChanges {
        let absent = settings.current.as_ref().map(|current| current.absent);
        let current = self.current.as_ref().zip(absent);
        PlannedChanges::new(self.roster, current, settings.mode, seats)
    }
}

/// The files that are read with the input. A fingerprint covers all bytes of a file.
#[derive(Default)]
pub struct SideTables {
    directory: Option<(Directory, Fingerprint)>,
    current: Option<(Roster, Fingerprint)>,
}

/// Reads the directory and the current licences.
pub fn load_side_tables(settings: &InputSettings) -> anyhow::Result<SideTables> {
    let mut tables = SideTables::default();
    if let Some(path) = &settings.directory {
        let fingerprinter = Fingerprinter::default();
        let directory = read_directory(path, &fingerprinter)
            .with_context(|| format!("cannot use {} (--directory)", path.display()))?;
        tables.directory = Some((directory, fingerprinter.finish()));
    }
    if let Some(current) = &settings.current {
        let directory = tables.directory.as_ref().map(|(directory, _)| directory);
        let catalog = Catalog::with_extra_codes(&settings.allowed_codes);
        let fingerprinter = Fingerprinter::default();
        let licences = read_current(&current.path, directory, &catalog, &fingerprinter)
            .with_context(|| format!("cannot use {} (--current)", current.path.display()))?;
        tables.current = Some((licences, fingerprinter.finish()));
    }
    Ok(tables)
}

/// Reads an input to its end, and takes the fingerprint of all its bytes.
pub fn load_with_fingerprint(
    source: Source,
    settings: &InputSettings,
    side_tables: SideTables,
    progress: &mut Progress,
) -> anyhow::Result<(LoadedInput, InputFingerprints)> {
    let directory = side_tables.directory.as_ref().map(fingerprint);
    let current = side_tables.current.as_ref().map(fingerprint);
    let fingerprinter = Fingerprinter::default();
    let source = Source {
        reader: Box::new(fingerprinter.read(source.reader)),
        ..source
    };
    let loaded = load(source, settings, side_tables, progress)?;
    let fingerprints = InputFingerprints {
        input: fingerprinter.finish(),
        directory,
        current,
    };
    Ok((loaded, fingerprints))
}

fn fingerprint<T>((_, fingerprint): &(T, Fingerprint)) -> Fingerprint {
    fingerprint.clone()
}

/// Reads an input to its end.
pub fn load(
    source: Source,
    settings: &InputSettings,
    side_tables: SideTables,
    progress: &mut Progress,
) -> anyhow::Result<LoadedInput> {
    let directory = side_tables.directory.map(|(directory, _)| directory);
    let current = side_tables.current.map(|(current, _)| current);
    let catalog = Catalog::with_extra_codes(&settings.allowed_codes);
    let bytes = progress.reading(source.reader, source.bytes);
    let rows = RowReader::new(bytes, &settings.format, &catalog)?;
    let columns = rows.columns().clone();
    let builder = RosterBuilder::new(&catalog, directory.as_ref(), settings.external_license);
    let roster = builder.build(rows)?;
    if roster.rows == 0 {
        return Err(InputError::NoRows.into());
    }
    Ok(LoadedInput {
        roster,
        columns,
        current,
    })
}

/// Reads the current licences. A bad row could hide what a user loses, so it is an error.
fn read_current(
    path: &Path,
    directory: Option<&Directory>,
    catalog: &Catalog,
    fingerprinter: &Fingerprinter,
) -> anyhow::Result<Roster> {
    let source = Input::Path(path.to_owned()).open()?;
    let bytes = fingerprinter.read(source.reader);
    let rows = RowReader::new(bytes, &Format::default(), catalog).map_err(TableError::from)?;
    // --external-license is about the input, not about current licences.
    let builder = RosterBuilder::new(catalog, directory, false).for_current_licenses();
    let roster = builder.build(rows)?;
    if roster.rows == 0 {
        bail!(Failure::new("the file has no users").hint("export it again, or remove --current"));
    }
    if roster.bad_rows.is_empty() {
        return Ok(roster);
    }
    let bad_rows = roster.bad_rows.iter().take(MAX_BAD_ROWS).map(bad_row_text);
    let bad_rows: Vec<_> = bad_rows.collect();
    bail!(
        Failure::new(format!(
            "{}\n    {}",
            count_of(roster.bad_rows.len() as u64, "bad row"),
            bad_rows.join("\n    ")
        ))
        .hint("correct the file or export it again; --allow-code accepts a new code")
    )
}

fn read_directory(path: &Path, fingerprinter: &Fingerprinter) -> anyhow::Result<Directory> {
    let source = Input::Path(path.to_owned()).open()?;
    Ok(Directory::read(fingerprinter.read(source.reader))?)
}

/// If every user ID is an e-mail address, one error says more than an error for each row.
pub fn reject_all_emails(loaded: &LoadedInput) -> anyhow::Result<()> {
    let roster = &loaded.roster;
    let is_email = |row: &BadRow| {
        matches!(
            row.error,
            RowError::DamagedUser {
                damage: InvalidId::Email,
                ..
            }
        )
    };
    let bad_rows = &roster.bad_rows;
    if bad_rows.len() as u64 == roster.rows && bad_rows.iter().all(is_email) {
        let name = loaded.columns.user.name.as_deref().unwrap_or("user ID");
        bail!(
            Failure::new(format!(
                "every user ID in column \"{}\" is an e-mail address, and the service needs user IDs",
                printable(name, 60)
            ))
            .hint("export the organisation's users with e-mail addresses and IDs, and add --directory FILE")
        );
    }
    Ok(())
}
