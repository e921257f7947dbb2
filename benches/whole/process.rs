//! Runs of a program: how long they take, and how much memory.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;

/// The program as it is built for this benchmark.
pub(crate) fn seatload<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatload"));
    command
        .args(args)
        .env("SEATLOAD_TOKEN", "any")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// This program itself, in another part.
pub(crate) fn myself<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args).stdin(Stdio::null());
    Ok(command)
}

/// How long a run takes.
pub(crate) fn time(command: &mut Command) -> Outcome<Duration> {
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    // 1 says that there were failures, which a plan for too few seats is.
    match status.code() {
        Some(0 | 1) => Ok(took),
        _ => Err(format!("{command:?} ended with {status}").into()),
    }
}

/// The shortest of so many runs: what disturbs a run only makes it longer.
pub(crate) fn shortest(
    runs: usize,
    mut run: impl FnMut() -> Outcome<Duration>,
) -> Outcome<Duration> {
    let mut shortest = run()?;
    for _ in 1..runs {
        shortest = shortest.min(run()?);
    }
    Ok(shortest)
}

/// The most memory that a run holds, in bytes.
pub(crate) fn peak_memory(command: &mut Command) -> Outcome<u64> {
    let mut child = command.spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = high_water(&child).unwrap_or(peak);
        sleep(Duration::from_millis(1));
    }
    Ok(peak)
}

/// As the kernel has it, which is why this wants Linux.
fn high_water(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(
        Path::new("/proc")
            .join(child.id().to_string())
            .join("status"),
    );
    let status = status.ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
