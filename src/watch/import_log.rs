//! The files that were imported, by their content.
//!
//! A file whose run has started gets its line before it leaves `working`. Until then its run folder shows that it was
//! imported, and no other file is.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hint::Hint;
use crate::input::Fingerprint;
use crate::run::CsvLog;
use crate::sanitize::printable;

const NAME: &str = "imported.csv";

/// The longest name of a file that is kept, in characters.
const MAX_NAME_CHARS: usize = 255;

/// An import of a content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedFile {
    sha256: String,
    bytes: u64,
    pub file: String,
    /// The name of the folder that it was moved to, with its reports.
    pub folder: String,
    /// When it was done, in UTC.
    pub imported_at: String,
}

/// The files that were imported, by their content.
pub struct ImportLog {
    path: PathBuf,
    file: CsvLog<ImportedFile>,
    by_content: HashMap<String, ImportedFile>,
    last: Option<ImportedFile>,
}

/// Why the log of imported files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ImportLogError {
    #[error("cannot read or write {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is damaged, so it is unknown which files were imported before", path.display())]
    Damaged { path: PathBuf, source: csv::Error },
}

impl Hint for ImportLogError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Damaged { .. } => {
                Some("correct the line that is named above, or delete it".to_owned())
            }
        }
    }
}

impl ImportLog {
    /// Opens the log of a folder.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it is damaged. A last line that was cut off is removed.
    pub fn open(folder: &Path) -> Result<Self, ImportLogError> {
        let path = folder.join(NAME);
        let io = |source| ImportLogError::Io {
            path: path.clone(),
            source,
        };
        let mut file = CsvLog::<ImportedFile>::open(&path).map_err(io)?;
        let (mut by_content, mut last) = (HashMap::new(), None);
        for record in file.read().map_err(io)? {
            let record: ImportedFile = record.map_err(|source| ImportLogError::Damaged {
                path: path.clone(),
                source,
            })?;
            last = Some(record.clone());
            by_content.insert(record.sha256.clone(), record);
        }
        Ok(Self {
            path,
            file,
            by_content,
            last,
        })
    }

    /// The last import of a content, if there was one.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<&ImportedFile> {
        self.by_content.get(&fingerprint.sha256)
    }

    /// The last import of all.
    pub fn last(&self) -> Option<&ImportedFile> {
        self.last.as_ref()
    }

    /// Adds an import, and waits for the disk. Adding it again changes nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(
        &mut self,
        fingerprint: &Fingerprint,
        file: &str,
        folder: &str,
        now: Timestamp,
    ) -> Result<(), ImportLogError> {
        if self
            .find(fingerprint)
            .is_some_and(|before| before.folder == folder)
        {
            return Ok(());
        }
        let record = ImportedFile {
            sha256: fingerprint.sha256.clone(),
            bytes: fingerprint.bytes,
            file: printable(file, MAX_NAME_CHARS),
            folder: folder.to_owned(),
            imported_at: format!("{now:.0}"),
        };
        self.file
            .append([record.clone()])
            .and_then(|()| self.file.sync())
            .map_err(|source| ImportLogError::Io {
                path: self.path.clone(),
                source,
            })?;
        self.last = Some(record.clone());
        self.by_content.insert(record.sha256.clone(), record);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn fingerprint(text: &str) -> Fingerprint {
        Fingerprint::of(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_import_is_found_again_and_a_line_that_was_cut_off_is_removed() {
        let now = "2026-11-24T10:15:00Z".parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut memory = ImportLog::open(folder.path()).unwrap();
        for _ in 0..2 {
            memory
                .add(&fingerprint("a"), "a,\n.csv", "a-1", now)
                .unwrap();
        }
        memory.add(&fingerprint("b"), "b.csv", "b-1", now).unwrap();
        let path = folder.path().join(NAME);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        fs::write(&path, &text[..text.len() - 9]).unwrap();

        let memory = ImportLog::open(folder.path()).unwrap();
        let before = memory.find(&fingerprint("a")).unwrap();
        assert_eq!(
            (before.folder.as_str(), before.imported_at.as_str()),
            ("a-1", "2026-11-24T10:15:00Z")
        );
        assert_eq!(memory.find(&fingerprint("b")), None);
    }

    #[test]
    fn a_damaged_line_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        drop(ImportLog::open(folder.path()).unwrap());
        let path = folder.path().join(NAME);
        let text = fs::read_to_string(&path).unwrap() + "nonsense\n";
        fs::write(&path, text).unwrap();
        assert!(matches!(
            ImportLog::open(folder.path()),
            Err(ImportLogError::Damaged { .. })
        ));
    }
}
