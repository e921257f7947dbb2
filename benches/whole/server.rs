//! A server that does as little as possible: it confirms every request, at once or after a fixed time.

use std::mem;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::Result;
use crate::process::{Workspace, seatload, time};

/// The server and its thread.
pub(crate) struct Server {
    pub(crate) base: String,
    arrivals: Arc<Mutex<Vec<Instant>>>,
    _runtime: Runtime,
}

/// What arrived of an import.
pub(crate) struct Import {
    requests: usize,
    /// From the first request to the last.
    pub(crate) seconds: f64,
}

impl Import {
    pub(crate) fn per_second(&self) -> f64 {
        (self.requests - 1) as f64 / self.seconds
    }
}

impl Server {
    pub(crate) fn start(latency: Duration) -> Result<Self> {
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&arrivals);
        let app = Router::new().fallback(move |body: Bytes| {
            let now = Instant::now();
            requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(now);
            confirm(body, now + latency)
        });
        let (base, runtime) = serve(app)?;
        Ok(Self {
            base,
            arrivals,
            _runtime: runtime,
        })
    }

    /// When requests arrived since the last call.
    pub(crate) fn take_arrivals(&self) -> Vec<Instant> {
        mem::take(&mut self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An import to this server.
    pub(crate) fn command(&self, space: &Workspace, connections: usize, flags: &[&str]) -> Command {
        let mut import = seatload(["import".as_ref(), space.input.as_os_str()]);
        import.args(["--base-url", &self.base, "--account", "bench"]);
        import
            .args(["--concurrency", &connections.to_string()])
            .args(flags);
        import
    }

    pub(crate) fn import(
        &self,
        space: &Workspace,
        connections: usize,
        flags: &[&str],
    ) -> Result<Import> {
        let reports = tempfile::tempdir()?;
        self.take_arrivals();
        let mut command = self.command(space, connections, flags);
        time(command.arg("--report-dir").arg(reports.path()))?;
        let arrivals = self.take_arrivals();
        let [first, .., last] = arrivals[..] else {
            return Err("fewer than two requests arrived".into());
        };
        Ok(Import {
            requests: arrivals.len(),
            seconds: (last - first).as_secs_f64(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    user_ids: Vec<&'a str>,
    #[serde(borrow)]
    user_bundle_codes: Vec<&'a str>,
    use_external_license: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Allocation<'a> {
    user_id: &'a str,
    organization_id: &'static str,
    use_external_license: bool,
    user_bundle_codes: &'a [&'a str],
}

/// Serves on a free port, on a thread of its own, until the runtime is dropped. Gives the address.
pub(crate) fn serve(app: Router) -> Result<(String, Runtime)> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let base = format!("http://{}", listener.local_addr()?);
    runtime.spawn(async { axum::serve(listener, app).await });
    Ok((base, runtime))
}

/// A timer alone is late by a millisecond or two, which would count against seatload.
pub(crate) async fn wait_until(due: Instant) {
    let early = due - Duration::from_millis(2);
    sleep(early.saturating_duration_since(Instant::now())).await;
    while Instant::now() < due {
        yield_now().await;
    }
}

async fn confirm(body: Bytes, due: Instant) -> Vec<u8> {
    wait_until(due).await;
    let Ok(request) = serde_json::from_slice::<Request<'_>>(&body) else {
        return Vec::new();
    };
    let allocation = |&user_id| Allocation {
        user_id,
        organization_id: "4f1c0e7e-9a7b-4c2b-8f56-0a1b2c3d4e5f",
        use_external_license: request.use_external_license,
        user_bundle_codes: &request.user_bundle_codes,
    };
    let allocations: Vec<_> = request.user_ids.iter().map(allocation).collect();
    serde_json::to_vec(&allocations).unwrap_or_default()
}
