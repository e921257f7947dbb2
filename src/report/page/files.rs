//! The files beside the page.

use super::data::PageData;
use crate::run::journal::{FAILURES, PENDING, SUCCESS};
use crate::run::{SUMMARY, UNDO};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLink {
    pub name: &'static str,
    pub content: &'static str,
}

pub fn files(data: &PageData<'_>) -> Vec<FileLink> {
    let has_undo = data.planned.current.is_some();
    let files = [
        (
            SUCCESS,
            true,
            "users who have exactly the codes of the input, as the service confirmed",
        ),
        (
            FAILURES,
            true,
            "failed users and bad rows, each with its reason; correct it and import it",
        ),
        (
            PENDING,
            data.stop.is_some(),
            "users who are not decided yet",
        ),
        (
            UNDO,
            has_undo,
            "what users had before; import it to restore their licences",
        ),
        (SUMMARY, true, "the run in numbers, for programs"),
    ];
    files
        .into_iter()
        .filter(|(_, is_there, _)| *is_there)
        .map(|(name, _, content)| FileLink { name, content })
        .collect()
}
