//! From an input to its roster, and what is said about it.

use std::path::Path;

use anyhow::{Context, bail};

use crate::catalog::Catalog;
use crate::directory::Directory;
use crate::humanize::{count, count_of};
use crate::input::{
    CodeColumns, Columns, Fingerprint, Fingerprinter, Format, Input, InputError, RowReader, Source,
    TableError,
};
use crate::plan::{PlannedChanges, SeatBudget};
use crate::report::Progress;
use crate::roster::{BadRow, Roster, RosterBuilder, RowError, SkipReason};
use crate::run::InputFingerprints;
use crate::sanitize::printable;
use crate::settings::{CurrentFile, InputSettings};
use crate::user_id::InvalidId;

/// How many complaints are shown; the rest stands in `failures.csv`.
const COMPLAINTS_SHOWN: usize = 10;

/// An input that was read to its end, and what is read beside it.
pub struct LoadedInput {
    pub roster: Roster,
    pub columns: Columns,
    /// Who holds what now, if a file says so.
    current: Option<Roster>,
}

impl LoadedInput {
    /// What is to be done with every user.
    pub fn into_changes(
        self,
        reading: &InputSettings,
        seats: Option<SeatBudget>,
    ) -> PlannedChanges {
        let absent = reading.current.as_ref().map(|current| current.absent);
        let current = self.current.as_ref().zip(absent);
        PlannedChanges::new(self.roster, current, reading.mode, seats)
    }
}

/// What is read beside the input. The fingerprints are those of all bytes.
#[derive(Default)]
pub struct SideTables {
    directory: Option<(Directory, Fingerprint)>,
    current: Option<(Roster, Fingerprint)>,
}

/// Reads the directory, and what users hold.
pub fn load_side_tables(reading: &InputSettings) -> anyhow::Result<SideTables> {
    let mut beside = SideTables::default();
    if let Some(path) = &reading.directory {
        let fingerprinter = Fingerprinter::default();
        let directory = read_directory(path, &fingerprinter)
            .with_context(|| format!("cannot use the directory {}", path.display()))?;
        beside.directory = Some((directory, fingerprinter.finish()));
    }
    if let Some(current) = &reading.current {
        let directory = beside.directory.as_ref().map(|(directory, _)| directory);
        let catalog = Catalog::with_extra_codes(&reading.allowed_codes);
        let fingerprinter = Fingerprinter::default();
        let holdings =
            read_current(current, directory, &catalog, &fingerprinter).with_context(|| {
                let path = current.path.display();
                format!("cannot use what users hold now, {path} (--current)")
            })?;
        beside.current = Some((holdings, fingerprinter.finish()));
    }
    Ok(beside)
}

/// Reads an input to its end, of which a run is made: so what tells it from others is taken as well, from all its bytes.
pub fn load_with_fingerprint(
    source: Source,
    reading: &InputSettings,
    beside: SideTables,
    progress: &mut Progress,
) -> anyhow::Result<(LoadedInput, InputFingerprints)> {
    let directory = beside.directory.as_ref().map(fingerprint);
    let current = beside.current.as_ref().map(fingerprint);
    let fingerprinter = Fingerprinter::default();
    let source = Source {
        reader: Box::new(fingerprinter.read(source.reader)),
        ..source
    };
    let read = load(source, reading, beside, progress)?;
    let as_read = InputFingerprints {
        input: fingerprinter.finish(),
        directory,
        current,
    };
    Ok((read, as_read))
}

fn fingerprint<T>((_, fingerprint): &(T, Fingerprint)) -> Fingerprint {
    fingerprint.clone()
}

/// Reads an input to its end.
pub fn load(
    source: Source,
    reading: &InputSettings,
    beside: SideTables,
    progress: &mut Progress,
) -> anyhow::Result<LoadedInput> {
    let directory = beside.directory.map(|(directory, _)| directory);
    let current = beside.current.map(|(current, _)| current);
    let catalog = Catalog::with_extra_codes(&reading.allowed_codes);
    let bytes = progress.reading(source.reader, source.bytes);
    let rows = RowReader::new(bytes, &reading.format, &catalog)?;
    let columns = rows.columns().clone();
    let roster =
        RosterBuilder::new(&catalog, directory.as_ref(), reading.external_license).build(rows)?;
    if roster.rows == 0 {
        return Err(InputError::NoRows.into());
    }
    Ok(LoadedInput {
        roster,
        columns,
        current,
    })
}

/// Reads who holds what now. A bad row could hide what somebody is going to lose, so there may be none.
fn read_current(
    current: &CurrentFile,
    directory: Option<&Directory>,
    catalog: &Catalog,
    fingerprinter: &Fingerprinter,
) -> anyhow::Result<Roster> {
    let source = Input::Path(current.path.clone()).open()?;
    let bytes = fingerprinter.read(source.reader);
    let rows = RowReader::new(bytes, &Format::default(), catalog).map_err(TableError::from)?;
    // --external-license is about the input: it says nothing of what users hold.
    let builder = RosterBuilder::new(catalog, directory, false).for_current_licenses();
    let roster = builder.build(rows)?;
    if roster.rows == 0 {
        bail!("it names nobody\n  hint: export it again, or leave --current out");
    }
    if roster.bad_rows.is_empty() {
        return Ok(roster);
    }
    let mut text = count_of(roster.bad_rows.len() as u64, "bad row");
    for row in roster.bad_rows.iter().take(COMPLAINTS_SHOWN) {
        text.push_str(&format!("\n  {}", complaint(row)));
    }
    bail!(
        "{text}\n  hint: correct the file or export it again; a code that it may name is let through by --allow-code"
    )
}

fn read_directory(path: &Path, fingerprinter: &Fingerprinter) -> anyhow::Result<Directory> {
    let source = Input::Path(path.to_owned()).open()?;
    Ok(Directory::read(fingerprinter.read(source.reader))?)
}

/// Finds that not every user ID is an e-mail address: then one word says more than a complaint for each.
pub fn reject_all_emails(read: &LoadedInput) -> anyhow::Result<()> {
    let roster = &read.roster;
    let is_email = |complaint: &RowError| {
        matches!(
            complaint,
            RowError::DamagedUser {
                damage: InvalidId::Email,
                ..
            }
        )
    };
    let bad = &roster.bad_rows;
    if bad.len() as u64 == roster.rows && bad.iter().all(|row| is_email(&row.error)) {
        let name = read.columns.user.name.as_deref().unwrap_or("user ID");
        bail!(
            "every user ID in column \"{}\" is an e-mail address, and the service wants user IDs\n  hint: give an export of the organisation's users, with their e-mail addresses and IDs, by --directory",
            printable(name, 60)
        );
    }
    Ok(())
}

/// Says what was read, and what is wrong with it.
pub fn print_input(input: &Input, columns: &Columns, roster: &Roster, progress: &Progress) {
    progress.info(&format!(
        "{input}: {}, {}",
        count_of(roster.rows, "row"),
        count_of(
            (roster.sendable_count + roster.skipped.len()) as u64,
            "user"
        ),
    ));
    if let CodeColumns::Wide(marks) = &columns.codes {
        let codes: Vec<_> = marks.iter().map(|marks| marks.code.as_str()).collect();
        progress.info(&format!(
            "  codes: {}; columns that are not read: {}",
            codes.join(", "),
            match columns.ignored.as_slice() {
                [] => "none".to_owned(),
                ignored => printable(&ignored.join(", "), 200),
            }
        ));
    }
    let bad = roster.bad_rows.len();
    let withheld = |why| {
        let for_it = roster.skipped.iter().filter(|(_, reason)| *reason == why);
        for_it.count() as u64
    };
    for (why, because) in [
        (
            SkipReason::CurrentUnknown,
            "since --current does not name them (--absent-means-none sends them)",
        ),
        (
            SkipReason::OtherExternalFlag,
            "since they hold their codes with the other useExternalLicense",
        ),
    ] {
        match withheld(why) {
            0 => {}
            users => progress.message(&format!("{} withheld, {because}", count_of(users, "user"))),
        }
    }
    if bad == 0 {
        return;
    }
    let withheld = match withheld(SkipReason::BadRow) + withheld(SkipReason::PossiblyBadRow) {
        0 => String::new(),
        users => format!("; {} withheld because of them", count_of(users, "user")),
    };
    progress.message(&format!("{}{withheld}:", count_of(bad as u64, "bad row")));
    for row in roster.bad_rows.iter().take(COMPLAINTS_SHOWN) {
        progress.message(&format!("  {}", complaint(row)));
    }
    if bad > COMPLAINTS_SHOWN {
        progress.message(&format!(
            "  and {} more, all of them in failures.csv",
            count((bad - COMPLAINTS_SHOWN) as u64)
        ));
    }
}

fn complaint(row: &BadRow) -> String {
    let what = printable(&row.error.to_string(), 300);
    format!("line {}: {what}", row.line)
}
