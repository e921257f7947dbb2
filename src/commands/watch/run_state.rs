//! Whether the import of a file has begun: then it must never begin again.

use std::fs::File;

use anyhow::Context;

use crate::input::Fingerprint;
use crate::run::{NewRunFolder, RunFolder, RunManifest};
use crate::watch::Job;

/// What a file's run began with, if one has begun. That of the file itself, where the record cannot be read: it is safer to
/// take it for imported.
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

/// Whether something may have been sent of a file.
pub fn has_started(job: &Job) -> bool {
    let run = job.run();
    run.is_dir() && RunManifest::require(&run).is_ok()
}

/// A run folder, without what an attempt that was killed before its run began has left there.
pub fn empty_run_folder(job: &Job) -> anyhow::Result<NewRunFolder> {
    let path = job.run();
    if path.exists() {
        RunFolder::open(&path)?.remove_unstarted();
    }
    Ok(NewRunFolder::create(&path)?)
}
