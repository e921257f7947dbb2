//! Sending: users a second against a load generator, requests a second against latency and quota, and how soon a
//! resumed run sends.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{Workspace, processor_time, seatload};
use crate::server::{IN_FLIGHT, LATENCY, Server, print_use_of_calls};
use crate::{Result, Size, generate, print_line};

/// Users in each request.
const BATCH: usize = 100;

/// A rate that never waits.
pub(crate) const NO_LIMIT: [&str; 4] = ["--rate", "1000000/s", "--burst", "1000000"];

pub(crate) fn measure_latency(size: Size) -> Result {
    let users = size.choose(12_800, 128) * BATCH;
    let space = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
    let server = Server::start(LATENCY)?;
    let runs = (0..size.choose(3, 1)).map(|_| server.import(&space, IN_FLIGHT, &NO_LIMIT));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let what = "requests at the service at once, of 64 in flight, each answered after 50 ms";
    print_use_of_calls(what.to_owned(), 97.0, &runs);
    let most = runs.iter().map(|run| run.per_second).fold(0.0, f64::max);
    let one_by_one = Workspace::new(|out| generate::same_for_all(out, 100, 7))?;
    let flags = [&NO_LIMIT[..], &["--batch-size", "1"]].concat();
    let posting = server.import(&one_by_one, 1, &flags)?.per_second;
    let times = most * BATCH as f64 / posting;
    print_line(
        "the same: users a second",
        "1,000 times one user after another",
        format!("{times:.0} times"),
        times >= 1000.0,
    );
    Ok(())
}

/// Reading, planning, sending and recording.
pub(crate) fn measure_processor_time(size: Size) -> Result {
    let users = size.choose(1_000_000, 10_000);
    let space = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
    let server = Server::start(Duration::ZERO)?;
    let mut least = Duration::MAX;
    for _ in 0..size.choose(3, 1) {
        let reports = tempfile::tempdir()?;
        let mut import = server.command(&space, 64, &NO_LIMIT);
        import.arg("--report-dir").arg(reports.path());
        least = least.min(processor_time(&mut import)?);
    }
    let micros = least.as_secs_f64() * 1e6 / users as f64;
    print_line(
        format!("`import` of {users} users: processor time a user, records included"),
        "1 µs",
        format!("{micros:.2} µs"),
        micros <= 1.0,
    );
    Ok(())
}

/// Requests in a number of seconds, and how many of them may leave at once.
const QUOTAS: [(usize, u64, usize); 6] = [
    (5, 1, 1),
    (10, 1, 1),
    (10, 1, 10),
    (40, 2, 4),
    (160, 2, 16),
    (100, 1, 10),
];

pub(crate) fn measure_pacing(size: Size) -> Result {
    let mut worst = (0.0, String::new());
    for &(quota, seconds, burst) in size.choose(&QUOTAS[..], &QUOTAS[5..]) {
        let requests = burst + quota * size.choose(6, 1);
        let space = Workspace::new(|out| generate::same_for_all(out, requests, 7))?;
        let (rate, burst_flag) = (format!("{quota}/{seconds}s"), burst.to_string());
        let flags = ["--batch-size", "1", "--rate", &rate, "--burst", &burst_flag];
        let took = Server::start(Duration::ZERO)?
            .import(&space, 64, &flags)?
            .seconds;
        let ratio = took / fastest(quota, seconds as f64, burst, requests);
        if ratio > worst.0 {
            worst = (ratio, format!("at most {rate}, burst {burst}: {ratio:.4}"));
        }
    }
    let what = format!(
        "first request to last, {} quotas from 5/s to 100/s",
        QUOTAS.len()
    );
    print_line(
        what,
        "1.02 of the fastest schedule",
        worst.1,
        worst.0 <= 1.02,
    );
    Ok(())
}

/// When the last of these requests may arrive. Each window begins with a burst, and has one request more for each share
/// of the time, up to the quota.
fn fastest(quota: usize, window: f64, burst: usize, requests: usize) -> f64 {
    let (windows, position) = ((requests - 1) / quota, (requests - 1) % quota);
    let waits = (position + 1).saturating_sub(burst) as f64;
    window * (windows as f64 + waits / quota as f64)
}

pub(crate) fn measure_resume(size: Size) -> Result {
    let users = size.choose(1_000_000, 10_000);
    let space = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
    let run = space.folder.path().join("run");
    let server = Server::start(Duration::ZERO)?;
    // Stopping after a first part leaves the folder as an interruption does.
    let mut import = server.command(&space, 64, &NO_LIMIT);
    import
        .args(["--first", &(users * 9 / 10).to_string(), "--report-dir"])
        .arg(&run)
        .status()?;
    // A resumed run waits until the requests of the first part are out of the quota's window.
    sleep(Duration::from_secs(2));
    server.calls.take();
    let begun = Instant::now();
    seatload(["resume".as_ref(), run.as_os_str()]).status()?;
    let calls = server.calls.take();
    let first = calls.first().ok_or("resume sent nothing")?.arrived;
    let seconds = (first - begun).as_secs_f64();
    let what = format!("`resume` of {users} users with 90% done: to the first request");
    print_line(what, "2 s", format!("{seconds:.2} s"), seconds < 2.0);
    Ok(())
}
