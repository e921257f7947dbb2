//! Servers on loopback, in threads of their own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use seatload::sandbox::{Sandbox, SandboxSettings};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The sandbox, served as long as this lives.
pub(crate) struct Stand {
    pub(crate) base_url: String,
    _runtime: Runtime,
}

impl Stand {
    /// A sandbox that knows the account `acc-1` and has the seats that are told, such as `IDU=5,PMD=5`.
    pub(crate) fn with_seats(seats: &str) -> Self {
        Self::new(SandboxSettings {
            account: "acc-1".into(),
            seats: seatload::sandbox::parse_seats(seats).unwrap(),
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

    /// What `GET /` shows.
    pub(crate) fn shown(&self) -> serde_json::Value {
        let mut stream = TcpStream::connect(self.base_url.trim_start_matches("http://")).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// What a user holds, joined by `;`.
    pub(crate) fn held(&self, user: &str) -> Option<String> {
        let shown = self.shown();
        let codes = shown["holdings"].get(user)?["userBundleCodes"].as_array()?;
        let codes: Vec<_> = codes.iter().map(|code| code.as_str().unwrap()).collect();
        Some(codes.join(";"))
    }
}

/// A server that answers each request with the bytes that a function gives, and closes the connection.
pub(crate) struct RawServer {
    pub(crate) base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl RawServer {
    /// The function is told the request's number, from 0, and its text. It runs on the server's thread.
    pub(crate) fn answering(
        answer: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(request) = read_request(&mut stream) else {
                        return;
                    };
                    let nth = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    // The client may have gone.
                    let _ = stream.write_all(&answer(nth, &request));
                });
            }
        });
        Self { base_url, requests }
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
