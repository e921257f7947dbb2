//! Runs of the program: how long they take, and how much memory.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;

/// A temporary folder with an input.
pub(crate) struct Workspace {
    pub(crate) folder: TempDir,
    pub(crate) input: PathBuf,
}

impl Workspace {
    pub(crate) fn new(write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let input = folder.path().join("input.csv");
        let mut out = BufWriter::new(File::create(&input)?);
        write(&mut out)?;
        out.flush()?;
        Ok(Self { folder, input })
    }
}

/// The program as it is built for this benchmark.
pub(crate) fn seatload<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatload"));
    command.args(args).env("SEATLOAD_TOKEN", "any");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// How long a run takes that succeeds.
pub(crate) fn time(command: &mut Command) -> Result<Duration> {
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(took)
}

/// The shortest of several runs of two programs, which run in turns: the load of a machine changes, and only makes runs
/// longer.
pub(crate) fn shortest(
    runs: usize,
    pair: [&dyn Fn() -> Result<Duration>; 2],
) -> Result<[Duration; 2]> {
    let mut shortest = [Duration::MAX; 2];
    for _ in 0..runs {
        for (shortest, run) in shortest.iter_mut().zip(pair) {
            *shortest = run()?.min(*shortest);
        }
    }
    Ok(shortest)
}

/// How much processor time a run takes, as the kernel counts it for ended children in hundredths of a second.
pub(crate) fn processor_time(command: &mut Command) -> Result<Duration> {
    let before = children_ticks()?;
    time(command)?;
    Ok(Duration::from_millis(10 * (children_ticks()? - before)))
}

fn children_ticks() -> Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, in brackets, may have blanks. cutime and cstime are the fields 16 and 17 (proc_pid_stat(5)).
    let (_, fields) = stat.rsplit_once(") ").ok_or("no name in /proc/self/stat")?;
    let fields = fields.split(' ').skip(13).take(2);
    Ok(fields
        .map(str::parse::<u64>)
        .sum::<std::result::Result<_, _>>()?)
}

/// The most memory that a run has, in bytes.
pub(crate) fn peak_memory(command: &mut Command) -> Result<u64> {
    time_and_memory(command).map(|(_, memory)| memory)
}

/// How long a run takes, and the most memory that it has, in bytes: as the kernel counts it, which is why this needs
/// Linux.
pub(crate) fn time_and_memory(command: &mut Command) -> Result<(Duration, u64)> {
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut peak_kib = 0;
    while child.try_wait()?.is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().strip_suffix(" kB")) {
            peak_kib = kib.parse()?;
        }
        sleep(Duration::from_millis(1));
    }
    Ok((begun.elapsed(), peak_kib * 1024))
}
