//! The disposition of a file that is done: its target folder, and the note beside it.

use std::path::Path;
use std::time::Duration;

use crate::event::StopReason;
use crate::humanize::{count, count_of};
use crate::run::RunCounts;
use crate::sanitize::{printable, shell_quote};
use crate::watch::folders::TargetFolder;

/// The longest message of the service in a note, in characters.
const MESSAGE_CHARS: usize = 400;

/// What happened to a file that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    Finished(RunCounts),
    /// Its run has finished, but the file was changed meanwhile.
    Changed,
    /// Its run stopped for a reason that is probably about this file.
    Stopped(StopReason),
    /// Its run has started and cannot be resumed.
    CannotResume {
        error: String,
    },
    /// It cannot be imported; nothing was sent.
    NotImported {
        error: String,
    },
    Duplicate {
        file: String,
        when: String,
        /// The folder of the earlier import, if it is still there.
        folder: Option<String>,
    },
}

impl Disposition {
    pub fn place(&self) -> TargetFolder {
        match self {
            Self::Finished(counts) if counts.failures.is_empty() => TargetFolder::Done,
            Self::Duplicate { .. } => TargetFolder::Duplicates,
            _ => TargetFolder::Attention,
        }
    }

    /// What happened, in one line.
    pub fn message(&self) -> String {
        match self {
            Self::Finished(counts) => finished(counts),
            Self::Changed => "the file was changed while it was imported".to_owned(),
            Self::Stopped(stop) => {
                let message = printable(&stop.message(), MESSAGE_CHARS);
                format!("the run stopped early: {message}")
            }
            Self::CannotResume { .. } => "the run cannot be resumed".to_owned(),
            Self::NotImported { .. } => "the file cannot be imported; nothing was sent".to_owned(),
            Self::Duplicate { file, when, .. } => {
                format!("the same content was imported as {file} on {when}; it is not sent again")
            }
        }
    }

    /// The text of the note beside the file `name`, if it needs one. `run` is its run folder.
    pub fn note_text(&self, name: &str, run: &Path) -> Option<String> {
        let message = self.message();
        let (quoted, run) = (shell_quote(run), run.display());
        let more = match self {
            Self::Finished(counts) if counts.failures.is_empty() => return None,
            Self::Finished(_) => format!(
                "hint: correct the rows in {run}/failures.csv as their messages say, then drop that file into the watched folder.\n\
                 To retry the failed users as they are, once there are seats:\n\
                 \n    seatload resume {quoted} --retry-failed\n"
            ),
            Self::Changed => format!(
                "The reports in {run} cover the content before the change; what was written later was not imported.\n\
                 hint: drop the complete file again. Programs should write to {name}.part and rename it when it is\n\
                 complete; or give a longer --settle.\n"
            ),
            Self::Stopped(stop) => format!(
                "hint: {}. To send the remaining users:\n\
                 \n    seatload resume {quoted}\n",
                stop.hint()
            ),
            Self::CannotResume { error } => format!(
                "{error}\n\nThe reports in {run} show what was sent. To resume by hand:\n\
                 \n    seatload resume {quoted}\n"
            ),
            Self::NotImported { error } => format!(
                "{error}\n\nCorrect the file, then drop it into the watched folder again.\n"
            ),
            Self::Duplicate { folder, .. } => {
                let reports = folder.as_ref().map_or_else(String::new, |folder| {
                    format!("Its reports are in {folder}.\n")
                });
                format!(
                    "{reports}hint: if the file was dropped twice by mistake, there is nothing to do. To import it again:\n\
                     \n    seatload import FILE, with the flags of the watch\n"
                )
            }
        };
        Some(format!("{name}: {message}\n\n{more}"))
    }
}

fn finished(counts: &RunCounts) -> String {
    let mut parts = vec![format!("{} succeeded", count_of(counts.success, "user"))];
    for (kind, users) in &counts.failures {
        parts.push(format!("{} {kind}", count(*users)));
    }
    parts.join(", ")
}

/// What follows when the run of a file stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStop {
    /// The watch ends; the file stays in `working`.
    Exit,
    /// The file is set aside and the next one is imported.
    SetAside,
    /// The run is resumed after a delay. No other file is imported before, since it would fail the same way.
    Retry,
}

/// What follows when the run of a file stops. `previous_was_not_found` says whether the run of the file before stopped
/// with [`StopReason::NoUserFound`].
pub fn after_stop(stop: &StopReason, previous_was_not_found: bool) -> AfterStop {
    match stop {
        StopReason::Interrupted => AfterStop::Exit,
        StopReason::FirstUsersDone | StopReason::BadRows { .. } => AfterStop::SetAside,
        // One file may be for another organisation; after two in a row, the settings of the watch are wrong.
        StopReason::NoUserFound { .. } if !previous_was_not_found => AfterStop::SetAside,
        StopReason::NoUserFound { .. }
        | StopReason::Unauthorized { .. }
        | StopReason::SignInRefused { .. }
        | StopReason::NotSignedIn { .. }
        | StopReason::ReadsOnly
        | StopReason::Forbidden { .. }
        | StopReason::Blocked { .. }
        | StopReason::UnexpectedStatus { .. }
        | StopReason::RetryAfterTooLong { .. }
        | StopReason::ServiceDown { .. }
        | StopReason::CannotWriteReports => AfterStop::Retry,
    }
}

/// How long a file is retried without a response for its users, before it is set aside and the next one is imported.
const MAX_UNAVAILABLE: Duration = Duration::from_secs(60 * 60);

/// What follows when a run ends `age` after its start with users that got no response. `previous_was_unavailable` says
/// whether that happened to the file before.
pub fn after_no_response(age: Duration, previous_was_unavailable: bool) -> AfterStop {
    // One file may be to blame; after two in a row, the service is.
    if age >= MAX_UNAVAILABLE && !previous_was_unavailable {
        AfterStop::SetAside
    } else {
        AfterStop::Retry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(failures: &[(&str, u64)]) -> RunCounts {
        RunCounts {
            success: 7,
            failures: failures
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), *count))
                .collect(),
        }
    }

    #[test]
    fn a_file_is_done_when_every_user_succeeded_and_needs_attention_otherwise() {
        let run = Path::new("attention/a/run");
        let done = Disposition::Finished(counts(&[]));
        assert_eq!(
            (done.place(), done.note_text("a.csv", run)),
            (TargetFolder::Done, None)
        );
        let failed = Disposition::Finished(counts(&[("conflict", 2), ("invalid", 1)]));
        assert_eq!(failed.place(), TargetFolder::Attention);
        assert_eq!(failed.message(), "7 users succeeded, 2 conflict, 1 invalid");
    }

    #[test]
    fn every_note_names_the_file_and_says_what_to_do() {
        let error = || "why\n  hint: this".to_owned();
        for verdict in [
            Disposition::Finished(counts(&[("conflict", 2)])),
            Disposition::Changed,
            Disposition::Stopped(StopReason::FirstUsersDone),
            Disposition::CannotResume { error: error() },
            Disposition::NotImported { error: error() },
            Disposition::Duplicate {
                file: "b.csv".to_owned(),
                when: "2026-11-24".to_owned(),
                folder: None,
            },
        ] {
            let note = verdict
                .note_text("a.csv", Path::new("place/a/run"))
                .unwrap();
            assert!(
                note.starts_with("a.csv: ") && note.contains("hint: "),
                "{note}"
            );
            assert_ne!(verdict.place(), TargetFolder::Done);
        }
    }

    #[test]
    fn a_file_without_responses_is_set_aside_after_an_hour_and_only_the_first_of_several() {
        assert_eq!(
            after_no_response(MAX_UNAVAILABLE / 2, false),
            AfterStop::Retry
        );
        assert_eq!(
            after_no_response(MAX_UNAVAILABLE, false),
            AfterStop::SetAside
        );
        assert_eq!(
            after_no_response(MAX_UNAVAILABLE * 50, true),
            AfterStop::Retry
        );
    }

    #[test]
    fn a_failure_that_every_file_would_meet_sets_no_file_aside() {
        let message = String::new;
        let trouble = [
            StopReason::Unauthorized { message: message() },
            StopReason::SignInRefused { message: message() },
            StopReason::NotSignedIn { reason: message() },
            StopReason::Forbidden { message: message() },
            StopReason::ServiceDown { reason: message() },
            StopReason::CannotWriteReports,
        ];
        for stop in trouble {
            assert_eq!(after_stop(&stop, false), AfterStop::Retry, "{stop:?}");
        }
        let unknown = StopReason::NoUserFound { message: message() };
        assert_eq!(after_stop(&unknown, false), AfterStop::SetAside);
        assert_eq!(after_stop(&unknown, true), AfterStop::Retry);
        assert_eq!(
            after_stop(&StopReason::FirstUsersDone, true),
            AfterStop::SetAside
        );
        assert_eq!(after_stop(&StopReason::Interrupted, true), AfterStop::Exit);
    }
}
