//! What twice the users cost, and how soon a large run that goes on is under way.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{peak_memory, seatload, shortest, time};
use crate::server::Server;
use crate::{Line, Outcome, Size, generate};

pub(crate) fn measure(size: Size) -> Outcome<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("input.csv");
    let plan = || -> Command { seatload(["plan".as_ref(), input.as_os_str()]) };
    let doublings = size.of(13, 2);
    let mut before: Option<(f64, f64)> = None;
    let (mut time_ratio, mut memory_ratio) = ((0.0_f64, 0), (0.0_f64, 0));
    for doubling in 0..=doublings {
        let users = 1_250 << doubling;
        generate::same_for_all(&mut BufWriter::new(File::create(&input)?), users, 7)?;
        // The shorter a run is, the more it is disturbed.
        let runs = if users < 200_000 { 30 } else { 8 };
        let took = shortest(size.of(runs, 1), || time(&mut plan()))?.as_secs_f64();
        let memory = peak_memory(&mut plan())? as f64;
        if let Some((last_time, last_memory)) = before {
            time_ratio = larger(time_ratio, (took / last_time, users));
            memory_ratio = larger(memory_ratio, (memory / last_memory, users));
        }
        before = Some((took, memory));
    }
    let line = |what: &str, (ratio, users): (f64, usize)| Line {
        what: format!(
            "`plan` of twice the users, from 1250 to {}: {what}",
            1_250 << doublings
        ),
        bound: "2.1 times".into(),
        measured: format!("at most {ratio:.2} times (at {users})"),
        holds: ratio <= 2.1,
    };
    Ok(vec![line("time", time_ratio), line("memory", memory_ratio)])
}

fn larger(one: (f64, usize), other: (f64, usize)) -> (f64, usize) {
    if other.0 > one.0 { other } else { one }
}

pub(crate) fn measure_resume(size: Size) -> Outcome<Vec<Line>> {
    let users = size.of(1_000_000, 10_000);
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("input.csv");
    generate::same_for_all(&mut BufWriter::new(File::create(&input)?), users, 7)?;
    let run = folder.path().join("run");
    let server = Server::start(Duration::ZERO)?;
    let limits = ["--rate", "1000000/s", "--burst", "1000000"];
    // To stop after a first part leaves the folder as an interruption does. It ends with exit code 3.
    let first = (users * 9 / 10).to_string();
    seatload(["import".as_ref(), input.as_os_str()])
        .args(server.flags(64))
        .args(limits)
        .args(["--first", &first, "--report-dir"])
        .arg(&run)
        .status()?;
    // A run that goes on waits until its last part's requests are out of the quota's window.
    sleep(Duration::from_secs(2));
    server.arrivals()?;
    let took = until_first_request(&server, &run)?;
    Ok(vec![Line {
        what: format!("`resume` of {users} users with 90% done: to the first request"),
        bound: "2 s".into(),
        measured: format!("{:.2} s", took.as_secs_f64()),
        holds: took < Duration::from_secs(2),
    }])
}

/// From the start of the process to the first request. The server says how long ago that was.
fn until_first_request(server: &Server, run: &Path) -> Outcome<Duration> {
    let begun = Instant::now();
    let status = seatload(["resume".as_ref(), run.as_os_str()]).status()?;
    let arrivals = server.arrivals()?;
    let took = begun.elapsed();
    if arrivals.requests == 0 {
        return Err(format!("resume ended with {status} and sent nothing").into());
    }
    Ok(took.saturating_sub(Duration::from_secs_f64(arrivals.since_first)))
}
