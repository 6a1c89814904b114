//! A headless Chromium, driven over its own pipe.
//!
//! `--remote-debugging-pipe` speaks the DevTools protocol as JSON messages that end in NUL, on file
//! descriptors 3 and 4. A shell puts our pipes there, so no WebSocket, no driver and no other runtime
//! is needed. Everything a page logs, throws or asks the network for is kept for the test to look at.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Not a measure, only the end of patience with a browser that hangs.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Browser {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    events: Vec<Value>,
    home: TempDir,
    scripting: bool,
}

impl Browser {
    /// Starts one with an empty profile.
    pub fn start() -> Self {
        if Command::new("chromium").arg("--version").output().is_err() {
            panic!(
                "these tests need a browser: install the Debian package `chromium` (`make chromium` does)"
            );
        }
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
                "--headless=new",
                "--remote-debugging-pipe",
                // A container's root has no user namespace to put a sandbox in.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--no-first-run",
                "--hide-scrollbars",
                "--lang=en",
            ])
            .arg(format!("--user-data-dir={}/profile", home.path().display()))
            .env("HOME", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut pending = Vec::new();
            let mut buffer = vec![0; 1 << 16];
            while let Ok(read @ 1..) = stdout.read(&mut buffer) {
                pending.extend_from_slice(&buffer[..read]);
                while let Some(end) = pending.iter().position(|byte| *byte == 0) {
                    let message: Vec<u8> = pending.drain(..=end).collect();
                    let message = serde_json::from_slice(&message[..end]).unwrap();
                    if sender.send(message).is_err() {
                        return;
                    }
                }
            }
        });
        let mut browser = Self {
            child,
            stdin,
            messages,
            session: String::new(),
            last: 0,
            events: Vec::new(),
            home,
            scripting: true,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Performance"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.window(1280, 900);
        browser
    }

    /// Opens pages without their scripts from here on.
    pub fn without_scripts(&mut self) {
        self.scripting = false;
        self.call(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": true}),
        );
    }

    /// Sends a command and waits for its answer.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.stdin.write_all(&bytes).unwrap();
        loop {
            let answer = self
                .messages
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("chromium does not answer {method}"));
            if answer["id"] == json!(self.last) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Writes the page to a file and opens it.
    pub fn open(&mut self, page: &str) {
        let path = self.home.path().join("report.html");
        fs::write(&path, page).unwrap();
        self.open_file(&path);
    }

    fn open_file(&mut self, path: &Path) {
        self.call(
            "Page.navigate",
            json!({"url": format!("file://{}", path.display())}),
        );
        self.settled();
    }

    /// Waits until the page is loaded and drawn.
    pub fn settled(&mut self) {
        while self.eval("document.readyState") != json!("complete") {}
        self.drawn();
    }

    /// Waits for two frames: what was asked of the next one is done then.
    pub fn drawn(&mut self) {
        // Without scripts no frame calls back; whoever asks lays the page out.
        if !self.scripting {
            return;
        }
        self.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].clone()
    }

    #[track_caller]
    pub fn number(&mut self, expression: &str) -> usize {
        let value = self.eval(expression);
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{expression}: {value}")) as usize
    }

    #[track_caller]
    pub fn text(&mut self, expression: &str) -> String {
        let value = self.eval(expression);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{expression}: {value}"))
            .to_owned()
    }

    #[track_caller]
    pub fn holds(&mut self, expression: &str) -> bool {
        self.eval(expression) == json!(true)
    }

    pub fn window(&mut self, width: u32, height: u32) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    /// `light` or `dark`, on `screen` or in `print`.
    pub fn scheme(&mut self, scheme: &str, media: &str) {
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }

    /// Presses a key, as the keyboard would.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "ArrowUp" => (38, ""),
            "ArrowDown" => (40, ""),
            " " => (32, " "),
            other => panic!("a key to describe first: {other}"),
        };
        let mut event =
            json!({"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code});
        if text.is_empty() {
            event["type"] = json!("rawKeyDown");
        } else {
            event["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", event);
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code}),
        );
        self.drawn();
    }

    /// Types into what has the focus.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
        self.drawn();
    }

    /// Clicks the middle of the first element of that selector.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const it = document.querySelector({selector:?}); it.scrollIntoView({{block: 'center', behavior: 'instant'}}); const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
        self.drawn();
    }

    /// A counter of the browser's, for example `LayoutCount`.
    pub fn counter(&mut self, name: &str) -> usize {
        let metrics = self.call("Performance.getMetrics", json!({}));
        metrics["metrics"]
            .as_array()
            .unwrap()
            .iter()
            .find(|metric| metric["name"] == name)
            .unwrap()["value"]
            .as_f64()
            .unwrap() as usize
    }

    /// Everything the pages logged or threw, policy violations among it.
    pub fn complaints(&mut self) -> Vec<String> {
        self.events(|method| {
            matches!(
                method,
                "Log.entryAdded" | "Runtime.exceptionThrown" | "Runtime.consoleAPICalled"
            )
        })
        .iter()
        .map(Value::to_string)
        .collect()
    }

    /// The addresses that were asked for, beside the pages themselves.
    pub fn requests(&mut self) -> Vec<String> {
        self.events(|method| method == "Network.requestWillBeSent")
            .iter()
            .filter(|event| event["params"]["type"] != "Document")
            .map(|event| event["params"]["request"]["url"].to_string())
            .collect()
    }

    fn events(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<Value> {
        // What was sent before this answer has arrived with it.
        self.eval("1");
        self.events
            .iter()
            .filter(|event| event["method"].as_str().is_some_and(&wanted))
            .cloned()
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
