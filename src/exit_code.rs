//! The program's exit codes.

use std::process;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Every user succeeded.
    AllSucceeded,
    /// The run finished, and some users or rows failed.
    SomeFailed,
    /// Bad usage, configuration or input: nothing was sent.
    NothingSent,
    /// The run stopped early and can be resumed.
    Stopped,
    /// The run was interrupted and can be resumed.
    Interrupted,
}

impl ExitCode {
    /// What each means after an import, for help, manual and documents.
    pub const MEANINGS: [(Self, &'static str); 5] = [
        (Self::AllSucceeded, "every user succeeded"),
        (
            Self::SomeFailed,
            "the run finished, and some users or rows failed: see failures.csv",
        ),
        (
            Self::NothingSent,
            "bad usage, configuration or input: nothing was sent",
        ),
        (
            Self::Stopped,
            "stopped early: `seatload resume` sends the users in pending.csv",
        ),
        (Self::Interrupted, "interrupted: likewise"),
    ];

    pub fn number(self) -> u8 {
        match self {
            Self::AllSucceeded => 0,
            Self::SomeFailed => 1,
            Self::NothingSent => 2,
            Self::Stopped => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}
