//! The version of a file, from what the system records of it.

use std::fs::Metadata;

use crate::watch::pending_files::FileVersion;

#[cfg(unix)]
pub fn file_version(metadata: &Metadata) -> FileVersion {
    use std::os::unix::fs::MetadataExt;
    use std::time::{Duration, SystemTime};

    use super::pending_files::FileId;

    let since_epoch = u64::try_from(metadata.ctime()).ok();
    let nanos = u32::try_from(metadata.ctime_nsec()).ok();
    FileVersion {
        size: metadata.len(),
        written: metadata.modified().ok(),
        changed: since_epoch
            .zip(nanos)
            .map(|(seconds, nanos)| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)),
        id: Some(FileId {
            number: (metadata.dev(), metadata.ino()),
            made: metadata.created().ok(),
        }),
    }
}

#[cfg(not(unix))]
pub fn file_version(metadata: &Metadata) -> FileVersion {
    FileVersion {
        size: metadata.len(),
        written: metadata.modified().ok(),
        changed: None,
        id: None,
    }
}
