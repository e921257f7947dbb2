//! What twice the users cost, and how soon a large run that goes on is under way.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{peak_memory, seatload, time};
use crate::server::Server;
use crate::{Line, Outcome, Size, generate};

pub(crate) fn measure(size: Size) -> Outcome<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let inputs = ["one.csv", "two.csv"].map(|name| folder.path().join(name));
    let doublings = size.of(13, 2);
    let (mut time_ratio, mut memory_ratio) = ((0.0_f64, 0), (0.0_f64, 0));
    for doubling in 1..=doublings {
        let users = 1_250 << doubling;
        for (input, users) in inputs.iter().zip([users / 2, users]) {
            generate::same_for_all(&mut BufWriter::new(File::create(input)?), users, 7)?;
        }
        let plans = || {
            inputs
                .each_ref()
                .map(|input| -> Command { seatload(["plan".as_ref(), input.as_os_str()]) })
        };
        // In turns, since the machine is not the same machine all the time; of as many runs each, the shortest.
        let mut shortest = [Duration::MAX; 2];
        for _ in 0..size.of(20, 1) {
            for (plan, shortest) in plans().iter_mut().zip(&mut shortest) {
                *shortest = time(plan)?.min(*shortest);
            }
        }
        let [mut one, mut two] = plans();
        let memory = [peak_memory(&mut one)?, peak_memory(&mut two)?];
        let took = shortest[1].as_secs_f64() / shortest[0].as_secs_f64();
        time_ratio = larger(time_ratio, (took, users));
        memory_ratio = larger(memory_ratio, (memory[1] as f64 / memory[0] as f64, users));
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
