//! A headless Chromium, spoken to over its DevTools protocol.

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

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Chromium {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    calls: u64,
    /// What it has told without having been asked.
    events: Vec<Value>,
    _profile: TempDir,
}

impl Chromium {
    /// Starts a browser; none where there is none, which is told.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = find() else {
            let told = format!("there is no Chromium ({})", NAMES.join(", "));
            assert!(std::env::var_os(REQUIRED).is_none(), "{told}");
            // Unlike what a test prints, this is seen.
            let mut out = std::io::stderr();
            writeln!(out, "SKIPPED: a test of report.html in a browser: {told}").unwrap();
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
        let mut this = Self {
            process,
            socket,
            session: None,
            calls: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let page = this.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = this.call("Target.attachToTarget", attach);
        this.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            this.call(&format!("{domain}.enable"), json!({}));
        }
        Some(this)
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
            let told = self.hear();
            if told["id"] == id {
                assert_eq!(told["error"], Value::Null, "{method}");
                return told["result"].clone();
            }
            self.events.push(told);
        }
    }

    fn hear(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Opens a file, and waits until it is there. What was told before is forgotten.
    pub(crate) fn open(&mut self, path: &Path) {
        self.events.clear();
        let url = format!("file://{}", path.display());
        self.call("Page.navigate", json!({ "url": url }));
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let told = self.hear();
            self.events.push(told);
        }
    }

    /// Runs a script in the page, and gives what it comes to.
    pub(crate) fn evaluate(&mut self, script: &str) -> Value {
        let params = json!({
            "expression": script, "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        let told = self.call("Runtime.evaluate", params);
        assert_eq!(told["exceptionDetails"], Value::Null, "{script}");
        told["result"]["value"].clone()
    }

    /// Everything that the page has asked for, itself included.
    pub(crate) fn requests(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter(|event| event["method"] == "Network.requestWillBeSent")
            .map(|event| event["params"]["request"]["url"].as_str().unwrap())
            .collect()
    }

    /// What the browser complains of: errors, warnings, and what a script has thrown.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let is_complaint = |event: &&Value| {
            matches!(
                event["method"].as_str(),
                Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded")
            )
        };
        let events = self.events.iter().filter(is_complaint);
        events.map(|event| event["params"].to_string()).collect()
    }

    /// Sets the width of the window, the colour scheme and the medium.
    pub(crate) fn look(&mut self, width: u32, scheme: &str, medium: &str) {
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

    /// Takes a picture of the whole page.
    pub(crate) fn picture(&mut self, path: &Path) {
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", params);
        write_decoded(path, &picture["data"]);
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
        // It may have gone already.
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

/// The browser writes down where it listens.
fn connect(profile: &Path) -> WebSocket<TcpStream> {
    let begun = Instant::now();
    let (port, path) = loop {
        let told = fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
        if let Some((port, path)) = told.split_once('\n').filter(|(_, path)| !path.is_empty()) {
            break (port.to_owned(), path.trim().to_owned());
        }
        assert!(begun.elapsed() < PATIENCE, "Chromium does not listen");
        sleep(Duration::from_millis(20));
    };
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let url = format!("ws://127.0.0.1:{port}{path}");
    tungstenite::client(url, stream).unwrap().0
}

fn write_decoded(path: &Path, data: &Value) {
    let bytes = BASE64_STANDARD.decode(data.as_str().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
