//! Sending: how many users a second, against a dedicated load generator, against the latency, and in how many requests.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::{seatload, time};
use crate::server::Server;
use crate::{Line, Outcome, Size, generate};

/// Users in each request.
const BATCH: usize = 100;

/// Faster than anything.
const NO_LIMIT: [&str; 4] = ["--rate", "1000000/s", "--burst", "1000000"];

pub(crate) fn measure(size: Size) -> Outcome<Vec<Line>> {
    let users = size.of(1_000_000, 10_000);
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("input.csv");
    generate::same_for_all(&mut BufWriter::new(File::create(&input)?), users, 7)?;
    let script = folder.path().join("body.lua");
    fs::write(&script, lua(&input)?)?;
    let mut lines = Vec::new();
    for connections in [1, 8, 64] {
        let server = Server::start(Duration::ZERO)?;
        let mut ours = 0.0_f64;
        let mut wrk: Option<f64> = None;
        for _ in 0..size.of(8, 1) {
            ours = ours.max(import(&server, &input, connections)?);
            if let Some(rate) = load_generator(&server, &script, connections, size)? {
                wrk = Some(rate.max(wrk.unwrap_or_default()));
            }
        }
        lines.push(line(connections, ours, wrk));
    }
    Ok(lines)
}

fn line(connections: usize, ours: f64, wrk: Option<f64>) -> Line {
    let share = wrk.map(|wrk| ours / wrk);
    Line {
        what: format!("users a second at {connections} connections, {BATCH} a request"),
        bound: "80% of wrk".into(),
        measured: match share {
            Some(share) => format!("{:.0}%", share * 100.0),
            None => "wrk is not installed".into(),
        },
        holds: share.is_some_and(|share| share >= 0.8),
    }
}

/// Requests a second, from the first that arrived to the last.
fn import(server: &Server, input: &Path, connections: usize) -> Outcome<f64> {
    let reports = tempfile::tempdir()?;
    server.arrivals()?;
    time(
        seatload(["import".as_ref(), input.as_os_str()])
            .args(server.flags(connections))
            .args(NO_LIMIT)
            .arg("--report-dir")
            .arg(reports.path().join("run")),
    )?;
    let arrivals = server.arrivals()?;
    Ok((arrivals.requests - 1) as f64 / arrivals.seconds)
}

/// Requests a second as wrk sends them; none where there is no wrk.
fn load_generator(
    server: &Server,
    script: &Path,
    connections: usize,
    size: Size,
) -> Outcome<Option<f64>> {
    let url = format!("{}/la/api/account/bench/user-license", server.base);
    let run = Command::new("wrk")
        .args(["--threads", "1", "--connections", &connections.to_string()])
        .args(["--duration", size.of("2s", "1s"), "--script"])
        .arg(script)
        .arg(url)
        .output();
    let Ok(output) = run else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    let rate: f64 = rate.ok_or("wrk says no rate")?.trim().parse()?;
    Ok(Some(rate))
}

/// What tells wrk to send the request of the first batch.
fn lua(input: &Path) -> Outcome<String> {
    let text = fs::read_to_string(input)?;
    let users: Vec<_> = text
        .lines()
        .skip(1)
        .take(BATCH)
        .filter_map(|row| row.split(',').next())
        .collect();
    let body = serde_json::json!({
        "userIds": users,
        "userBundleCodes": ["IDU"],
        "useExternalLicense": false,
    });
    Ok(format!(
        "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n\
         wrk.headers['Authorization'] = 'Bearer any'\nwrk.body = '{body}'\n"
    ))
}

pub(crate) fn measure_latency(size: Size) -> Outcome<Vec<Line>> {
    const CONNECTIONS: usize = 64;
    let latency = Duration::from_millis(50);
    let requests = size.of(12_800, 128);
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("input.csv");
    let mut out = BufWriter::new(File::create(&input)?);
    generate::same_for_all(&mut out, requests * BATCH, 7)?;
    out.flush()?;
    let server = Server::start(latency)?;
    let mut rate = 0.0_f64;
    for _ in 0..size.of(3, 1) {
        rate = rate.max(import(&server, &input, CONNECTIONS)?);
    }
    let share = rate / (CONNECTIONS as f64 / latency.as_secs_f64());
    Ok(vec![Line {
        what: "requests a second at 64 connections, each answered after 50 ms".into(),
        bound: "97% of 64 in 50 ms".into(),
        measured: format!("{:.1}%", share * 100.0),
        holds: share >= 0.97,
    }])
}

pub(crate) fn measure_requests(size: Size) -> Outcome<Vec<Line>> {
    let (rows, users) = size.of((200_000, 100_000), (2_000, 1_000));
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("input.csv");
    generate::input(&mut BufWriter::new(File::create(&input)?), rows, users, 7)?;
    let fewest = fewest_requests(&input)?;
    let server = Server::start(Duration::ZERO)?;
    let reports = tempfile::tempdir()?;
    server.arrivals()?;
    time(
        seatload(["import".as_ref(), input.as_os_str()])
            .args(server.flags(64))
            .args(NO_LIMIT)
            .arg("--report-dir")
            .arg(reports.path().join("run")),
    )?;
    let sent = server.arrivals()?.requests;
    Ok(vec![Line {
        what: format!("requests for {users} users, shuffled, with many sets"),
        bound: format!("the fewest: {fewest}"),
        measured: sent.to_string(),
        holds: sent == fewest,
    }])
}

/// For each set of codes, its users by the batch size, rounded up.
fn fewest_requests(input: &Path) -> Outcome<u64> {
    let text = fs::read_to_string(input)?;
    let mut sets: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in text.lines().skip(1) {
        let (user, code) = row.split_once(',').ok_or("a row without a comma")?;
        sets.entry(user).or_default().push(code);
    }
    let mut users: HashMap<Vec<&str>, usize> = HashMap::new();
    for mut set in sets.into_values() {
        set.sort_unstable();
        set.dedup();
        *users.entry(set).or_default() += 1;
    }
    let requests = users.values().map(|users| users.div_ceil(BATCH) as u64);
    Ok(requests.sum())
}
