//! The runs of a folder that can be resumed.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use super::{RunManifest, SavedSummary, UnstartedRun};

/// The run folders in `folder` whose runs stopped early or were killed, the latest first.
pub fn unfinished_runs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let runs = entries.map(|entry| entry.path());
    let mut runs: Vec<_> = runs.filter(|path| is_unfinished(path)).collect();
    runs.sort_by_cached_key(|path| Reverse(fs::metadata(path).and_then(|run| run.modified()).ok()));
    runs
}

fn is_unfinished(folder: &Path) -> bool {
    match RunManifest::started_at(folder) {
        Some(_) => !SavedSummary::read(folder).is_finished,
        None => UnstartedRun::read(folder).is_some(),
    }
}
