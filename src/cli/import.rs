//! `seatload import`: begins a run.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;

use super::execute::{self, Begin, Connection, Ready};
use crate::exit_code::ExitCode;
use crate::input::{Fingerprint, Input, Source};
use crate::report::{Journal, JournalError, Progress, Standing, counted, grouped};
use crate::roster::Roster;
use crate::run::{KEPT_INPUT, RunFolder, RunRecord};
use crate::settings::ImportSettings;
use crate::text::printable;

/// How many complaints are shown; the rest stands in `failures.csv`.
const COMPLAINTS_SHOWN: usize = 10;

/// Imports a file. An error means that nothing was sent.
pub(super) fn import(settings: &ImportSettings) -> anyhow::Result<ExitCode> {
    let begin = Begin::now();
    let mut progress = Progress::new(settings.run.progress);
    let connection = Connection::new(&settings.run)?;
    let (roster, fingerprint, folder) = match settings.input {
        Input::Path(_) => {
            let source = settings.input.open()?;
            let (roster, fingerprint) =
                execute::read(source, settings.external_license, &mut progress)?;
            (roster, fingerprint, open_folder(settings, &begin)?)
        }
        // It cannot be read again, so it is kept where the run can go on from.
        Input::Stdin => {
            let folder = open_folder(settings, &begin)?;
            match keep_and_read(&folder, settings, &mut progress) {
                Ok((roster, fingerprint)) => (roster, fingerprint, folder),
                Err(error) => {
                    folder.discard();
                    return Err(error);
                }
            }
        }
    };
    introduce(&settings.input, &roster, &progress);

    let (journal, standing) = match begin_reports(settings, fingerprint, &folder, &roster) {
        Ok(begun) => begun,
        Err(error) => {
            let path = folder.path().display().to_string();
            folder.discard();
            return Err(error).with_context(|| format!("cannot write reports to {path}"));
        }
    };
    let ready = Ready {
        begin,
        input: &settings.input,
        is_resumed: false,
        external_license: settings.external_license,
        batch_size: settings.batch_size,
        settings: &settings.run,
        connection,
        folder,
        to_send: standing.pending(&roster.assignments).collect(),
        roster,
    };
    execute::execute(&ready, journal, standing, progress)
}

/// Writes what a run begins with, and everything that is known before anything is sent.
fn begin_reports(
    settings: &ImportSettings,
    fingerprint: Fingerprint,
    folder: &RunFolder,
    roster: &Roster,
) -> Result<(Journal, Standing), JournalError> {
    let record = RunRecord::new(
        &settings.input,
        fingerprint,
        settings.run.target.clone(),
        settings.external_license,
        settings.batch_size.get(),
        settings.run.requests.clone(),
    )?;
    record.write(folder)?;
    let begun = Journal::open(folder, roster)?;
    folder.sync()?;
    Ok(begun)
}

fn open_folder(settings: &ImportSettings, begin: &Begin) -> anyhow::Result<RunFolder> {
    let folder = match &settings.report_dir {
        Some(path) => RunFolder::create(path)?,
        None => RunFolder::create_named(Path::new(""), settings.input.stem(), begin.at())?,
    };
    Ok(folder)
}

fn keep_and_read(
    folder: &RunFolder,
    settings: &ImportSettings,
    progress: &mut Progress,
) -> anyhow::Result<(Roster, Fingerprint)> {
    let source = settings.input.open()?;
    let kept = File::create_new(folder.path().join(KEPT_INPUT))
        .with_context(|| format!("cannot keep the input in {}", folder.path().display()))?;
    let on_disk = kept.try_clone()?;
    let source = Source {
        reader: Box::new(Keeping {
            inner: source.reader,
            kept,
        }),
        ..source
    };
    let read = execute::read(source, settings.external_license, progress)?;
    on_disk.sync_all()?;
    Ok(read)
}

/// Writes down what is read through it.
struct Keeping<R> {
    inner: R,
    kept: File,
}

impl<R: Read> Read for Keeping<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.kept.write_all(&buffer[..read])?;
        Ok(read)
    }
}

/// Says what was read, and what is wrong with it.
fn introduce(input: &Input, roster: &Roster, progress: &Progress) {
    progress.tell(&format!(
        "{input}: {}, {}",
        counted(roster.rows, "row"),
        counted((roster.good + roster.withheld.len()) as u64, "user"),
    ));
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
            printable(&row.complaint.to_string(), 200)
        ));
    }
    if bad > COMPLAINTS_SHOWN {
        progress.say(&format!(
            "  and {} more, all of them in failures.csv",
            grouped((bad - COMPLAINTS_SHOWN) as u64)
        ));
    }
}
