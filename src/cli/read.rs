//! From an input to its roster, and what is said about it.

use std::path::Path;

use anyhow::{Context, bail};

use crate::catalog::Catalog;
use crate::input::{
    CodeColumns, Columns, Directory, Fingerprinter, Input, InputError, RowReader, Source,
};
use crate::report::{Progress, counted, grouped};
use crate::roster::{Complaint, Roster, RosterBuilder};
use crate::run::AsRead;
use crate::settings::Reading;
use crate::text::printable;
use crate::user_id::Damage;

/// How many complaints are shown; the rest stands in `failures.csv`.
const COMPLAINTS_SHOWN: usize = 10;

/// An input that was read to its end.
pub(super) struct WasRead {
    pub(super) roster: Roster,
    pub(super) columns: Columns,
    pub(super) as_read: AsRead,
}

/// Reads an input to its end, and the directory before it. The fingerprints are those of all their bytes.
pub(super) fn read(
    source: Source,
    reading: &Reading,
    progress: &mut Progress,
) -> anyhow::Result<WasRead> {
    let (directory, directory_fingerprint) = match &reading.directory {
        None => (None, None),
        Some(path) => {
            let fingerprinter = Fingerprinter::default();
            let directory = read_directory(path, &fingerprinter)
                .with_context(|| format!("cannot use the directory {}", path.display()))?;
            (Some(directory), Some(fingerprinter.finish()))
        }
    };
    let catalog = Catalog::allowing(&reading.allowed_codes);
    let fingerprinter = Fingerprinter::default();
    let bytes = fingerprinter.read(progress.reading(source.reader, source.bytes));
    let mut rows = RowReader::new(bytes, &reading.format, &catalog)?;
    let columns = rows.columns().clone();
    let mut roster = RosterBuilder::new(
        columns.clone(),
        &catalog,
        directory.as_ref(),
        reading.external_license,
    );
    while let Some(row) = rows.next_row()? {
        roster.add(row);
    }
    let roster = roster.finish();
    if roster.rows == 0 {
        return Err(InputError::NoRows.into());
    }
    Ok(WasRead {
        roster,
        columns,
        as_read: AsRead {
            input: fingerprinter.finish(),
            directory: directory_fingerprint,
        },
    })
}

fn read_directory(path: &Path, fingerprinter: &Fingerprinter) -> anyhow::Result<Directory> {
    let source = Input::Path(path.to_owned()).open()?;
    Ok(Directory::read(fingerprinter.read(source.reader))?)
}

/// Finds that not every user ID is an e-mail address: then one word says more than a complaint for each.
pub(super) fn check_ids(read: &WasRead) -> anyhow::Result<()> {
    let roster = &read.roster;
    let is_email = |complaint: &Complaint| {
        matches!(
            complaint,
            Complaint::DamagedUser {
                damage: Damage::Email,
                ..
            }
        )
    };
    let bad = &roster.bad_rows;
    if bad.len() as u64 == roster.rows && bad.iter().all(|row| is_email(&row.complaint)) {
        let name = read.columns.user.name.as_deref().unwrap_or("user ID");
        bail!(
            "every user ID in column \"{}\" is an e-mail address, and the service wants user IDs\n  to do: give an export of the organisation's users, with their e-mail addresses and IDs, by --directory",
            printable(name, 60)
        );
    }
    Ok(())
}

/// Says what was read, and what is wrong with it.
pub(super) fn introduce(input: &Input, read: &WasRead, progress: &Progress) {
    let roster = &read.roster;
    progress.tell(&format!(
        "{input}: {}, {}",
        counted(roster.rows, "row"),
        counted((roster.good + roster.withheld.len()) as u64, "user"),
    ));
    if let CodeColumns::Wide(marks) = &read.columns.codes {
        let codes: Vec<_> = marks.iter().map(|marks| marks.code.as_str()).collect();
        progress.tell(&format!(
            "  codes: {}; columns that are not read: {}",
            codes.join(", "),
            match read.columns.ignored.as_slice() {
                [] => "none".to_owned(),
                ignored => printable(&ignored.join(", "), 200),
            }
        ));
    }
    let bad = roster.bad_rows.len();
    if bad == 0 {
        return;
    }
    let withheld = match roster.withheld.len() {
        0 => String::new(),
        users => format!(
            "; {} withheld because of them",
            counted(users as u64, "user")
        ),
    };
    progress.say(&format!("{}{withheld}:", counted(bad as u64, "bad row")));
    for row in roster.bad_rows.iter().take(COMPLAINTS_SHOWN) {
        progress.say(&format!(
            "  line {}: {}",
            row.line,
            printable(&row.complaint.to_string(), 300)
        ));
    }
    if bad > COMPLAINTS_SHOWN {
        progress.say(&format!(
            "  and {} more, all of them in failures.csv",
            grouped((bad - COMPLAINTS_SHOWN) as u64)
        ));
    }
}
