//! Reading and planning, against the csv crate alone.

use std::fs::File;
use std::io::BufWriter;
use std::time::Duration;

use csv::{ByteRecord, ReaderBuilder};

use crate::process::{myself, peak_memory, seatload, time};
use crate::{Line, Outcome, Size, generate};

pub(crate) const CSV_ALONE: &str = "csv-alone";

const MIB: u64 = 1024 * 1024;

pub(crate) fn measure(size: Size) -> Outcome<Vec<Line>> {
    let (rows, users) = size.of((10_000_000, 4_000_000), (10_000, 4_000));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("input.csv");
    generate::input(&mut BufWriter::new(File::create(&path)?), rows, users, 7)?;

    let (mut alone, mut plan) = (Vec::new(), Vec::new());
    for _ in 0..size.of(11, 1) {
        alone.push(time(&mut myself([CSV_ALONE.as_ref(), path.as_os_str()])?)?);
        plan.push(time(&mut seatload(["plan".as_ref(), path.as_os_str()]))?);
    }
    let shortest = |runs: Vec<Duration>| runs.into_iter().min().unwrap_or_default().as_secs_f64();
    let ratio = shortest(plan) / shortest(alone);
    let memory = peak_memory(&mut seatload(["plan".as_ref(), path.as_os_str()]))?;
    let most = 64 * users as u64 + 32 * MIB;
    Ok(vec![
        Line {
            what: format!("`plan` of {rows} rows of {users} users: time"),
            bound: "3 times the csv crate alone".into(),
            measured: format!("{ratio:.2} times"),
            holds: ratio <= 3.0,
        },
        Line {
            what: "the same: most memory".into(),
            bound: format!("64 bytes a user and 32 MiB: {} MiB", most / MIB),
            measured: format!("{} MiB", memory / MIB),
            holds: memory <= most,
        },
    ])
}

/// Reads a file as fast as the csv crate does.
pub(crate) fn csv_alone(file: &str) -> Outcome<()> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_path(file)?;
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {}
    Ok(())
}
