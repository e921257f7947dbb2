//! Loads an input, and the files that are read with it.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, bail};

use crate::catalog::Catalog;
use crate::directory::Directory;
use crate::hint::Failure;
use crate::humanize::count_of;
use crate::import::answers::{directory_csv, inherited_users};
use crate::import::lookups::Lookups;
use crate::import::outdated::outdated;
use crate::import::print_input::{MAX_BAD_ROWS, bad_row_text};
use crate::input::{
    Columns, Fingerprint, Fingerprinter, Format, Input, InputError, RowReader, TableError,
};
use crate::lookup::FoundAddresses;
use crate::plan::{AbsentUsers, CurrentTable, Mode, PlannedChanges, SeatBudget};
use crate::report::Progress;
use crate::roster::{BadRow, Roster, RosterBuilder, RowError, RowOptions};
use crate::run::InputFingerprints;
use crate::sanitize::printable;
use crate::settings::{Ask, CurrentFile, ImportPlan, InputSettings};
use crate::user_id::InvalidId;

/// An input that was read to its end, with what is known of its users.
pub struct LoadedInput {
    pub roster: Roster,
    pub columns: Columns,
    pub fingerprints: InputFingerprints,
    /// What the service answered, to be kept with a run.
    pub answers: Answers,
    current: Option<CurrentTable>,
    pub seats: Option<SeatBudget>,
}

/// The files of a run that the service's answers become.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    pub directory: Option<Vec<u8>>,
    pub current: Option<Vec<u8>>,
}

impl LoadedInput {
    /// Plans what every user gains and loses.
    pub fn into_changes(self, mode: Mode) -> PlannedChanges {
        PlannedChanges::new(self.roster, self.current, mode, self.seats)
    }
}

/// The files that are read with the input. A fingerprint covers all bytes of a file.
#[derive(Default)]
pub struct SideTables {
    directory: Option<(Directory, Fingerprint)>,
    /// The users of the e-mail addresses that were looked up.
    found: Option<FoundAddresses>,
    current: Option<(CurrentTable, Fingerprint)>,
}

/// Reads the directory and the current licences. Where those have e-mail addresses and there is no directory, the
/// service is asked.
pub fn load_side_tables(
    settings: &InputSettings,
    lookups: Option<&Lookups<'_>>,
    progress: &mut Progress,
) -> anyhow::Result<SideTables> {
    let mut tables = SideTables::default();
    if let Some(path) = &settings.directory {
        let fingerprinter = Fingerprinter::default();
        let directory = read_directory(path, &fingerprinter)
            .with_context(|| format!("cannot use {} (--directory)", path.display()))?;
        tables.directory = Some((directory, fingerprinter.finish()));
    }
    if let Some(file) = &settings.current {
        let catalog = Catalog::with_extra_codes(&settings.allowed_codes);
        let mut found = None;
        if let (None, Some(lookups)) = (&tables.directory, lookups) {
            let input = Input::Path(file.path.clone());
            let addresses = lookups.addresses(&input, &Format::default(), &catalog, progress);
            tables.found = addresses
                .with_context(|| format!("cannot use {} (--current)", file.path.display()))?;
            if let Some(addresses) = &tables.found {
                found = Some(Directory::read(directory_csv(addresses)?.as_slice())?);
            }
        }
        let directory = tables.directory.as_ref().map(|(directory, _)| directory);
        let directory = directory.or(found.as_ref());
        let fingerprinter = Fingerprinter::default();
        let current = read_current_file(file, directory, &catalog, &fingerprinter)
            .with_context(|| format!("cannot use {} (--current)", file.path.display()))?;
        tables.current = Some((current, fingerprinter.finish()));
        if let Some(warning) = outdated(file) {
            progress.message(&warning);
        }
    }
    Ok(tables)
}

/// Reads an input to its end, and asks the service what no file says.
pub fn load(
    input: &Input,
    plan: &ImportPlan,
    mut tables: SideTables,
    lookups: Option<&Lookups<'_>>,
    progress: &mut Progress,
) -> anyhow::Result<LoadedInput> {
    let settings = &plan.input_settings;
    let state = input.state();
    let mut answers = Answers {
        directory: tables.look_up_addresses(input, settings, lookups, progress)?,
        current: None,
    };
    // The directory is large, and no step after this one needs it.
    let (directory, directory_fingerprint) = tables.directory.take().unzip();
    let (roster, columns, fingerprint) =
        read_roster(input, settings, directory.as_ref(), progress)?;
    drop(directory);
    if input.state() != state {
        let input = input.to_string();
        return Err(InputError::Changed { input }.into());
    }
    reject_all_emails(&roster, &columns, lookups)?;
    answers.current = tables.look_up_current(&roster, lookups, progress)?;
    let fingerprints = InputFingerprints {
        input: fingerprint,
        directory: directory_fingerprint,
        current: { tables.current.as_ref() }.map(|(_, fingerprint)| fingerprint.clone()),
    };
    Ok(LoadedInput {
        roster,
        columns,
        fingerprints,
        answers,
        current: tables.current.map(|(current, _)| current),
        seats: seat_budget(plan, lookups, progress)?,
    })
}

impl SideTables {
    /// Without a directory, asks the service for the addresses of the input. Gives the directory that was made of the
    /// answers.
    fn look_up_addresses(
        &mut self,
        input: &Input,
        settings: &InputSettings,
        lookups: Option<&Lookups<'_>>,
        progress: &mut Progress,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let catalog = Catalog::with_extra_codes(&settings.allowed_codes);
        if let (None, Some(lookups)) = (&self.directory, lookups)
            && let Some(found) = lookups.addresses(input, &settings.format, &catalog, progress)?
        {
            self.found.get_or_insert_default().extend(found);
        }
        // An answer that knows none of the addresses is an answer, too.
        let Some(mut found) = self.found.take() else {
            return Ok(None);
        };
        found.sort_unstable();
        found.dedup();
        let file = directory_csv(&found)?;
        drop(found);
        let directory = Directory::read(file.as_slice())?;
        self.directory = Some((directory, Fingerprint::of(file.as_slice())?));
        Ok(Some(file))
    }

    /// Without current licences, asks the service for those of the roster's users. Gives the file that was made of the
    /// answers.
    fn look_up_current(
        &mut self,
        roster: &Roster,
        lookups: Option<&Lookups<'_>>,
        progress: &mut Progress,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let (None, Some(lookups)) = (&self.current, lookups) else {
            return Ok(None);
        };
        let file = lookups.current(roster, progress)?;
        if let Some(file) = &file {
            let current = read_answered_current(file)?;
            self.current = Some((current, Fingerprint::of(file.as_slice())?));
        }
        Ok(file)
    }
}

/// The free seats that a flag gives, or else the service.
fn seat_budget(
    plan: &ImportPlan,
    lookups: Option<&Lookups<'_>>,
    progress: &mut Progress,
) -> anyhow::Result<Option<SeatBudget>> {
    let (None, Some(lookups)) = (&plan.seats, lookups) else {
        return Ok(plan.seats.clone());
    };
    let partial = plan.until_full;
    let free = lookups.free_seats(progress)?;
    Ok(free.map(|free| SeatBudget { free, partial }))
}

fn read_roster(
    input: &Input,
    settings: &InputSettings,
    directory: Option<&Directory>,
    progress: &mut Progress,
) -> anyhow::Result<(Roster, Columns, Fingerprint)> {
    let source = input.open()?;
    let fingerprinter = Fingerprinter::default();
    let catalog = Catalog::with_extra_codes(&settings.allowed_codes);
    let bytes = Box::new(fingerprinter.read(source.reader));
    let bytes = progress.reading(bytes, source.bytes);
    let rows = RowReader::new(bytes, &settings.format, &catalog)?;
    let columns = rows.columns().clone();
    let options = RowOptions {
        default_external: settings.external_license,
        allows_removal: settings.allow_removal,
        ..RowOptions::default()
    };
    let roster = RosterBuilder::new(&catalog, directory, options).build(rows)?;
    if roster.rows == 0 {
        return Err(InputError::NoRows.into());
    }
    Ok((roster, columns, fingerprinter.finish()))
}

/// Reads a file of current licences. A file that a run keeps may be empty: then the service listed no user.
fn read_current_file(
    file: &CurrentFile,
    directory: Option<&Directory>,
    catalog: &Catalog,
    fingerprinter: &Fingerprinter,
) -> anyhow::Result<CurrentTable> {
    let source = Input::Path(file.path.clone()).open()?;
    let bytes = fingerprinter.read(source.reader);
    let any_code = Catalog::of_any_code();
    let catalog = if file.is_answer { &any_code } else { catalog };
    let roster = read_current(bytes, directory, catalog)?;
    if roster.rows == 0 && !file.is_answer {
        bail!(Failure::new("the file has no users").hint("export it again, or remove --current"));
    }
    let inherited = inherited_users(File::open(&file.path)?, &roster.assignments)?;
    Ok(CurrentTable {
        roster,
        absent: file.absent,
        inherited,
    })
}

/// Reads the service's answer. It may have codes that the catalog lacks.
fn read_answered_current(file: &[u8]) -> anyhow::Result<CurrentTable> {
    let catalog = Catalog::of_any_code();
    let roster = read_current(Cursor::new(file.to_vec()), None, &catalog)
        .context("cannot understand the licences that the service lists")?;
    let inherited = inherited_users(file, &roster.assignments)?;
    Ok(CurrentTable {
        roster,
        absent: AbsentUsers::HaveNone,
        inherited,
    })
}

/// Reads current licences. A bad row could hide what a user loses, so it is an error.
fn read_current(
    bytes: impl Read + Send,
    directory: Option<&Directory>,
    catalog: &Catalog,
) -> anyhow::Result<Roster> {
    let rows = RowReader::new(bytes, &Format::default(), catalog).map_err(TableError::from)?;
    // --external-license is about the input, not about current licences.
    let options = RowOptions {
        allows_empty: true,
        ..RowOptions::default()
    };
    let roster = RosterBuilder::new(catalog, directory, options).build(rows)?;
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
fn reject_all_emails(
    roster: &Roster,
    columns: &Columns,
    lookups: Option<&Lookups<'_>>,
) -> anyhow::Result<()> {
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
    if bad_rows.len() as u64 != roster.rows || !bad_rows.iter().all(is_email) {
        return Ok(());
    }
    let ask = match lookups.map(|lookups| lookups.questions.addresses) {
        None => "sign in and give the portal's address with --url, so that the service is asked",
        Some(Ask::No) => "remove `--directory none`, so that the service is asked",
        Some(_) => "run `seatload check` to see why the service does not give the user IDs",
    };
    let name = columns.user.name.as_deref().unwrap_or("user ID");
    bail!(
        Failure::new(format!(
            "every user ID in column \"{}\" is an e-mail address, and the service needs user IDs",
            printable(name, 60)
        ))
        .hint(format!("{ask}; or export the organisation's users with e-mail addresses and IDs, and add --directory FILE"))
    )
}
