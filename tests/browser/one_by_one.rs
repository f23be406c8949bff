//! Firefox and WebKitGTK. Each of their drivers starts a single browser, so each browser gets its own driver. All browsers
//! of a test share one virtual display, which ends with the test and takes them with it.

use crate::driver::{Engine, Form, connect, is_installed};
use fantoccini::Client;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use support::eventually;
use support::wait::{PATIENCE, soon};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// The drivers and the display of one test.
pub struct OneByOne {
    engine: Engine,
    /// The display, as `:NUMBER`.
    display: String,
    /// The home directory of the browsers.
    home: TempDir,
    processes: Mutex<Vec<Child>>,
}

impl OneByOne {
    pub async fn start(engine: Engine) -> Self {
        match engine {
            Engine::WebKit => needs("WebKitWebDriver", "apt-get install webkit2gtk-driver"),
            Engine::Gecko | Engine::Chromium => needs("firefox-esr", "apt-get install firefox-esr"),
        }
        needs("Xvfb", "apt-get install xvfb");
        let mut command = tethered("Xvfb", &["-displayfd", "1", "-screen", "0", "1960x1120x24", "-nolisten", "tcp"]);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let number = soon("a display", lines.next_line()).await.unwrap().expect("Xvfb names its display");
        let processes = Mutex::new(vec![process]);
        Self { engine, display: format!(":{number}"), home: tempfile::tempdir().unwrap(), processes }
    }

    /// Opens a browser with a new profile and preferences, which only Firefox reads. Also returns the address of its
    /// driver.
    pub async fn open_with(&self, form: Form, preferences: Value) -> (Client, String) {
        let (url, capabilities) = match self.engine {
            Engine::WebKit => (self.webkit_driver().await, json!({})),
            Engine::Gecko | Engine::Chromium => (self.geckodriver().await, firefox(preferences)),
        };
        let client = connect(&url, capabilities).await;
        let (width, height) = form.size();
        client.set_window_size(width, height).await.unwrap();
        (client, url)
    }

    fn launch(&self, program: &str, arguments: &[&str]) -> ChildStdout {
        let mut command = tethered(program, arguments);
        command.env("DISPLAY", &self.display).env("HOME", self.home.path()).env("TMPDIR", self.home.path());
        // There is neither a desktop session nor a graphics card.
        command.env("GDK_BACKEND", "x11").env("WEBKIT_DISABLE_DMABUF_RENDERER", "1").env("LIBGL_ALWAYS_SOFTWARE", "1");
        command.env_remove("WAYLAND_DISPLAY").env_remove("DBUS_SESSION_BUS_ADDRESS");
        let mut process = command.spawn().unwrap();
        let out = process.stdout.take().unwrap();
        self.processes.lock().unwrap().push(process);
        out
    }

    async fn geckodriver(&self) -> String {
        let program = geckodriver();
        let mut lines = BufReader::new(self.launch(program.to_str().unwrap(), &["--port", "0"])).lines();
        let listening = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("geckodriver says where it listens");
                if let Some((_, address)) = line.split_once("Listening on ") {
                    return format!("http://{}", address.trim());
                }
            }
        };
        let url = soon("geckodriver's port", listening).await;
        // Keep reading: a full pipe would block the driver.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        url
    }

    /// Starts WebKit's driver on a free port: it cannot choose one itself.
    async fn webkit_driver(&self) -> String {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        drop(self.launch("WebKitWebDriver", &[&format!("--port={}", free.port())]));
        let url = format!("http://{free}");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        eventually("WebKitWebDriver", PATIENCE, || async { http.get(format!("{url}/status")).send().await.ok() }).await;
        url
    }
}

/// Returns a command whose process ends when this one does.
fn tethered(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]).args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn needs(program: &str, how: &str) {
    assert!(is_installed(program), "these tests need {program}: {how}");
}

/// Returns geckodriver's path. Debian has no package of it, so scripts/test builds it and keeps it beside cargo's output.
fn geckodriver() -> PathBuf {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/target/engines/bin/geckodriver");
    let kept = std::env::var_os("ORDERBELL_TEST_GECKODRIVER").map_or_else(|| PathBuf::from(kept), PathBuf::from);
    if kept.is_file() {
        return kept;
    }
    needs("geckodriver", "cargo install geckodriver --locked --debug --root target/engines");
    PathBuf::from("geckodriver")
}

fn firefox(preferences: Value) -> Value {
    let mut all = json!({
        // No requests to the vendor.
        "app.update.auto": false,
        "browser.safebrowsing.downloads.remote.enabled": false,
        "datareporting.policy.dataSubmissionEnabled": false,
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "toolkit.telemetry.server": "",
        "intl.accept_languages": "en-GB, en",
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, preferences) {
        all.extend(more);
    }
    json!({"moz:firefoxOptions": {"binary": "/usr/bin/firefox-esr", "prefs": all}})
}
