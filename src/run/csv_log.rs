//! A CSV file that grows by whole records only.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::file_in_use::wait_while_in_use;

/// A file of rows, one a line. Opening it removes what a crash or a full disk has left of a torn record.
pub struct CsvLog<Row> {
    file: File,
    /// The bytes of its complete records.
    length: u64,
    /// The disk may lack some of its records.
    is_dirty: bool,
    row: PhantomData<fn(Row)>,
}

impl<Row: Serialize + Default> CsvLog<Row> {
    /// Opens or creates a file, removes a torn last record, and writes a missing header. A file that is damaged beyond
    /// its last record is [`io::ErrorKind::InvalidData`].
    pub fn open(path: &Path) -> io::Result<Self> {
        // Not in append mode: there, Windows lets no record be cut off.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = wait_while_in_use(path, || options.open(path))?;
        let length = complete_length(BufReader::new(&mut file))?;
        file.set_len(length)?;
        let mut log = Self {
            file,
            length,
            is_dirty: true,
            row: PhantomData,
        };
        if length == 0 {
            log.append_lines(&header::<Row>()?)?;
        }
        Ok(log)
    }

    /// Adds records: the operating system then has all of them, or none on an error.
    pub fn append(&mut self, rows: impl IntoIterator<Item = Row>) -> io::Result<()> {
        let mut bytes = writer(Vec::new());
        for row in rows {
            bytes.serialize(row)?;
        }
        self.append_lines(&into_bytes(bytes)?)
    }

    fn append_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.is_dirty = true;
        let end = self.file.seek(SeekFrom::Start(self.length));
        if let Err(error) = end.and_then(|_| self.file.write_all(lines)) {
            // Best effort: the next record overwrites what this leaves, or the next `open` removes it.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Waits until the disk has every record.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.is_dirty {
            self.file.sync_data()?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// A second handle of the file if the disk may lack some of it. The caller waits for the disk; from here on the
    /// file counts as complete.
    pub fn take_dirty_file(&mut self) -> io::Result<Option<File>> {
        let is_dirty = std::mem::take(&mut self.is_dirty);
        is_dirty.then(|| self.file.try_clone()).transpose()
    }
}

impl<Row: DeserializeOwned> CsvLog<Row> {
    /// The records, from the first. A record that cannot be parsed is an error of its own.
    pub fn read(&mut self) -> io::Result<impl Iterator<Item = csv::Result<Row>> + use<'_, Row>> {
        self.file.seek(SeekFrom::Start(0))?;
        let reader = csv::ReaderBuilder::new()
            .buffer_capacity(256 * 1024)
            .from_reader(&mut self.file);
        Ok(reader.into_deserialize())
    }
}

#[cfg(test)]
impl<Row> CsvLog<Row> {
    /// Makes the file take nothing more, as if the disk were full.
    pub fn fail_writes(&mut self, path: &Path) {
        // Writing to a read-only handle fails for every user.
        self.file = File::open(path).unwrap();
    }
}

/// The records of a file that is not appended to. A record that cannot be parsed is an error of its own.
pub fn read_all<Row: DeserializeOwned>(
    path: &Path,
) -> io::Result<impl Iterator<Item = csv::Result<Row>> + use<Row>> {
    Ok(csv::Reader::from_reader(File::open(path)?).into_deserialize())
}

/// Writes rows below their header.
pub fn write_all<Row: Serialize + Default>(
    out: &mut dyn Write,
    rows: impl Iterator<Item = Row>,
) -> io::Result<()> {
    out.write_all(&header::<Row>()?)?;
    let mut out = writer(out);
    for row in rows {
        out.serialize(row).map_err(into_io_error)?;
    }
    out.flush()
}

/// The error of the file below, so that a closed pipe differs from a full disk.
fn into_io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The header of a file of such rows, its line end included.
fn header<Row: Serialize + Default>() -> io::Result<Vec<u8>> {
    let mut sample = csv::Writer::from_writer(Vec::new());
    sample.serialize(Row::default())?;
    let sample = into_bytes(sample)?;
    let mut lines = sample.split_inclusive(|byte| *byte == b'\n');
    Ok(lines.next().unwrap_or_default().to_vec())
}

fn writer<W: Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out)
}

fn into_bytes(writer: csv::Writer<Vec<u8>>) -> io::Result<Vec<u8>> {
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// The bytes of the complete records, up to the last line end outside quotes. A quote that is open over several lines
/// is no torn record but damage.
fn complete_length(mut file: impl BufRead) -> io::Result<u64> {
    let (mut read, mut complete, mut in_quotes) = (0, 0, false);
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        read += line.len() as u64;
        // A quote in a quoted cell is doubled, which leaves `in_quotes` as it was.
        in_quotes ^= line.iter().filter(|&&byte| byte == b'"').count() % 2 == 1;
        if line.ends_with(b"\n") {
            if in_quotes {
                let message = "a quote is open over several lines";
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            complete = read;
        }
        line.clear();
    }
    Ok(complete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    struct Pair {
        name: String,
        number: u32,
    }

    fn read(path: &Path) -> Vec<Pair> {
        let mut file = CsvLog::<Pair>::open(path).unwrap();
        file.read().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_quote_open_over_several_lines_is_not_a_torn_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.csv");
        std::fs::write(&path, "name,number\na,1\n\"b,2\nc,3\n").unwrap();
        let Err(error) = CsvLog::<Pair>::open(&path) else {
            panic!("opened");
        };
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_dirty_file_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = CsvLog::<Pair>::open(&folder.path().join("records.csv")).unwrap();
        assert!(file.take_dirty_file().unwrap().is_some());
        assert!(file.take_dirty_file().unwrap().is_none());
        file.append([Pair::default()]).unwrap();
        assert!(file.take_dirty_file().unwrap().is_some());
        file.append([Pair::default()]).unwrap();
        file.sync().unwrap();
        assert!(file.take_dirty_file().unwrap().is_none());
    }

    proptest! {
        /// Wherever the file is cut, its complete records are kept, and nothing else.
        #[test]
        fn a_torn_record_is_removed_and_complete_ones_stay(
            names in prop::collection::vec("[a\",;' é]{0,8}", 0..8),
            cut in 0.0_f64..1.0,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("records.csv");
            let rows: Vec<_> = names
                .into_iter()
                .zip(0..)
                .map(|(name, number)| Pair { name, number })
                .collect();
            let mut ends = Vec::new();
            let mut file = CsvLog::open(&path).unwrap();
            for row in &rows {
                file.append([row.clone()]).unwrap();
                ends.push(file.length);
            }
            let cut = (file.length as f64 * cut) as u64;
            file.file.set_len(cut).unwrap();
            drop(file);

            let whole = ends.iter().filter(|end| **end <= cut).count();
            prop_assert_eq!(read(&path), &rows[..whole]);
            let mut file = CsvLog::open(&path).unwrap();
            let more = Pair { name: "more".into(), number: 99 };
            file.append([more.clone()]).unwrap();
            drop(file);
            let expected: Vec<_> = rows[..whole].iter().cloned().chain([more]).collect();
            prop_assert_eq!(read(&path), expected);
        }

        #[test]
        fn opening_any_file_ends_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("records.csv");
            std::fs::write(&path, bytes).unwrap();
            if let Ok(mut file) = CsvLog::<Pair>::open(&path) {
                let _ = file.read().unwrap().count();
            }
        }
    }
}
