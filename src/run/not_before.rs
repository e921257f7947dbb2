//! Until when the service wants no request: on disk as soon as it is known, so that a killed run obeys it when it is
//! resumed.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::RunFolder;

const NAME: &str = "not-before";

/// Writes down that the service wants no request before `until`. When this returns, the disk has it.
pub fn record_not_before(folder: &RunFolder, until: Timestamp) -> io::Result<()> {
    folder.replace(NAME, |out| writeln!(out, "{until}"))
}

pub fn remove(folder: &RunFolder) -> io::Result<()> {
    folder.remove(NAME)
}

pub fn read(folder: &Path) -> Option<Timestamp> {
    fs::read_to_string(folder.join(NAME))
        .ok()?
        .trim()
        .parse()
        .ok()
}
