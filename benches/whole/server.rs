//! A server that does as little as possible: it confirms every request, at once or after a fixed time.

use std::mem;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::process::{Workspace, seatload, time};
use crate::{Result, print_line};

/// How many calls a program has in flight.
pub(crate) const IN_FLIGHT: usize = 64;

/// How long a server takes for an answer, and how long with a timer that is late.
pub(crate) const LATENCY: Duration = Duration::from_millis(50);
const LATEST_ANSWER: Duration = Duration::from_millis(52);

/// When a call arrived, and how long its answer took.
pub(crate) struct Call {
    pub(crate) arrived: Instant,
    took: Duration,
}

/// The calls that a server has answered.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    /// Adds a call that is answered now.
    pub(crate) fn add(&self, arrived: Instant) {
        let took = arrived.elapsed();
        self.lock().push(Call { arrived, took });
    }

    /// The calls since the last time, as they arrived.
    pub(crate) fn take(&self) -> Vec<Call> {
        let mut calls = mem::take(&mut *self.lock());
        calls.sort_by_key(|call| call.arrived);
        calls
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What arrived of a program's calls.
pub(crate) struct Traffic {
    pub(crate) per_second: f64,
    /// From the first call to the last.
    pub(crate) seconds: f64,
    /// How many calls the server had at once, on average. Its timer is late by a millisecond, which is its own affair:
    /// this counts as long as it took.
    pub(crate) at_once: f64,
    /// How long an answer took, on average.
    pub(crate) answered_after: Duration,
}

impl Traffic {
    pub(crate) fn of(calls: &[Call]) -> Result<Self> {
        let [first, .., last] = calls else {
            return Err("fewer than two calls arrived".into());
        };
        let seconds = (last.arrived - first.arrived).as_secs_f64();
        let per_second = (calls.len() - 1) as f64 / seconds;
        let took: Duration = calls.iter().map(|call| call.took).sum();
        let answered_after = took / calls.len() as u32;
        Ok(Self {
            per_second,
            seconds,
            at_once: per_second * answered_after.as_secs_f64(),
            answered_after,
        })
    }
}

/// Prints how well the traffic of runs keeps `IN_FLIGHT` calls at a server that answers after `LATENCY`. A server that
/// answers much later was kept from it, and then its calls prove nothing.
pub(crate) fn print_use_of_calls(what: String, least: f64, runs: &[Traffic]) {
    let share = |run: &Traffic| 100.0 * run.at_once / IN_FLIGHT as f64;
    let Some(best) = runs
        .iter()
        .max_by(|one, other| share(one).total_cmp(&share(other)))
    else {
        return;
    };
    print_line(
        what,
        format!("{least}%, after 52 ms"),
        format!(
            "{:.1}%, after {:.1} ms",
            share(best),
            best.answered_after.as_secs_f64() * 1000.0
        ),
        share(best) >= least && best.answered_after < LATEST_ANSWER,
    );
}

/// The server and its thread.
pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) calls: Calls,
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn start(latency: Duration) -> Result<Self> {
        let calls = Calls::default();
        let answered = calls.clone();
        let app = Router::new().fallback(async move |body: Bytes| {
            let arrived = Instant::now();
            sleep(latency).await;
            let confirmation = confirm(&body);
            answered.add(arrived);
            confirmation
        });
        let (base, runtime) = serve(app)?;
        Ok(Self {
            base,
            calls,
            _runtime: runtime,
        })
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
    ) -> Result<Traffic> {
        let reports = tempfile::tempdir()?;
        self.calls.take();
        let mut command = self.command(space, connections, flags);
        time(command.arg("--report-dir").arg(reports.path()))?;
        Traffic::of(&self.calls.take())
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

fn confirm(body: &[u8]) -> Vec<u8> {
    let Ok(request) = serde_json::from_slice::<Request<'_>>(body) else {
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
