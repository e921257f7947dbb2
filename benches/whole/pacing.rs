//! Pacing: from the first request to the last, against the fastest schedule that the quota allows.

use std::fs::File;
use std::io::BufWriter;
use std::time::Duration;

use crate::process::{seatload, time};
use crate::server::Server;
use crate::{Line, Outcome, Size, generate};

/// A quota: so many requests in so many seconds, and so many at once.
#[derive(Clone, Copy)]
struct Quota {
    requests: usize,
    seconds: u32,
    burst: usize,
}

const fn quota(requests: usize, seconds: u32, burst: usize) -> Quota {
    Quota {
        requests,
        seconds,
        burst,
    }
}

const QUOTAS: [Quota; 20] = [
    quota(1, 1, 1),
    quota(2, 1, 1),
    quota(5, 1, 1),
    quota(5, 1, 5),
    quota(10, 1, 2),
    quota(40, 2, 10),
    quota(20, 1, 20),
    quota(50, 1, 5),
    quota(100, 1, 1),
    quota(100, 1, 100),
    quota(160, 1, 16),
    quota(200, 1, 20),
    quota(500, 1, 50),
    quota(500, 1, 500),
    quota(1000, 1, 1),
    quota(1000, 1, 100),
    quota(4000, 2, 400),
    quota(3000, 1, 300),
    quota(5000, 1, 50),
    quota(5000, 1, 500),
];

pub(crate) fn measure(size: Size) -> Outcome<Vec<Line>> {
    let mut worst = (0.0_f64, String::new());
    let mut too_slow = Vec::new();
    let quotas = size.of(&QUOTAS[..], &QUOTAS[12..13]);
    for quota in quotas {
        let ratio = ratio(*quota, size)?;
        let name = format!(
            "{}/{}s, burst {}: {ratio:.4}",
            quota.requests, quota.seconds, quota.burst
        );
        if ratio > 1.01 {
            too_slow.push(name.clone());
        }
        if ratio > worst.0 {
            worst = (ratio, name);
        }
    }
    Ok(vec![Line {
        what: format!(
            "first request to last, {} quotas from 1/s to 5000/s",
            quotas.len()
        ),
        bound: "1.01 of the fastest schedule".into(),
        measured: match too_slow.as_slice() {
            [] => format!("at most {}", worst.1),
            slow => slow.join("; "),
        },
        holds: too_slow.is_empty(),
    }])
}

/// How long requests take to arrive, by how long the fastest schedule takes.
fn ratio(quota: Quota, size: Size) -> Outcome<f64> {
    let long_enough = size.of(Duration::from_secs(6), Duration::from_millis(500));
    let mut requests = quota.burst + 1;
    while fastest(quota, requests) < long_enough {
        requests += requests.div_ceil(20);
    }
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("input.csv");
    generate::same_for_all(&mut BufWriter::new(File::create(&input)?), requests, 7)?;
    let server = Server::start(Duration::ZERO)?;
    time(
        seatload(["import".as_ref(), input.as_os_str()])
            .args(server.flags(64))
            .args(["--batch-size", "1", "--rate"])
            .arg(format!("{}/{}s", quota.requests, quota.seconds))
            .args(["--burst", &quota.burst.to_string(), "--report-dir"])
            .arg(folder.path().join("run")),
    )?;
    let arrivals = server.arrivals()?;
    if arrivals.requests != requests as u64 {
        return Err(format!("{} requests of {requests}", arrivals.requests).into());
    }
    Ok(arrivals.seconds / fastest(quota, requests).as_secs_f64())
}

/// When the last of so many requests may arrive: the burst at once, then one for each share of the time, and never more than
/// the quota in any such time.
fn fastest(quota: Quota, requests: usize) -> Duration {
    let window = Duration::from_secs(u64::from(quota.seconds));
    let share = window.as_secs_f64() / quota.requests as f64;
    let mut times: Vec<Duration> = Vec::with_capacity(requests);
    for request in 0..requests {
        let filled = (request + 1).saturating_sub(quota.burst) as f64 * share;
        let mut at = Duration::from_secs_f64(filled);
        if let Some(before) = request.checked_sub(quota.requests) {
            at = at.max(times[before] + window);
        }
        times.push(at);
    }
    times.last().copied().unwrap_or_default()
}
