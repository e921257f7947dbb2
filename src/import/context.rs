//! What the steps of a run hand on to each other.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::catalog::Removal;
use crate::import::account::Located;
use crate::import::connection::Connection;
use crate::import::send_times::SendTimes;
use crate::input::Input;
use crate::plan::PlannedChanges;
use crate::report::print_final;
use crate::roster::UserIndex;
use crate::run::{Journal, RemovalStats, RunFolder, UnstartedRun, UserStates, WriteAheadLog};
use crate::sanitize::shell_quote;
use crate::settings::{InputSettings, RunSettings};
use crate::signals::{self, ExitOnSignal};

/// When this session of a run started.
pub struct StartTime {
    pub timestamp: Timestamp,
    pub instant: Instant,
}

impl StartTime {
    pub fn now() -> Self {
        Self {
            timestamp: Timestamp::now(),
            instant: Instant::now(),
        }
    }
}

/// What one process uses for every run that it works on.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub connection: &'a Connection,
    pub located: &'a Located,
    pub send_times: &'a SendTimes,
    /// Cancelled to stop the run.
    pub interrupt: &'a CancellationToken,
}

/// A run that is ready to send.
pub struct PreparedRun<'a> {
    pub start: StartTime,
    pub input: &'a Input,
    pub input_settings: &'a InputSettings,
    pub batch_size: NonZeroUsize,
    pub settings: &'a RunSettings,
    pub session: Session<'a>,
    pub folder: RunFolder,
    pub changes: &'a PlannedChanges,
    /// The users to send, in the order in which they are served.
    pub users: Vec<UserIndex>,
    /// Before this time the service accepts no requests, as it said in an earlier session.
    pub not_before: Option<Timestamp>,
}

impl PreparedRun<'_> {
    /// The users of this session.
    pub fn users_to_send(&self) -> &[UserIndex] {
        let first = self.settings.first.map_or(usize::MAX, NonZeroUsize::get);
        &self.users[..first.min(self.users.len())]
    }

    /// Those of them whose direct allocation ends, by a call of its own.
    pub fn leavers(&self) -> impl Iterator<Item = UserIndex> {
        let assignments = &self.changes.roster.assignments;
        let users = self.users_to_send().iter().copied();
        users.filter(|&user| assignments.removal(user) == Some(Removal::Remove))
    }

    /// Those of them who get codes, or an empty list, by an allocation.
    pub fn to_allocate(&self) -> impl Iterator<Item = UserIndex> {
        let assignments = &self.changes.roster.assignments;
        let users = self.users_to_send().iter().copied();
        users.filter(|&user| assignments.removal(user) != Some(Removal::Remove))
    }
}

/// The open files of a run, and the states of its users.
pub struct RunFiles<'a> {
    pub journal: Journal,
    pub states: UserStates,
    pub write_ahead_log: WriteAheadLog<'a>,
    /// What this session has removed.
    pub removed: RemovalStats,
    /// The reason why something could not be recorded: then nothing more is sent.
    pub error: Option<io::Error>,
}

/// Before a run starts, a signal ends the program at once.
pub fn exit_on_signal() -> anyhow::Result<ExitOnSignal> {
    ExitOnSignal::install(|| print_final("interrupted: nothing was sent"))
        .context("cannot listen for signals")
}

/// The same, where the folder of the run is there already: it is removed.
pub fn exit_on_signal_without(folder: &Path) -> anyhow::Result<ExitOnSignal> {
    let folder = folder.to_owned();
    ExitOnSignal::install(move || {
        UnstartedRun::remove_folder(&folder);
        print_final("interrupted: nothing was sent");
    })
    .context("cannot listen for signals")
}

/// Listens for the signals that stop a run in this folder.
pub fn interrupt_on_signal(folder: &Path) -> anyhow::Result<CancellationToken> {
    let interrupt = CancellationToken::new();
    let hint = resume_hint(folder);
    signals::install(interrupt.clone(), move || print_final(&hint))
        .context("cannot listen for signals")?;
    Ok(interrupt)
}

pub fn resume_hint(folder: &Path) -> String {
    format!("resume with: {}", resume_command(folder))
}

pub fn resume_command(folder: &Path) -> String {
    format!("seatload resume {}", shell_quote(folder))
}
