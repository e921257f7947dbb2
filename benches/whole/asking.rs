//! Asking the service: looking addresses up, reading what users have, and the job that people do.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use crate::portal::{Portal, address};
use crate::process::{Workspace, peak_memory, processor_time, seatload};
use crate::server::{LATENCY, Traffic, print_use_of_calls};
use crate::{Result, Size, print_line};

const MIB: u64 = 1024 * 1024;

/// How many addresses seatload looks up in a call.
const ADDRESSES_PER_CALL: usize = 20;

/// A CSV as HR sends it: an e-mail address and a licence in each row.
fn with_addresses(users: usize) -> Result<Workspace> {
    Workspace::new(|out| {
        writeln!(out, "Name,E-Mail,Licence")?;
        (0..users).try_for_each(|user| writeln!(out, "User {user},{},IDU", address(user)))
    })
}

fn plan(space: &Workspace, portal: &Portal) -> Command {
    let mut plan = seatload(["plan".as_ref(), space.input.as_os_str()]);
    plan.args(["--json", "--url", &portal.url]);
    plan
}

/// Looking up, reading current licences and seats, and the plan.
pub(crate) fn measure_job(size: Size) -> Result {
    let users = size.choose(100_000, 1_000);
    let space = with_addresses(users)?;
    let portal = Portal::start(users, Duration::ZERO)?;
    let mut least = Duration::MAX;
    for _ in 0..size.choose(5, 1) {
        least = least.min(processor_time(&mut plan(&space, &portal))?);
    }
    let what = format!("`plan` of {users} e-mail addresses, with look-up, licences and seats");
    print_line(
        format!("{what}: processor time"),
        "1 s",
        format!("{:.2} s", least.as_secs_f64()),
        least < Duration::from_secs(1),
    );
    let memory = peak_memory(&mut plan(&space, &portal))?;
    print_line(
        "the same: most memory",
        "64 MiB",
        format!("{} MiB", memory / MIB),
        memory < 64 * MIB,
    );
    Ok(())
}

pub(crate) fn measure_lookup(size: Size) -> Result {
    let addresses = size.choose(100_000, 2_000);
    let space = with_addresses(addresses)?;
    let portal = Portal::start(addresses, LATENCY)?;
    let mut runs = Vec::new();
    for _ in 0..size.choose(3, 1) {
        portal.lookups.take();
        let mut plan = plan(&space, &portal);
        plan.args(["--current", "none", "--seats", "none"])
            .status()?;
        runs.push(Traffic::of(&portal.lookups.take())?);
    }
    let what = format!(
        "looking up {addresses} addresses: calls at the service at once, of 64 in flight, {ADDRESSES_PER_CALL} addresses \
         a call, each answered after 50 ms"
    );
    print_use_of_calls(what, 95.0, &runs);
    Ok(())
}

/// By the quota of 300 calls in five minutes, a million users in pages of 1,000 take a quarter of an hour.
pub(crate) fn measure_listing(size: Size) -> Result {
    let users = size.choose(1_000_000, 2_500);
    let portal = Portal::start(users, Duration::ZERO)?;
    let memory = peak_memory(&mut seatload(["export", "--url", &portal.url]))?;
    print_line(
        format!("`export` of {users} users, read in pages: most memory"),
        "100 MiB",
        format!("{} MiB", memory / MIB),
        memory < 100 * MIB,
    );
    Ok(())
}
