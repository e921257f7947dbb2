//! How a run ended.

use crate::event::StopReason;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Finished,
    Interrupted,
    FirstUsersDone,
    Refused,
    StoppedEarly,
}

impl Ending {
    pub fn of(stop: Option<&StopReason>) -> Self {
        match stop {
            None => Self::Finished,
            Some(StopReason::Interrupted) => Self::Interrupted,
            Some(StopReason::FirstUsersDone) => Self::FirstUsersDone,
            Some(StopReason::BadRows { .. }) => Self::Refused,
            Some(_) => Self::StoppedEarly,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Finished => "Import finished",
            Self::Interrupted => "Import interrupted",
            Self::FirstUsersDone => "First users done",
            Self::Refused => "Import refused",
            Self::StoppedEarly => "Import stopped early",
        }
    }

    pub fn verb(self) -> &'static str {
        match self {
            Self::Finished => "Finished",
            _ => "Stopped",
        }
    }
}
