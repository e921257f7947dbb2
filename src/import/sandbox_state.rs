//! Where the sandbox of `--sandbox` finds what an earlier run has left: in the folder of that run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::input::Input;

/// The file in a run folder that keeps what the sandbox has applied.
pub const SANDBOX_STATE: &str = "sandbox.jsonl";

/// For an import: the reports of a run go on from that run, and any other file starts anew.
pub fn beside_input(input: &Input) -> Option<PathBuf> {
    let state = input.folder()?.join(SANDBOX_STATE);
    state.exists().then_some(state)
}

/// The state that was changed last, of the runs in the current folder.
pub fn newest() -> Option<PathBuf> {
    let folders = fs::read_dir(Path::new(".")).ok()?.flatten();
    let states = folders.map(|folder| folder.path().join(SANDBOX_STATE));
    let changed =
        |state: &PathBuf| -> Option<SystemTime> { fs::metadata(state).ok()?.modified().ok() };
    states
        .filter_map(|state| Some((changed(&state)?, state)))
        .max()
        .map(|(_, state)| state)
}
