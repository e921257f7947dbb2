//! A CSV file that only ever grows by whole records.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A file of rows, each on a line of its own. What a crash or a full disk has cut off in the middle of a record is taken away.
pub struct CsvLog<Row> {
    file: File,
    /// How long the file is, as far as its records are whole.
    length: u64,
    /// Records that the operating system may not have put on the disk yet.
    is_dirty: bool,
    row: PhantomData<fn(Row)>,
}

impl<Row: Serialize + Default> CsvLog<Row> {
    /// Opens a file, or makes it; cuts off a torn last record, and writes the header where it is missing.
    ///
    /// # Errors
    /// When the file cannot be read or written; [`io::ErrorKind::InvalidData`] when more than its last record is damaged.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let CompleteRecords { length, is_torn } = whole_records(BufReader::new(&mut file))?;
        if is_torn == TornRecord::Lines {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a quote is open over several lines",
            ));
        }
        file.set_len(length)?;
        let mut this = Self {
            file,
            length,
            is_dirty: true,
            row: PhantomData,
        };
        if length == 0 {
            this.append_lines(&header::<Row>()?)?;
        }
        Ok(this)
    }

    /// Adds records: when this returns, the operating system has all of them, or none if it fails.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append(&mut self, rows: impl IntoIterator<Item = Row>) -> io::Result<()> {
        let mut bytes = writer(Vec::new());
        for row in rows {
            bytes.serialize(row)?;
        }
        self.append_lines(&finished(bytes)?)
    }

    /// Adds records that stand in these lines, as [`append`](Self::append) does.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.is_dirty = true;
        if let Err(error) = self.file.write_all(lines) {
            // Best effort: what is torn all the same is cut off by whoever opens the file next.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Waits until the disk has every record.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.is_dirty {
            self.file.sync_data()?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// The file, to be waited for elsewhere, where the disk may lack something. After that it is taken to have everything.
    ///
    /// # Errors
    /// When there can be no second handle.
    pub fn take_unsynced(&mut self) -> io::Result<Option<File>> {
        let is_dirty = std::mem::take(&mut self.is_dirty);
        is_dirty.then(|| self.file.try_clone()).transpose()
    }
}

impl<Row: DeserializeOwned> CsvLog<Row> {
    /// The records, from the first.
    ///
    /// # Errors
    /// When the file cannot be read. A record that cannot be understood is an error of its own.
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
    /// From here on the file takes nothing more, as if the disk were full.
    pub fn shut(&mut self, path: &Path) {
        // Through a handle that only reads nobody writes, whatever its rights.
        self.file = File::open(path).unwrap();
    }
}

/// The records of a file that nobody adds to.
///
/// # Errors
/// When it cannot be opened. A record that cannot be understood is an error of its own.
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
        out.serialize(row).map_err(as_it_was)?;
    }
    out.flush()
}

/// An error of the file below, so that a closed pipe can be told from a full disk.
fn as_it_was(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The header of a file of such rows, its line end included.
fn header<Row: Serialize + Default>() -> io::Result<Vec<u8>> {
    let mut sample = csv::Writer::from_writer(Vec::new());
    sample.serialize(Row::default())?;
    let sample = finished(sample)?;
    let end = memchr::memchr(b'\n', &sample).map_or(0, |end| end + 1);
    Ok(sample[..end].to_vec())
}

fn writer<W: Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out)
}

fn finished(writer: csv::Writer<Vec<u8>>) -> io::Result<Vec<u8>> {
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// Cells as they stand in a line, without its end.
pub fn cells<const N: usize>(texts: [&str; N]) -> io::Result<Vec<u8>> {
    let mut line = writer(Vec::new());
    line.write_record(texts)?;
    let mut line = finished(line)?;
    line.pop();
    Ok(line)
}

/// How much of a file stands in whole records.
struct CompleteRecords {
    /// Bytes, up to the last line end outside quotes.
    length: u64,
    is_torn: TornRecord,
}

/// What comes after the whole records.
#[derive(PartialEq, Eq)]
enum TornRecord {
    /// At most the beginning of one.
    Line,
    /// More than one line, so no crash has done it.
    Lines,
}

fn whole_records(mut file: impl Read) -> io::Result<CompleteRecords> {
    let mut buffer = vec![0; 256 * 1024];
    let (mut read_so_far, mut length, mut in_quotes) = (0, 0, false);
    let mut is_torn = TornRecord::Line;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(CompleteRecords { length, is_torn });
        }
        for at in memchr::memchr2_iter(b'"', b'\n', &buffer[..read]) {
            match buffer[at] {
                // A quote within quotes is written twice, and so leaves them as they were.
                b'"' => in_quotes = !in_quotes,
                _ if in_quotes => is_torn = TornRecord::Lines,
                _ => length = read_so_far + at as u64 + 1,
            }
        }
        read_so_far += read as u64;
    }
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
    fn a_quote_that_is_open_over_several_lines_is_no_torn_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.csv");
        std::fs::write(&path, "name,number\na,1\n\"b,2\nc,3\n").unwrap();
        let Err(error) = CsvLog::<Pair>::open(&path) else {
            panic!("opened");
        };
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn what_the_disk_lacks_is_given_once_to_be_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = CsvLog::<Pair>::open(&folder.path().join("records.csv")).unwrap();
        assert!(file.take_unsynced().unwrap().is_some());
        assert!(file.take_unsynced().unwrap().is_none());
        file.append([Pair::default()]).unwrap();
        assert!(file.take_unsynced().unwrap().is_some());
        file.append([Pair::default()]).unwrap();
        file.sync().unwrap();
        assert!(file.take_unsynced().unwrap().is_none());
    }

    proptest! {
        /// Wherever the file was cut, every record that stood there whole is kept, and nothing else.
        #[test]
        fn a_torn_record_is_cut_off_and_whole_ones_stay(
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

        /// Whatever stands in the file, reading it ends, without a panic.
        #[test]
        fn no_file_is_too_broken_to_be_opened(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("records.csv");
            std::fs::write(&path, bytes).unwrap();
            if let Ok(mut file) = CsvLog::<Pair>::open(&path) {
                let _ = file.read().unwrap().count();
            }
        }
    }
}
