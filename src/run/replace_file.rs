//! Files that are replaced at once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file_in_use::wait_while_in_use;

/// Replaces a file of a folder at once: a reader sees all of the new file or all of the old one.
///
/// The unfinished file has a fixed name and the usual rights, which tempfile's have not: what a kill leaves is
/// overwritten the next time, and colleagues can read the reports.
pub fn replace_file(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    StagedFile::write(folder, name, write)?.replace()
}

/// The unfinished file that replaces another one, once it is complete.
pub struct StagedFile {
    unfinished: PathBuf,
    path: PathBuf,
}

impl StagedFile {
    /// Writes all of the new file beside the old one, which may still be open.
    pub fn write(
        folder: &Path,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Self> {
        let unfinished = folder.join(format!("{name}.unfinished"));
        let path = folder.join(name);
        let staged = Self { unfinished, path };
        write_and_sync(&staged.unfinished, write)
            .inspect_err(|_| staged.remove())
            .map(|()| staged)
    }

    /// Replaces the old file, which must be closed: Windows refuses to replace an open one.
    pub fn replace(self) -> io::Result<()> {
        let folder = self.path.parent().expect("made by joining a name");
        wait_while_in_use(&self.path, || fs::rename(&self.unfinished, &self.path))
            .and_then(|()| sync_folder(folder))
            .inspect_err(|_| self.remove())
    }

    fn remove(&self) {
        // Best effort: space may be short.
        let _ = fs::remove_file(&self.unfinished);
    }
}

fn write_and_sync(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = io::BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

/// Waits until the disk has every entry of a folder.
#[cfg_attr(not(unix), expect(unused_variables, reason = "there is nothing to do"))]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // Other systems cannot open a folder as a file; there an entry is safe as soon as it is made.
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_at_once_or_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        replace_file(folder.path(), "a", |out| out.write_all(b"first")).unwrap();
        let failed = replace_file(folder.path(), "a", |out| {
            out.write_all(b"second, cut")?;
            Err(io::Error::other("no space"))
        });
        assert!(failed.is_err());
        assert!(!folder.path().join("a.unfinished").exists());
        assert_eq!(
            fs::read_to_string(folder.path().join("a")).unwrap(),
            "first"
        );
    }
}
