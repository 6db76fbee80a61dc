//! A real browser without a window, through its `DevTools` protocol on two pipes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

/// A browser with one page.
#[derive(Debug)]
pub struct Chromium {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    last_id: u64,
    session: Option<String>,
    /// What the browser has told since the last [`open`](Chromium::open).
    events: Vec<Value>,
}

impl Chromium {
    /// Starts a browser whose profile is in `folder`.
    ///
    /// # Panics
    ///
    /// If the browser does not start. `tests/run --soak` installs it.
    pub fn start(folder: &Path) -> Chromium {
        // The browser reads from descriptor 3 and writes to descriptor 4.
        let run = "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut command = Command::new("sh");
        command.args([
            "-c",
            run,
            "sh",
            "--headless=new",
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
        ]);
        command.args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
        ]);
        command.args(["--no-first-run", "--disable-dev-shm-usage", "--hide-scrollbars"]);
        command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`sh` starts");
        let (requests, answers) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let answers = BufReader::new(answers);
        let mut browser =
            Chromium { child, requests, answers, last_id: 0, session: None, events: Vec::new() };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method of the protocol, and returns its result.
    ///
    /// # Panics
    ///
    /// If the browser is gone, or refuses.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut request = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = &self.session {
            request["sessionId"] = session.as_str().into();
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).expect("the browser reads");
        loop {
            let answer = self.next();
            if answer["id"] == self.last_id {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    #[track_caller]
    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).expect("the browser writes");
        assert_eq!(
            message.pop(),
            Some(0),
            "the browser has ended: is Debian's package `chromium` installed?"
        );
        serde_json::from_slice(&message).expect("JSON")
    }

    /// Opens a file as a page of this width, in light or dark colours.
    #[track_caller]
    pub fn open(&mut self, page: &Path, width: u32, dark: bool) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.media("screen", dark);
        self.events.clear();
        self.call("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// Shows the page as on a screen, or as on paper.
    #[track_caller]
    pub fn media(&mut self, media: &str, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"media": media, "features": features}));
    }

    /// Evaluates an expression of JavaScript in the page.
    #[track_caller]
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Presses a key.
    #[track_caller]
    pub fn press(&mut self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Returns the errors on the console, and every request except the one for the page.
    #[track_caller]
    pub fn complaints(&mut self) -> Vec<String> {
        // An answer comes after all events before it.
        self.evaluate("1");
        let told = self.events.iter().filter(|event| {
            let method = event["method"].as_str().unwrap_or_default();
            let is_page = event["params"]["type"] == "Document";
            method.starts_with("Log.entryAdded")
                || method.starts_with("Runtime.consoleAPICalled")
                || method.starts_with("Runtime.exceptionThrown")
                || (method == "Network.requestWillBeSent" && !is_page)
        });
        told.map(Value::to_string).collect()
    }

    /// Returns a picture of the whole page, at most 12,000 pixels high, as PNG.
    #[track_caller]
    pub fn screenshot(&mut self) -> Vec<u8> {
        let metrics = self.call("Page.getLayoutMetrics", json!({}));
        let size = &metrics["cssContentSize"];
        let height = size["height"].as_f64().expect("a height").min(12_000.0);
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1});
        let options = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        decoded(&self.call("Page.captureScreenshot", options))
    }

    /// Returns the page on paper, as PDF.
    #[track_caller]
    pub fn print(&mut self) -> Vec<u8> {
        decoded(&self.call("Page.printToPDF", json!({"printBackground": true})))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.session = None;
        let _ = self.requests.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.child.wait();
    }
}

#[track_caller]
fn decoded(answer: &Value) -> Vec<u8> {
    let data = answer["data"].as_str().expect("data");
    base64::engine::general_purpose::STANDARD.decode(data).expect("base64")
}

/// Writes a picture into the folder that the variable `LIFECYCLE_PICTURES` names, for a person who looks at it.
///
/// # Panics
///
/// If that fails.
pub fn keep(name: &str, picture: &[u8]) {
    if let Some(folder) = std::env::var_os("LIFECYCLE_PICTURES") {
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(Path::new(&folder).join(name), picture).expect("the picture is written");
    }
}
