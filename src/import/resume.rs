//! Takes a run that stopped from where it is to its end.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::humanize::{counted, grouped};
use crate::import::execute::{self, Begin, Ended, Ready, Records, Way};
use crate::import::load;
use crate::import::unsent::settle;
use crate::input::{Fingerprint, Input};
use crate::plan::Proposal;
use crate::report::{Progress, remove_page};
use crate::run::{Ahead, Journal, SUMMARY, Standing, not_before};
use crate::run::{AsRead, RunFolder, RunRecord};
use crate::settings::RunSettings;

/// Who is sent again when a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Those who are neither a success nor failed.
    Undecided,
    /// Those who failed for want of an answer as well.
    Unanswered,
    /// All who failed as well.
    WithoutSuccess,
}

/// Takes a run from where it stands to its end. An error means that nothing was sent.
pub fn go_on(
    (begin, folder, record): (Begin, RunFolder, &RunRecord),
    proposal: &Proposal,
    whom: Whom,
    settings: RunSettings,
    way: Way<'_>,
    progress: &mut Progress,
) -> anyhow::Result<Ended> {
    let roster = &proposal.roster;
    let (mut journal, mut standing) = Journal::open(&folder, roster)?;
    // It may have been killed before that was done.
    settle(proposal, &mut journal, &mut standing)
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    let all = &roster.assignments;
    let ahead = Ahead::go_on(&folder, proposal, &standing, settings.sync)?;
    let settings = RunSettings {
        first: settings
            .first
            .or_else(|| first_left(record, proposal, &standing)),
        ..settings
    };
    let to_send: Vec<_> = match whom {
        Whom::WithoutSuccess => standing.without_success(all).collect(),
        Whom::Unanswered => standing.unanswered(all).collect(),
        Whom::Undecided => standing.pending(all).collect(),
    };
    let not_before = not_before(folder.path());
    // From here on they are out of date, and the journal alone tells.
    folder
        .remove(SUMMARY)
        .and_then(|()| Journal::remove_pending(&folder))
        .and_then(|()| remove_page(&folder))
        .with_context(|| format!("cannot write to {}", folder.path().display()))?;
    progress.tell(&format!(
        "{}: {} of {} decided",
        folder.path().display(),
        grouped((roster.good - standing.pending(all).count()) as u64),
        counted(roster.good as u64, "user"),
    ));
    let input = record.input(folder.path());
    let ready = Ready {
        begin,
        input: &input,
        reading: &record.reading,
        batch_size: NonZeroUsize::new(record.batch_size).unwrap_or(NonZeroUsize::MIN),
        settings: &settings,
        way,
        folder,
        proposal,
        to_send,
        not_before,
    };
    let records = Records {
        journal,
        standing,
        ahead,
    };
    execute::execute(&ready, records, progress)
}

/// How many of the first users with which the run began are not done yet, if it was for a first few and any are left.
fn first_left(
    record: &RunRecord,
    proposal: &Proposal,
    standing: &Standing,
) -> Option<NonZeroUsize> {
    let users = proposal.to_send();
    let done = users.filter(|&user| !standing.is_pending(user)).count();
    NonZeroUsize::new(record.first?.get().saturating_sub(done))
}

/// Reads the input, which must be the one that the run began with.
pub fn read_the_same(
    record: &RunRecord,
    folder: &Path,
    progress: &mut Progress,
) -> anyhow::Result<Proposal> {
    let input = record.input(folder);
    let read = load::read_beside(&record.reading)
        .and_then(|beside| load::read_to_send(input.open()?, &record.reading, beside, progress));
    match read {
        Ok((read, as_read)) => {
            record.check(&input, &as_read)?;
            Ok(read.propose(&record.reading, record.seats.clone()))
        }
        Err(error) => {
            // If a file is another than it was, then that is what to say.
            let fingerprint = |input: &Input| {
                let read = Fingerprint::of(input.open()?.reader);
                read.with_context(|| format!("cannot read {input}"))
            };
            let beside = |path: Option<&PathBuf>| {
                let path = path.cloned();
                path.and_then(|path| fingerprint(&Input::Path(path)).ok())
            };
            let current = record.reading.current.as_ref();
            let now = AsRead {
                input: fingerprint(&input)?,
                directory: beside(record.reading.directory.as_ref()),
                current: beside(current.map(|current| &current.path)),
            };
            record.check(&input, &now)?;
            Err(error)
        }
    }
}
