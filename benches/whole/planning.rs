//! Without a service: reading and planning, what twice the users cost, the start, and the size of the program.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use csv::{ByteRecord, ReaderBuilder};

use crate::process::{Workspace, peak_memory, seatload, shortest, time};
use crate::{Result, Size, generate, print_line};

const MIB: u64 = 1024 * 1024;

pub(crate) fn measure_reading(size: Size) -> Result {
    let (rows, users) = size.choose((10_000_000, 4_000_000), (10_000, 4_000));
    let space = Workspace::new(|out| generate::input(out, rows, users, 7))?;
    let plan = || seatload(["plan".as_ref(), space.input.as_os_str()]);
    let times = shortest(
        size.choose(11, 1),
        [&|| csv_alone(&space.input), &|| time(&mut plan())],
    )?;
    let ratio = times[1].as_secs_f64() / times[0].as_secs_f64();
    let what = format!("`plan` of {rows} rows of {users} users: time");
    print_line(
        what,
        "3 times the csv crate alone",
        format!("{ratio:.2} times"),
        ratio <= 3.0,
    );

    let memory = peak_memory(&mut plan())?;
    let most = 64 * users as u64 + 32 * MIB;
    let bound = format!("64 bytes a user and 32 MiB: {} MiB", most / MIB);
    print_line(
        "the same: most memory",
        bound,
        format!("{} MiB", memory / MIB),
        memory <= most,
    );
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

pub(crate) fn measure_growth(size: Size) -> Result {
    let largest = 1_250 << size.choose(13, 2);
    let mut worst = [(0.0, 0); 2];
    let mut users = 1_250;
    while users < largest {
        users *= 2;
        let half = Workspace::new(|out| generate::same_for_all(out, users / 2, 7))?;
        let whole = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
        let plan = |space: &Workspace| seatload(["plan".as_ref(), space.input.as_os_str()]);
        let runs = size.choose(20, 1);
        let times = shortest(
            runs,
            [&|| time(&mut plan(&half)), &|| time(&mut plan(&whole))],
        )?;
        let ratios = [
            times[1].as_secs_f64() / times[0].as_secs_f64(),
            peak_memory(&mut plan(&whole))? as f64 / peak_memory(&mut plan(&half))? as f64,
        ];
        for (worst, ratio) in worst.iter_mut().zip(ratios) {
            if ratio > worst.0 {
                *worst = (ratio, users);
            }
        }
    }
    for (name, (ratio, at)) in ["time", "memory"].into_iter().zip(worst) {
        let what = format!("`plan` of twice the users, from 1250 to {largest}: {name}");
        print_line(
            what,
            "2.1 times",
            format!("at most {ratio:.2} times (at {at})"),
            ratio <= 2.1,
        );
    }
    Ok(())
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
    for ((what, time), most) in whats.into_iter().zip(times).zip([15.0, 100.0]) {
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
