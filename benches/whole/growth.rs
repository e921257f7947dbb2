//! What twice the users cost, in time and memory, for each command that works on a whole file.

use std::time::Duration;

use crate::portal::Portal;
use crate::process::{Workspace, seatload, shortest, time, time_and_memory};
use crate::sending::NO_LIMIT;
use crate::server::Server;
use crate::{Result, Size, generate, print_line};

/// Twice the users may cost so much more.
const MOST: f64 = 2.1;

/// The worst doubling: how much more, and at how many users.
type Worst = (f64, usize);

/// `plan` takes milliseconds for the smaller files, so it runs often and in turns.
pub(crate) fn measure_plan(size: Size) -> Result {
    let largest = 1_250 << size.choose(10, 2);
    let mut worst: [Worst; 2] = [(0.0, 0); 2];
    let mut users = 1_250;
    while users < largest {
        users *= 2;
        let half = Workspace::new(|out| generate::same_for_all(out, users / 2, 7))?;
        let whole = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
        let plan = |space: &Workspace| seatload(["plan".as_ref(), space.input.as_os_str()]);
        let times = shortest(
            size.choose(30, 1),
            [&|| time(&mut plan(&half)), &|| time(&mut plan(&whole))],
        )?;
        let (_, less) = time_and_memory(&mut plan(&half))?;
        let (_, more) = time_and_memory(&mut plan(&whole))?;
        add(&mut worst, users, times, [less, more]);
    }
    print_worst("plan", 1_250, largest, worst);
    Ok(())
}

/// One run of a command with so many users: its time and its memory.
type RunOf = fn(usize) -> Result<(Duration, u64)>;

pub(crate) fn measure_runs(size: Size) -> Result {
    // A listing of more users waits for the quota of 300 calls in five minutes.
    let commands: [(&str, RunOf, usize); 4] = [
        ("import", import, 1_024_000),
        ("resume", resume, 1_024_000),
        ("verify", verify, 1_024_000),
        ("export", export, 256_000),
    ];
    for (name, run, largest) in commands {
        let (smallest, largest) = size.choose((64_000, largest), (1_000, 2_000));
        let mut worst: [Worst; 2] = [(0.0, 0); 2];
        let mut users = smallest;
        while users < largest {
            users *= 2;
            let (times, memory) = least(size, run, users)?;
            add(&mut worst, users, times, memory);
        }
        print_worst(name, smallest, largest, worst);
    }
    Ok(())
}

/// The least time and memory of half the users and of all, in turns: the load of a machine changes.
fn least(size: Size, run: RunOf, users: usize) -> Result<([Duration; 2], [u64; 2])> {
    let (mut times, mut memory) = ([Duration::MAX; 2], [u64::MAX; 2]);
    for _ in 0..size.choose(5, 1) {
        for (nth, users) in [users / 2, users].into_iter().enumerate() {
            let (time, bytes) = run(users)?;
            times[nth] = times[nth].min(time);
            memory[nth] = memory[nth].min(bytes);
        }
    }
    Ok((times, memory))
}

fn import(users: usize) -> Result<(Duration, u64)> {
    let space = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
    let server = Server::start(Duration::ZERO)?;
    let mut import = server.command(&space, 64, &NO_LIMIT);
    time_and_memory(
        import
            .arg("--report-dir")
            .arg(space.folder.path().join("run")),
    )
}

/// Of a run that stopped after half of its users.
fn resume(users: usize) -> Result<(Duration, u64)> {
    let space = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
    let server = Server::start(Duration::ZERO)?;
    let run = space.folder.path().join("run");
    let mut import = server.command(&space, 64, &NO_LIMIT);
    let first = (users / 2).to_string();
    import.args(["--first", &first, "--report-dir"]).arg(&run);
    import.status()?;
    time_and_memory(&mut seatload(["resume".as_ref(), run.as_os_str()]))
}

fn verify(users: usize) -> Result<(Duration, u64)> {
    let space = Workspace::new(|out| generate::same_for_all(out, users, 7))?;
    let portal = Portal::start(users, Duration::ZERO)?;
    let mut verify = seatload(["verify".as_ref(), space.input.as_os_str()]);
    time_and_memory(verify.args(["--url", &portal.url, "--json"]))
}

fn export(users: usize) -> Result<(Duration, u64)> {
    let portal = Portal::start(users, Duration::ZERO)?;
    time_and_memory(&mut seatload(["export", "--url", &portal.url]))
}

fn add(worst: &mut [Worst; 2], users: usize, times: [Duration; 2], memory: [u64; 2]) {
    let ratios = [
        times[1].as_secs_f64() / times[0].as_secs_f64(),
        memory[1] as f64 / memory[0] as f64,
    ];
    for (worst, ratio) in worst.iter_mut().zip(ratios) {
        if ratio > worst.0 {
            *worst = (ratio, users);
        }
    }
}

fn print_worst(command: &str, smallest: usize, largest: usize, worst: [Worst; 2]) {
    for (name, (ratio, at)) in ["time", "memory"].into_iter().zip(worst) {
        print_line(
            format!("`{command}` of twice the users, from {smallest} to {largest}: {name}"),
            format!("{MOST} times"),
            format!("at most {ratio:.2} times (at {at})"),
            ratio <= MOST,
        );
    }
}
