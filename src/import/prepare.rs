//! From an input to a run that may begin: everything is read, checked and agreed to, and nothing is sent.

use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::Context;

use crate::event::Stop;
use crate::import::confirm::agree;
use crate::import::connection::Connection;
use crate::import::execute::{self, Begin, Ended, Ready, Records, Way};
use crate::import::load::{self, Beside, WasRead};
use crate::import::strict::{refusal, report_refusal};
use crate::import::unsent::settle;
use crate::input::Source;
use crate::plan::Proposal;
use crate::report::Progress;
use crate::run::{Ahead, Journal, JournalError};
use crate::run::{AsRead, KEPT_INPUT, RunFolder, RunRecord};
use crate::settings::{ImportSettings, Intent};

/// A file that has been read, and that may be sent unless it is refused.
pub struct Prepared {
    proposal: Proposal,
    as_read: AsRead,
    /// Why it is not sent, if it is refused.
    refused: Option<Stop>,
}

impl Prepared {
    /// Reports who would have been sent and who would not, if the file is refused, and says why it is. Then nothing is
    /// sent, and no run has begun.
    pub fn report_refusal(
        &self,
        settings: &ImportSettings,
        connection: &Connection,
        folder: &RunFolder,
    ) -> anyhow::Result<Option<&Stop>> {
        if let Some(refused) = &self.refused {
            let endpoint = &connection.endpoint;
            report_refusal(settings, endpoint, &self.proposal, refused, folder)
                .with_context(|| format!("cannot write reports to {}", folder.path().display()))?;
        }
        Ok(self.refused.as_ref())
    }

    /// Begins a run in a folder, and takes it to its end. An error means that nothing was sent, and nothing is left of
    /// the folder.
    pub fn run(
        self,
        settings: &ImportSettings,
        folder: RunFolder,
        way: Way<'_>,
        progress: &mut Progress,
    ) -> anyhow::Result<Ended> {
        // Not earlier: somebody may have thought it over for a while.
        let begin = Begin::now();
        let Self {
            proposal, as_read, ..
        } = self;
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
            way,
            folder,
            to_send: records
                .standing
                .pending(&proposal.roster.assignments)
                .collect(),
            proposal: &proposal,
            not_before: None,
        };
        execute::execute(&ready, records, progress)
    }
}

/// Reads everything, says what was read, and finds that the run may begin.
pub fn prepare(
    settings: &ImportSettings,
    beside: Beside,
    folder: Option<&RunFolder>,
    progress: &mut Progress,
) -> anyhow::Result<Prepared> {
    let intent = &settings.intent;
    let (read, as_read) = match folder {
        None => load::read_to_send(intent.input.open()?, &intent.reading, beside, progress)?,
        Some(folder) => keep_and_read(folder, intent, beside, progress)?,
    };
    load::check_ids(&read)?;
    let columns = read.columns.clone();
    let proposal = read.propose(&intent.reading, intent.seats.clone());
    progress.finish();
    load::introduce(&intent.input, &columns, &proposal.roster, progress);
    let refused = refusal(settings, &proposal);
    if refused.is_none() {
        agree(settings, &proposal, progress)?;
    }
    Ok(Prepared {
        proposal,
        as_read,
        refused,
    })
}

/// Writes what a run begins with, and everything that is known before anything is sent.
fn begin_reports<'a>(
    settings: &ImportSettings,
    as_read: &AsRead,
    folder: &RunFolder,
    proposal: &'a Proposal,
) -> Result<Records<'a>, JournalError> {
    let (mut journal, mut standing) = Journal::open(folder, &proposal.roster)?;
    settle(proposal, &mut journal, &mut standing)?;
    let ahead = Ahead::begin(folder, proposal, settings.run.sync)?;
    folder.sync()?;
    // Last: from here on the run has begun, and everything that going on with it needs is there.
    RunRecord::new(&settings.intent, settings.later, as_read, &settings.run)?.write(folder)?;
    Ok(Records {
        journal,
        standing,
        ahead,
    })
}

fn keep_and_read(
    folder: &RunFolder,
    intent: &Intent,
    beside: Beside,
    progress: &mut Progress,
) -> anyhow::Result<(WasRead, AsRead)> {
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
    let read = load::read_to_send(source, &intent.reading, beside, progress)?;
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
