//! `start.json`: how to start a run that was killed before it had begun, while the service was asked or the user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{RunFolder, RunManifest};

/// The file in the folder of a run that has not begun.
pub const START: &str = "start.json";

/// The command line of an import. It has no secret: no flag takes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnstartedRun {
    /// The current folder of the import.
    pub current_folder: PathBuf,
    /// The program's name first.
    pub arguments: Vec<String>,
}

impl UnstartedRun {
    /// The command line of this process. `None` if it is not text.
    pub fn of_this_process() -> Option<Self> {
        let arguments = std::env::args_os().map(|argument| argument.into_string().ok());
        let start = Self {
            current_folder: std::env::current_dir().ok()?,
            arguments: arguments.collect::<Option<_>>()?,
        };
        start.runs_nothing_else().then_some(start)
    }

    /// Whether the command line is an import that runs no other program: the folder may be one that others write to.
    fn runs_nothing_else(&self) -> bool {
        let names_a_program = |argument: &String| {
            ["--token-command", "--config"]
                .iter()
                .any(|flag| argument.starts_with(flag))
        };
        let is_import = self.arguments.iter().any(|argument| argument == "import");
        is_import && !self.arguments.iter().any(names_a_program)
    }

    pub fn write(&self, folder: &RunFolder) -> io::Result<()> {
        folder.replace(START, |out| Ok(serde_json::to_writer_pretty(out, self)?))
    }

    /// What was to start in a folder, if it has not.
    pub fn read(folder: &Path) -> Option<Self> {
        if RunManifest::started_at(folder).is_some() {
            return None;
        }
        let start = fs::read(folder.join(START)).ok()?;
        let start: Self = serde_json::from_slice(&start).ok()?;
        start.runs_nothing_else().then_some(start)
    }

    /// Removes a folder whose run has not begun. What cannot be removed does no harm.
    pub fn remove_folder(folder: &Path) {
        if RunManifest::started_at(folder).is_some() {
            return;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
        let _ = fs::remove_dir(folder);
    }
}
