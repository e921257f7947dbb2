//! A server that does as little as can be: it says at once, or after a set time, that everybody holds what was asked.
//!
//! It runs as a process of its own, as what it is measured against does.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::Outcome;
use crate::process::myself;

pub(crate) const ARGUMENT: &str = "serve";

/// The server's process.
pub(crate) struct Server {
    process: Child,
    pub(crate) base: String,
}

/// What arrived since the last question.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Arrivals {
    pub(crate) requests: u64,
    /// From the first request to the last.
    pub(crate) seconds: f64,
    /// From the first request until now.
    pub(crate) since_first: f64,
}

impl Server {
    /// Starts one that answers after so long.
    pub(crate) fn start(latency: Duration) -> Outcome<Self> {
        let mut process = myself([ARGUMENT, &latency.as_micros().to_string()])?
            .stdout(Stdio::piped())
            .spawn()?;
        let out = process.stdout.take().ok_or("the server has no output")?;
        let mut base = String::new();
        BufReader::new(out).read_line(&mut base)?;
        Ok(Self {
            process,
            base: base.trim().to_owned(),
        })
    }

    pub(crate) fn arrivals(&self) -> Outcome<Arrivals> {
        let address = self.base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let answer = io::read_to_string(stream)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        Ok(serde_json::from_str(body)?)
    }

    /// The flags by which seatload finds it, with this much at once.
    pub(crate) fn flags(&self, concurrency: usize) -> Vec<String> {
        let flags = [
            "--base-url",
            &self.base,
            "--account",
            "bench",
            "--concurrency",
        ];
        let mut flags: Vec<_> = flags.map(str::to_owned).into();
        flags.push(concurrency.to_string());
        flags
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    #[serde(borrow)]
    user_ids: Vec<&'a str>,
    #[serde(borrow)]
    user_bundle_codes: Vec<&'a str>,
    use_external_license: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Holds<'a> {
    user_id: &'a str,
    organization_id: &'static str,
    use_external_license: bool,
    user_bundle_codes: &'a [&'a str],
}

/// When requests arrived since the last question, and how many.
static ARRIVALS: Mutex<Option<(Instant, Instant, u64)>> = Mutex::new(None);

/// Serves until it is killed, on one thread.
pub(crate) fn serve(latency_micros: u64) -> Outcome<()> {
    let latency = Duration::from_micros(latency_micros);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        let app = Router::new()
            .route("/", get(tell))
            .fallback(move |body: Bytes| allocate(body, latency));
        axum::serve(listener, app).await
    })?;
    Ok(())
}

async fn tell() -> String {
    let mut arrivals = ARRIVALS.lock().unwrap_or_else(PoisonError::into_inner);
    let told = arrivals.take().map(|(first, last, requests)| Arrivals {
        requests,
        seconds: (last - first).as_secs_f64(),
        since_first: first.elapsed().as_secs_f64(),
    });
    serde_json::to_string(&told.unwrap_or_default()).unwrap_or_default()
}

/// Waits to the point: a timer alone is late by a millisecond or two, which would look like somebody else's doing.
async fn wait_until(due: Instant) {
    const LATE: Duration = Duration::from_millis(2);
    let left = due.saturating_duration_since(Instant::now());
    if left > LATE {
        sleep(left - LATE).await;
    }
    while Instant::now() < due {
        yield_now().await;
    }
}

async fn allocate(body: Bytes, latency: Duration) -> Response {
    let now = Instant::now();
    {
        let mut arrivals = ARRIVALS.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, _, requests) = arrivals.unwrap_or((now, now, 0));
        *arrivals = Some((first, now, requests + 1));
    }
    wait_until(now + latency).await;
    let Ok(asked) = serde_json::from_slice::<Asked<'_>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let hold = |&user_id| Holds {
        user_id,
        organization_id: "4f1c0e7e-9a7b-4c2b-8f56-0a1b2c3d4e5f",
        use_external_license: asked.use_external_license,
        user_bundle_codes: &asked.user_bundle_codes,
    };
    let all: Vec<_> = asked.user_ids.iter().map(hold).collect();
    let body = serde_json::to_vec(&all).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
