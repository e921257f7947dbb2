//! `seatload import`: begins a run.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};

use super::execute::{self, Begin, Connection, Ready};
use super::read::{self, WasRead};
use crate::exit_code::ExitCode;
use crate::input::{Input, Source};
use crate::report::{Journal, JournalError, Progress, Standing, counted};
use crate::roster::Roster;
use crate::run::{AsRead, KEPT_INPUT, RunFolder, RunRecord};
use crate::settings::ImportSettings;

/// Imports a file. An error means that nothing was sent.
pub(super) fn import(settings: &ImportSettings) -> anyhow::Result<ExitCode> {
    let begin = Begin::now();
    let mut progress = Progress::new(settings.run.progress);
    let connection = Connection::new(&settings.run)?;
    let (read, folder) = match settings.input {
        Input::Path(_) => {
            let source = settings.input.open()?;
            let read = read::read(source, &settings.reading, &mut progress)?;
            read::check_ids(&read)?;
            (read, open_folder(settings, &begin)?)
        }
        // It cannot be read again, so it is kept where the run can go on from.
        Input::Stdin => {
            let folder = open_folder(settings, &begin)?;
            match keep_and_read(&folder, settings, &mut progress) {
                Ok(read) => (read, folder),
                Err(error) => {
                    folder.discard();
                    return Err(error);
                }
            }
        }
    };
    read::introduce(&settings.input, &read, &progress);

    if settings.is_strict && !read.roster.bad_rows.is_empty() {
        return refuse(&folder, &read.roster);
    }
    let (journal, standing) = match begin_reports(settings, &read.as_read, &folder, &read.roster) {
        Ok(begun) => begun,
        Err(error) => {
            let path = folder.path().display().to_string();
            folder.discard();
            return Err(error).with_context(|| format!("cannot write reports to {path}"));
        }
    };
    let roster = read.roster;
    let ready = Ready {
        begin,
        input: &settings.input,
        is_resumed: false,
        external_license: settings.reading.external_license,
        batch_size: settings.batch_size,
        settings: &settings.run,
        connection,
        folder,
        to_send: standing.pending(&roster.assignments).collect(),
        roster,
    };
    execute::execute(&ready, journal, standing, progress)
}

/// Reports who would have been sent and who would not. Nothing is sent, and no run has begun.
fn refuse(folder: &RunFolder, roster: &Roster) -> anyhow::Result<ExitCode> {
    let all = &roster.assignments;
    let written = Journal::open(folder, roster)
        .and_then(|_| Ok(Journal::write_pending(folder, all, all.good_users())?));
    let path = folder.path().display();
    written.with_context(|| format!("cannot write reports to {path}"))?;
    bail!(
        "nothing was sent, since --strict is given, and the file has {}\n  to do: mend the input where {path}/failures.csv says, and import it again",
        counted(roster.bad_rows.len() as u64, "bad row"),
    );
}

/// Writes what a run begins with, and everything that is known before anything is sent.
fn begin_reports(
    settings: &ImportSettings,
    as_read: &AsRead,
    folder: &RunFolder,
    roster: &Roster,
) -> Result<(Journal, Standing), JournalError> {
    let record = RunRecord::new(
        &settings.input,
        as_read,
        settings.run.target.clone(),
        &settings.reading,
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
) -> anyhow::Result<WasRead> {
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
    let read = read::read(source, &settings.reading, progress)?;
    read::check_ids(&read)?;
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
