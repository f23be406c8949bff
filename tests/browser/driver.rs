//! WebDriver processes and the browsers they start: Chromium for most tests, the others in [`crate::engines`].

use crate::one_by_one::OneByOne;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use support::wait::soon;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Flags for each Chromium: no requests to its vendor, and a pipe to its driver, so that it exits with the driver.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox", // root has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--lang=en-GB",
];

/// The device that a page is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 390 by 844 CSS pixels, device pixel ratio 3, touch.
    Phone,
    /// 1280 by 800 CSS pixels, mouse.
    Wall,
    /// 1920 by 1080 CSS pixels, mouse; read from across the room.
    FarWall,
}

impl Form {
    /// Returns the width and height in CSS pixels.
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Phone => (390, 844),
            Self::Wall => (1280, 800),
            Self::FarWall => (1920, 1080),
        }
    }
}

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Chrome, Edge and Android's browsers.
    Chromium,
    /// Firefox.
    Gecko,
    /// Every browser on an iPhone.
    WebKit,
}

/// The driver processes of one test. Dropping it ends them and their browsers.
pub enum Driver {
    Chromium(Chromedriver),
    OneByOne(OneByOne),
}

impl Driver {
    pub async fn start(engine: Engine) -> Self {
        match engine {
            Engine::Chromium => Self::Chromium(Chromedriver::start().await),
            Engine::Gecko | Engine::WebKit => Self::OneByOne(OneByOne::start(engine).await),
        }
    }

    /// Opens a browser with a new profile. Also returns the address of its driver.
    pub async fn open(&self, form: Form) -> (Client, String) {
        match self {
            Self::Chromium(driver) => (driver.open(form, &json!({})).await, driver.url.clone()),
            Self::OneByOne(drivers) => drivers.open_with(form, json!({})).await,
        }
    }

    /// Opens a browser as [`Self::open`] does, with all cookies blocked. WebKit's driver cannot block them.
    pub async fn open_cookieless(&self, form: Form) -> (Client, String) {
        match self {
            Self::Chromium(driver) => {
                let blocked = json!({"profile.default_content_setting_values.cookies": 2});
                (driver.open(form, &blocked).await, driver.url.clone())
            }
            Self::OneByOne(drivers) => drivers.open_with(form, json!({"network.cookie.cookieBehavior": 2})).await,
        }
    }
}

/// The chromedriver of one test. Dropping it kills the process and its browsers.
pub struct Chromedriver {
    _process: Child,
    /// `http://127.0.0.1:PORT`
    url: String,
    profiles: TempDir,
    opened: AtomicU32,
}

impl Chromedriver {
    async fn start() -> Self {
        for program in ["chromedriver", "chromium"] {
            assert!(is_installed(program), "these tests need {program}: apt-get install chromium chromium-driver");
        }
        let mut tries = 1..=3;
        let (process, mut lines, port) = loop {
            if let Some(driver) = soon("chromedriver", launch()).await {
                break driver;
            }
            assert!(tries.next().is_some(), "chromedriver exits before it listens");
        };
        let url = format!("http://127.0.0.1:{port}");
        // Keep reading: a full pipe would block chromedriver.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { _process: process, url, profiles: tempfile::tempdir().unwrap(), opened: AtomicU32::new(0) }
    }

    async fn open(&self, form: Form, preferences: &Value) -> Client {
        let number = self.opened.fetch_add(1, Relaxed);
        let profile = self.profiles.path().join(number.to_string());
        let capabilities = json!({
            "goog:chromeOptions": options(form, &profile.display().to_string(), preferences),
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        connect(&self.url, capabilities).await
    }
}

/// Starts a browser through its driver.
pub async fn connect(driver: &str, capabilities: Value) -> Client {
    let Value::Object(capabilities) = capabilities else { unreachable!() };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    soon("a browser", builder.connect(driver)).await.expect("the driver must start its browser")
}

/// Starts a chromedriver and reads its port. Returns `None` when it exits: it takes a port that is free on IPv4, and exits
/// when another process has that port on IPv6.
async fn launch() -> Option<(Child, Lines<BufReader<ChildStdout>>, String)> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "chromedriver", "--port=0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut process = command.spawn().expect("these tests need setpriv: apt-get install util-linux");
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            let port = port.trim_end_matches('.').to_owned();
            return Some((process, lines, port));
        }
    }
    None
}

fn options(form: Form, profile: &str, preferences: &Value) -> Value {
    let (width, height) = form.size();
    let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
    flags.extend([format!("--user-data-dir={profile}"), format!("--window-size={width},{height}")]);
    match form {
        Form::Wall | Form::FarWall => json!({"args": flags, "prefs": preferences}),
        Form::Phone => {
            let metrics = json!({"width": width, "height": height, "pixelRatio": 3, "touch": true, "mobile": true});
            json!({"args": flags, "prefs": preferences, "mobileEmulation": {"deviceMetrics": metrics}})
        }
    }
}

pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
