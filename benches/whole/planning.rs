//! Without a service: reading and planning, the start, and the size of the program.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use csv::{ByteRecord, ReaderBuilder};

use crate::process::{Workspace, peak_memory, seatload, shortest, time};
use crate::{Result, Size, generate, print_line};

const MIB: u64 = 1024 * 1024;

/// Users of the ten million rows, and how much longer than the csv crate alone a plan may take.
const READINGS: [(usize, f64); 2] = [(4_000_000, 4.0), (6_200_000, 5.0)];

pub(crate) fn measure_reading(size: Size) -> Result {
    for (users, most_times) in READINGS {
        let (rows, users) = size.choose((10_000_000, users), (10_000, users / 1000));
        let space = Workspace::new(|out| generate::input(out, rows, users, 7))?;
        let plan = || seatload(["plan".as_ref(), space.input.as_os_str()]);
        let times = shortest(
            size.choose(7, 1),
            [&|| csv_alone(&space.input), &|| time(&mut plan())],
        )?;
        let ratio = times[1].as_secs_f64() / times[0].as_secs_f64();
        print_line(
            format!("`plan` of {rows} rows of {users} users: time"),
            format!("{most_times} times the csv crate alone"),
            format!("{ratio:.2} times"),
            ratio <= most_times,
        );
        let memory = peak_memory(&mut plan())?;
        let most = 64 * users as u64 + 32 * MIB;
        print_line(
            "the same: most memory",
            format!("64 bytes a user and 32 MiB: {} MiB", most / MIB),
            format!("{} MiB", memory / MIB),
            memory <= most,
        );
    }
    Ok(())
}

/// How long the csv crate takes for a file.
fn csv_alone(file: &Path) -> Result<Duration> {
    let begun = Instant::now();
    let mut reader = ReaderBuilder::new().has_headers(false).from_path(file)?;
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {}
    Ok(begun.elapsed())
}

pub(crate) fn measure_start(size: Size) -> Result {
    let version = || time(&mut seatload(["--version"]));
    let import = || {
        let input = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-data/singers.csv");
        let run = tempfile::tempdir()?;
        time(seatload(["import", input, "--sandbox", "--report-dir"]).arg(run.path()))
    };
    let times = shortest(size.choose(20, 2), [&version, &import])?;
    let whats = ["`--version`", "`import --sandbox` of 3 users"];
    for ((what, time), most) in whats.into_iter().zip(times).zip([15.0, 60.0]) {
        let ms = time.as_secs_f64() * 1000.0;
        print_line(
            what,
            format!("{most} ms"),
            format!("{ms:.1} ms"),
            ms <= most,
        );
    }
    let mib = fs::metadata(env!("CARGO_BIN_EXE_seatload"))?.len() as f64 / MIB as f64;
    print_line(
        "the program, stripped",
        "12 MiB",
        format!("{mib:.1} MiB"),
        mib < 12.0,
    );
    Ok(())
}
