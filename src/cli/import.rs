//! `seatload import`: begins a run.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::agree::agree;
use super::connection::Connection;
use super::execute::{self, Begin, Ready, Records};
use super::read::{self, WasRead};
use super::settle::settle;
use crate::exit_code::ExitCode;
use crate::input::{Input, Source};
use crate::plan::Proposal;
use crate::report::{Ahead, Journal, JournalError, Progress, counted};
use crate::roster::Roster;
use crate::run::{AsRead, KEPT_INPUT, RunFolder, RunRecord};
use crate::settings::{ImportSettings, Intent};

/// Imports a file. An error means that nothing was sent.
pub(super) fn import(settings: &ImportSettings) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::new(settings.run.progress);
    let connection = Connection::new(&settings.run)?;
    connection.sign_in(settings.run.requests.max_retries, &progress)?;
    let kept = match settings.intent.input {
        Input::Path(_) => None,
        // It cannot be read again, so it is kept where the run can go on from.
        Input::Stdin => Some(open_folder(settings)?),
    };
    let prepared = prepare(settings, kept.as_ref(), &mut progress);
    let (prepared, folder) = match (prepared, kept) {
        (Ok(prepared), Some(folder)) => (prepared, folder),
        (Ok(prepared), None) => (prepared, open_folder(settings)?),
        (Err(error), kept) => {
            if let Some(folder) = kept {
                folder.discard();
            }
            return Err(error);
        }
    };
    let Prepared { proposal, as_read } = prepared;
    // Not earlier: somebody may have thought it over for a while.
    let begin = Begin::now();

    if is_refused(settings, &proposal.roster) {
        return refuse(&folder, &proposal.roster);
    }
    let records = match begin_reports(settings, &as_read, &folder, &proposal) {
        Ok(begun) => begun,
        Err(error) => {
            let path = folder.path().display().to_string();
            folder.discard();
            return Err(error).with_context(|| format!("cannot write reports to {path}"));
        }
    };
    let ready = Ready {
        begin,
        input: &settings.intent.input,
        reading: &settings.intent.reading,
        batch_size: settings.intent.batch_size,
        settings: &settings.run,
        connection,
        folder,
        to_send: records
            .standing
            .pending(&proposal.roster.assignments)
            .collect(),
        proposal: &proposal,
    };
    execute::execute(&ready, records, progress)
}

/// A run that may begin.
struct Prepared {
    proposal: Proposal,
    as_read: AsRead,
}

/// Reads everything, says what was read, and finds that the run may begin.
fn prepare(
    settings: &ImportSettings,
    folder: Option<&RunFolder>,
    progress: &mut Progress,
) -> anyhow::Result<Prepared> {
    let intent = &settings.intent;
    let read = match folder {
        None => read::read(intent.input.open()?, &intent.reading, progress)?,
        Some(folder) => keep_and_read(folder, intent, progress)?,
    };
    read::check_ids(&read)?;
    let columns = read.columns.clone();
    let (proposal, as_read) = read.propose(&intent.reading, intent.seats.clone());
    progress.finish();
    read::introduce(&intent.input, &columns, &proposal.roster, progress);
    if !is_refused(settings, &proposal.roster) {
        agree(settings, &proposal, progress)?;
    }
    Ok(Prepared { proposal, as_read })
}

/// Whether there is a bad row, where there may be none.
fn is_refused(settings: &ImportSettings, roster: &Roster) -> bool {
    settings.is_strict && !roster.bad_rows.is_empty()
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
fn begin_reports<'a>(
    settings: &ImportSettings,
    as_read: &AsRead,
    folder: &RunFolder,
    proposal: &'a Proposal,
) -> Result<Records<'a>, JournalError> {
    RunRecord::new(&settings.intent, as_read, &settings.run)?.write(folder)?;
    let (mut journal, mut standing) = Journal::open(folder, &proposal.roster)?;
    settle(proposal, &mut journal, &mut standing)?;
    let ahead = Ahead::begin(folder, proposal, settings.run.sync)?;
    folder.sync()?;
    Ok(Records {
        journal,
        standing,
        ahead,
    })
}

fn open_folder(settings: &ImportSettings) -> anyhow::Result<RunFolder> {
    let folder = match &settings.report_dir {
        Some(path) => RunFolder::create(path)?,
        None => RunFolder::create_named(
            Path::new(""),
            settings.intent.input.stem(),
            Timestamp::now(),
        )?,
    };
    Ok(folder)
}

fn keep_and_read(
    folder: &RunFolder,
    intent: &Intent,
    progress: &mut Progress,
) -> anyhow::Result<WasRead> {
    let source = intent.input.open()?;
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
    let read = read::read(source, &intent.reading, progress)?;
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
