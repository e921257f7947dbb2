//! A headless Chromium, driven over its DevTools protocol.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// With this variable set, a test that needs the browser fails where there is none.
const REQUIRED: &str = "SEATLOAD_REQUIRE_CHROMIUM";

/// The longest wait for the browser.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Chromium {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    calls: u64,
    events: Vec<Value>,
    _profile: TempDir,
}

impl Chromium {
    /// Starts a browser. None if none is installed, which is printed.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = find() else {
            let message = format!("there is no Chromium ({})", NAMES.join(", "));
            assert!(std::env::var_os(REQUIRED).is_none(), "{message}");
            // Unlike the output of a test, this is shown.
            let mut out = std::io::stderr();
            writeln!(
                out,
                "SKIPPED: a test of report.html in a browser: {message}"
            )
            .unwrap();
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--disable-quic", "--no-first-run", "--disable-sync"])
            .args(["--disable-background-networking"])
            .args(["--disable-component-update", "--disable-dev-shm-usage"])
            .args(["--hide-scrollbars", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let socket = connect(profile.path());
        let mut browser = Self {
            process,
            socket,
            session: None,
            calls: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method, and gives its result.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(call.to_string())).unwrap();
        loop {
            let message = self.receive();
            if message["id"] == id {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn receive(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Opens a file, and waits until it is loaded. Forgets earlier events.
    pub(crate) fn open(&mut self, path: &Path) {
        self.events.clear();
        let url = format!("file://{}", path.display());
        self.call("Page.navigate", json!({ "url": url }));
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.receive();
            self.events.push(event);
        }
    }

    /// Runs a script in the page, and gives its value.
    pub(crate) fn evaluate(&mut self, script: &str) -> Value {
        let params = json!({
            "expression": script, "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        let response = self.call("Runtime.evaluate", params);
        assert_eq!(response["exceptionDetails"], Value::Null, "{script}");
        response["result"]["value"].clone()
    }

    /// The URLs that the page has requested, its own included.
    pub(crate) fn requests(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter(|event| event["method"] == "Network.requestWillBeSent")
            .map(|event| event["params"]["request"]["url"].as_str().unwrap())
            .collect()
    }

    /// Errors, warnings, and exceptions of scripts.
    pub(crate) fn console_errors(&self) -> Vec<String> {
        let is_error = |event: &&Value| {
            matches!(
                event["method"].as_str(),
                Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded")
            )
        };
        let events = self.events.iter().filter(is_error);
        events.map(|event| event["params"].to_string()).collect()
    }

    /// Sets the width of the window, the colour scheme and the medium.
    pub(crate) fn emulate(&mut self, width: u32, scheme: &str, medium: &str) {
        let metrics = json!({
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let media = json!({
            "media": medium,
            "features": [{ "name": "prefers-color-scheme", "value": scheme }],
        });
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// Takes a screenshot of the whole page.
    pub(crate) fn screenshot(&mut self, path: &Path) {
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let image = self.call("Page.captureScreenshot", params);
        write_decoded(path, &image["data"]);
    }

    /// Prints the page on A4.
    pub(crate) fn print(&mut self, path: &Path) {
        let params = json!({ "preferCSSPageSize": true, "printBackground": false });
        let printed = self.call("Page.printToPDF", params);
        write_decoded(path, &printed["data"]);
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", params);
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn find() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&folders).collect();
    let found = |name| folders.iter().map(move |folder| folder.join(name));
    NAMES
        .iter()
        .flat_map(found)
        .find(|program| program.is_file())
}

/// Connects to the port that the browser writes to its profile.
fn connect(profile: &Path) -> WebSocket<TcpStream> {
    let started = Instant::now();
    let (port, path) = loop {
        let text = fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
        if let Some((port, path)) = text.split_once('\n').filter(|(_, path)| !path.is_empty()) {
            break (port.to_owned(), path.trim().to_owned());
        }
        assert!(started.elapsed() < TIMEOUT, "Chromium does not listen");
        sleep(Duration::from_millis(20));
    };
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let url = format!("ws://127.0.0.1:{port}{path}");
    tungstenite::client(url, stream).unwrap().0
}

fn write_decoded(path: &Path, data: &Value) {
    let bytes = BASE64_STANDARD.decode(data.as_str().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
