//! What became of a file, where it goes, and what the note beside it says.

use std::path::Path;
use std::time::Duration;

use crate::event::StopReason;
use crate::humanize::{count, count_of};
use crate::run::RunCounts;
use crate::sanitize::{printable, shell_quote};
use crate::watch::folders::TargetFolder;

/// The longest that the service's words may be, in characters.
const LONGEST_WORDS: usize = 400;

/// What became of a file that is done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    Finished(RunCounts),
    /// Its run has finished, and the file is not what was imported any more.
    Changed,
    /// Its run stopped for a reason that concerns this file, as far as can be told.
    Stopped(StopReason),
    /// Its run has begun and cannot be gone on with.
    CannotGoOn {
        why: String,
    },
    /// It cannot be imported: nothing was sent.
    NotImported {
        why: String,
    },
    Duplicate {
        file: String,
        when: String,
        /// Where it stands now, if it still does.
        folder: Option<String>,
    },
}

impl Disposition {
    /// Where the file goes.
    pub fn place(&self) -> TargetFolder {
        match self {
            Self::Finished(counts) if counts.failures.is_empty() => TargetFolder::Done,
            Self::Duplicate { .. } => TargetFolder::Duplicates,
            _ => TargetFolder::Attention,
        }
    }

    /// What happened, in a line.
    pub fn what(&self) -> String {
        match self {
            Self::Finished(counts) => finished(counts),
            Self::Changed => "the file was changed while it was imported".to_owned(),
            Self::Stopped(stop) => {
                let what = printable(&stop.message(), LONGEST_WORDS);
                format!("the run stopped early: {what}")
            }
            Self::CannotGoOn { .. } => "its run cannot be gone on with".to_owned(),
            Self::NotImported { .. } => "it cannot be imported, and nothing was sent".to_owned(),
            Self::Duplicate { file, when, .. } => {
                format!(
                    "its content was imported before, as {file} on {when}, and is not sent again"
                )
            }
        }
    }

    /// The note beside the file `name`, if it wants one. `run` is where its reports will be.
    pub fn note(&self, name: &str, run: &Path) -> Option<String> {
        let what = self.what();
        let (word, run) = (shell_quote(run), run.display());
        let more = match self {
            Self::Finished(counts) if counts.failures.is_empty() => return None,
            Self::Finished(_) => format!(
                "hint: see {run}/failures.csv: each message says what to do.\n\
                 Mend that file and drop it into the folder that is watched. Or, once there are seats, say:\n\
                 \n    seatload resume {word} --retry-failed\n"
            ),
            Self::Changed => format!(
                "What was imported is told in {run}; whatever was written to the file later is not.\n\
                 hint: drop the whole file again. Let programs write under another name, such as\n\
                 {name}.part, and rename the file when it is complete, or give a longer --settle.\n"
            ),
            Self::Stopped(stop) => format!(
                "hint: {}; then go on with the users who are left:\n\
                 \n    seatload resume {word}\n",
                stop.hint()
            ),
            Self::CannotGoOn { why } => format!(
                "{why}\n\nWhat was sent before is told in {run}. To go on by hand:\n\
                 \n    seatload resume {word}\n"
            ),
            Self::NotImported { why } => format!(
                "{why}\n\nOnce that is mended, drop the file into the folder that is watched again.\n"
            ),
            Self::Duplicate { folder, .. } => {
                let seen = folder.as_ref().map_or_else(String::new, |folder| {
                    format!("What became of it stands in {folder}.\n")
                });
                format!(
                    "{seen}hint: nothing, if it was dropped twice. To import it once more all the same, say\n\
                     \n    seatload import <this file> and the flags of the watch\n"
                )
            }
        };
        Some(format!("{name}: {what}\n\n{more}"))
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
    /// The watch ends, and the file stays where it is.
    Exit,
    /// The file is set aside, and the next one is taken.
    SetAside,
    /// The run goes on after a pause. No other file is taken: it would meet the same trouble.
    Retry,
}

/// What follows when the run of a file stops. `unknown_before`: so did that of the file before, since the service knew nobody.
pub fn after_stop(stop: &StopReason, unknown_before: bool) -> AfterStop {
    match stop {
        StopReason::Interrupted => AfterStop::Exit,
        StopReason::FirstUsersDone | StopReason::BadRows { .. } => AfterStop::SetAside,
        // One file may be of another organisation; two in a row say that the watch is.
        StopReason::NoUserFound { .. } if !unknown_before => AfterStop::SetAside,
        StopReason::NoUserFound { .. }
        | StopReason::Unauthorized { .. }
        | StopReason::SignInRefused { .. }
        | StopReason::NotSignedIn { .. }
        | StopReason::Forbidden { .. }
        | StopReason::UnexpectedStatus { .. }
        | StopReason::RetryAfterTooLong { .. }
        | StopReason::ServiceDown { .. }
        | StopReason::CannotWriteReports => AfterStop::Retry,
    }
}

/// How long the users of one file may go without an answer, before it is set aside for the sake of those behind it.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// What follows when a run has ended `age` after it began, and users of it got no answer from the service.
/// `unanswered_before`: so did the file before.
pub fn after_no_response(age: Duration, unanswered_before: bool) -> AfterStop {
    // One file may be to blame; two in a row say that the service is.
    match age >= PATIENCE && !unanswered_before {
        true => AfterStop::SetAside,
        false => AfterStop::Retry,
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
    fn a_file_is_done_when_every_user_succeeded_and_wants_attention_otherwise() {
        let run = Path::new("attention/a/run");
        let done = Disposition::Finished(counts(&[]));
        assert_eq!(
            (done.place(), done.note("a.csv", run)),
            (TargetFolder::Done, None)
        );
        let failed = Disposition::Finished(counts(&[("conflict", 2), ("invalid", 1)]));
        assert_eq!(failed.place(), TargetFolder::Attention);
        assert_eq!(failed.what(), "7 users succeeded, 2 conflict, 1 invalid");
    }

    #[test]
    fn every_note_names_the_file_and_says_what_to_do() {
        let why = || "why\n  hint: this".to_owned();
        for verdict in [
            Disposition::Finished(counts(&[("conflict", 2)])),
            Disposition::Changed,
            Disposition::Stopped(StopReason::FirstUsersDone),
            Disposition::CannotGoOn { why: why() },
            Disposition::NotImported { why: why() },
            Disposition::Duplicate {
                file: "b.csv".to_owned(),
                when: "2026-11-24".to_owned(),
                folder: None,
            },
        ] {
            let note = verdict.note("a.csv", Path::new("place/a/run")).unwrap();
            assert!(
                note.starts_with("a.csv: ") && note.contains("hint: "),
                "{note}"
            );
            assert_ne!(verdict.place(), TargetFolder::Done);
        }
    }

    #[test]
    fn a_file_without_answers_is_set_aside_after_an_hour_and_only_one_of_several() {
        assert_eq!(after_no_response(PATIENCE / 2, false), AfterStop::Retry);
        assert_eq!(after_no_response(PATIENCE, false), AfterStop::SetAside);
        assert_eq!(after_no_response(PATIENCE * 50, true), AfterStop::Retry);
    }

    #[test]
    fn trouble_that_every_file_would_meet_sets_no_file_aside() {
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
