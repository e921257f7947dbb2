//! Servers on loopback, in threads of their own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use seatload::api::AllocationRequest;
use seatload::sandbox::{Ledger, Sandbox, SandboxSettings, UserLicenses};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The sandbox, served as long as this lives.
pub(crate) struct SandboxServer {
    pub(crate) base_url: String,
    _runtime: Runtime,
}

impl SandboxServer {
    /// A sandbox with the account `acc-1` and these seats, such as `IDU=5,PMD=5`.
    pub(crate) fn with_seats(seats: &str) -> Self {
        Self::new(SandboxSettings {
            account: "acc-1".into(),
            seats: seatload::plan::seats_arg::parse_seats(seats).unwrap(),
            ..SandboxSettings::default()
        })
    }

    pub(crate) fn new(settings: SandboxSettings) -> Self {
        let runtime = Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::bind(&settings, 0)).unwrap();
        let base_url = format!("http://{}", sandbox.address().unwrap());
        runtime.spawn(sandbox.serve(CancellationToken::new()));
        Self {
            base_url,
            _runtime: runtime,
        }
    }

    /// The JSON of `GET /`.
    pub(crate) fn state(&self) -> serde_json::Value {
        let mut stream = TcpStream::connect(self.base_url.trim_start_matches("http://")).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// The codes of a user, joined by `;`.
    pub(crate) fn codes_of(&self, user: &str) -> Option<String> {
        let state = self.state();
        let codes = state["holdings"].get(user)?["userBundleCodes"].as_array()?;
        let codes: Vec<_> = codes.iter().map(|code| code.as_str().unwrap()).collect();
        Some(codes.join(";"))
    }
}

/// A server that answers each request with the bytes that a function gives, and closes the connection.
pub(crate) struct RawServer {
    pub(crate) base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
    /// Connections that are accepted and not read to the end of their request.
    reading: Arc<AtomicUsize>,
}

/// What [`RawServer::settle`] sends in place of a request.
const SETTLE: &str = "\r\n\r\n";

impl RawServer {
    /// The function gets the request's number, from 0, and its text. It runs on the server's thread.
    pub(crate) fn answering(
        answer: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let reading = Arc::new(AtomicUsize::new(0));
        let being_read = Arc::clone(&reading);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                let being_read = Arc::clone(&being_read);
                being_read.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    let request = read_request(&mut stream).filter(|request| request != SETTLE);
                    let nth = request.as_ref().map(|request| {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    });
                    being_read.fetch_sub(1, Ordering::SeqCst);
                    let (Some(request), Some(nth)) = (request, nth) else {
                        return;
                    };
                    // The client may have gone.
                    let _ = stream.write_all(&answer(nth, &request));
                });
            }
        });
        Self {
            base_url,
            requests,
            reading,
        }
    }

    /// Waits until every request that was sent before this is recorded.
    pub(crate) fn settle(&self) {
        // Connections are accepted in their order, and the server closes this one when it has been read.
        let mut last = TcpStream::connect(self.base_url.trim_start_matches("http://")).unwrap();
        last.write_all(SETTLE.as_bytes()).unwrap();
        let _ = last.read_to_end(&mut Vec::new());
        while self.reading.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
    }

    /// Every request so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An answer with a body of JSON or HTML.
pub(crate) fn http(status: u16, body: &str) -> Vec<u8> {
    http_with(status, "", body)
}

pub(crate) fn http_with(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The answer that confirms every user of a request.
pub(crate) fn confirming(request: &str) -> Vec<u8> {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let asked: serde_json::Value = serde_json::from_str(body).unwrap();
    let users = asked["userIds"].as_array().unwrap();
    let allocations: Vec<_> = users
        .iter()
        .map(|user| {
            serde_json::json!({
                "userId": user,
                "organizationId": "org",
                "useExternalLicense": asked["useExternalLicense"],
                "userBundleCodes": asked["userBundleCodes"],
            })
        })
        .collect();
    http(200, &serde_json::to_string(&allocations).unwrap())
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        let read = stream.read(&mut buffer).ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}

/// A service with books that makes faults, and remembers who was asked for in which order.
pub(crate) struct FaultyService {
    pub(crate) server: RawServer,
    ledger: Arc<Mutex<Ledger>>,
    frost: Arc<Frost>,
}

/// Holds requests back from a certain one on.
#[derive(Default)]
struct Frost {
    from: Mutex<Option<usize>>,
    changed: Condvar,
    is_frozen: AtomicBool,
}

impl Frost {
    fn pass(&self, nth: usize) {
        let holds = |from: &mut Option<usize>| from.is_some_and(|from| nth >= from);
        let mut from = self.from.lock().unwrap();
        if holds(&mut from) {
            self.is_frozen.store(true, Ordering::SeqCst);
        }
        drop(self.changed.wait_while(from, holds).unwrap());
    }

    fn set(&self, from: Option<usize>) {
        *self.from.lock().unwrap() = from;
        self.is_frozen.store(false, Ordering::SeqCst);
        self.changed.notify_all();
    }
}

impl FaultyService {
    /// Seats without end; so many requests in a hundred go wrong: refused for now, or done and the answer lost.
    pub(crate) fn new(faults_in_100: u8, seed: u64) -> Self {
        let bought = seatload::catalog::ENTRIES
            .iter()
            .map(|entry| (entry.code.to_owned(), 1_000_000))
            .collect();
        let ledger = Arc::new(Mutex::new(Ledger::new(&bought)));
        let random = Mutex::new(fastrand::Rng::with_seed(seed));
        let books = Arc::clone(&ledger);
        let frost = Arc::new(Frost::default());
        let frost_of_server = Arc::clone(&frost);
        let server = RawServer::answering(move |nth, request| {
            frost_of_server.pass(nth);
            let luck = {
                let mut random = random.lock().unwrap();
                (random.u8(0..100) < faults_in_100).then(|| random.bool())
            };
            if luck == Some(false) {
                return http(503, "");
            }
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            let asked: AllocationRequest = serde_json::from_str(body).unwrap();
            match books.lock().unwrap().allocate(&asked) {
                Ok(_) if luck == Some(true) => Vec::new(),
                Ok(allocations) => http(200, &serde_json::to_string(&allocations).unwrap()),
                Err(refused) => http(409, &format!("{refused:?}")),
            }
        });
        Self {
            server,
            ledger,
            frost,
        }
    }

    /// From that request on, there are no responses until [`thaw`](Self::thaw).
    pub(crate) fn freeze_at(&self, nth: usize) {
        self.frost.set(Some(nth));
    }

    /// Whether a request waits for its response.
    pub(crate) fn is_frozen(&self) -> bool {
        self.frost.is_frozen.load(Ordering::SeqCst)
    }

    /// Responds to the requests that have waited.
    pub(crate) fn thaw(&self) {
        self.frost.set(None);
    }

    /// The codes of every user, joined by `;`.
    pub(crate) fn licenses(&self) -> BTreeMap<String, String> {
        let ledger = self.ledger.lock().unwrap();
        let joined = |held: &UserLicenses| {
            held.user_bundle_codes
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join(";")
        };
        ledger
            .direct()
            .iter()
            .map(|(user, held)| (user.clone(), joined(held)))
            .collect()
    }

    /// The users of each request, from the `from`th on.
    pub(crate) fn users_by_request(&self, from: usize) -> Vec<Vec<String>> {
        self.server
            .requests()
            .iter()
            .skip(from)
            .map(|request| {
                let (_, body) = request.split_once("\r\n\r\n").unwrap();
                let asked = serde_json::from_str::<AllocationRequest>(body).unwrap();
                asked.user_ids
            })
            .collect()
    }
}
