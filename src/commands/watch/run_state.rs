//! Whether the run of a file has started: then it is resumed and never started again.

use std::fs::File;

use anyhow::Context;

use crate::input::Fingerprint;
use crate::run::{NewRunFolder, RunFolder, RunManifest};
use crate::watch::Job;

/// The fingerprint of the input of a file's run, if the run has started. Where the manifest cannot be read, the
/// fingerprint of the file itself: it is safer to count it as imported.
pub fn started_fingerprint(job: &Job) -> anyhow::Result<Option<Fingerprint>> {
    if !has_started(job) {
        return Ok(None);
    }
    let run = RunFolder::open(&job.run())?;
    if let Ok(record) = RunManifest::read(&run) {
        return Ok(Some(record.fingerprints.input));
    }
    let Some(input) = job.input() else {
        return Ok(None);
    };
    let read = File::open(&input).and_then(Fingerprint::of);
    Ok(Some(read.with_context(|| {
        format!("cannot read {}", input.display())
    })?))
}

/// Whether requests for a file may have been sent.
pub fn has_started(job: &Job) -> bool {
    let run = job.run();
    run.is_dir() && RunManifest::require(&run).is_ok()
}

/// A run folder without the files of an attempt that was killed before its run started.
pub fn empty_run_folder(job: &Job) -> anyhow::Result<NewRunFolder> {
    let path = job.run();
    if path.exists() {
        RunFolder::open(&path)?.remove_unstarted();
    }
    Ok(NewRunFolder::create(&path)?)
}
