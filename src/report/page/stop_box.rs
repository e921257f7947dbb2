//! What to do about a run that stopped early.

use super::data::PageData;
use super::labels;
use crate::sanitize::printable;

/// The longest text of the box, in characters.
const TEXT_CHARS: usize = 600;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopBox {
    pub reason: String,
    pub hint: String,
    pub resume_command: Option<String>,
    pub not_before: Option<String>,
}

impl StopBox {
    pub fn new(data: &PageData<'_>) -> Option<Self> {
        let stop = data.stop?;
        let not_before = data
            .summary
            .stopped
            .as_ref()
            .and_then(|stopped| stopped.not_before.as_ref())
            .and_then(|until| until.parse().ok());
        Some(Self {
            reason: printable(&stop.message(), TEXT_CHARS),
            hint: stop.hint().to_owned(),
            resume_command: data
                .resume_command
                .as_ref()
                .map(|command| printable(command, TEXT_CHARS)),
            not_before: not_before.map(labels::moment),
        })
    }
}
