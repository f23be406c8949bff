//! The server under test, and HTTP calls that make events.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest time of a step.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a future with a deadline.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come in {PATIENCE:?}"))
}

/// Polls a condition until it holds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what} did not become true in {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Raised limits, since one guest of these tests orders more than a guest may.
const EAGER: [&str; 14] = [
    "--diner-orders-per-minute",
    "100000",
    "--table-orders-per-minute",
    "100000",
    "--diner-lines-per-minute",
    "1000000",
    "--table-lines-per-minute",
    "1000000",
    "--diner-open-orders",
    "100000",
    "--table-open-orders",
    "100000",
    "--diner-commands-per-second",
    "100000",
];

/// A node with the demo restaurant and a database of its own. Dropping it kills it.
pub struct Server {
    process: Child,
    folder: TempDir,
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    pub http: Client,
    pub restaurant: String,
    dish: String,
}

impl Server {
    pub async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process =
            binary(&folder).args(["serve", "--demo", "--bind", "127.0.0.1:0"]).args(EAGER).args(flags).spawn().unwrap();
        let base = listening_on(&mut process);
        let http = Client::new();
        let mut server = Self { process, folder, base, http, restaurant: String::new(), dish: String::new() };
        let menu = server.get("/api/v1/restaurants/demo/menu", "").await;
        let menu: Value = menu.json().await.unwrap();
        server.restaurant = menu["restaurant"].as_str().unwrap().to_owned();
        server.dish = menu["items"].as_object().unwrap().keys().next().unwrap().clone();
        server
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The file of its database.
    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("db")
    }

    pub fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    pub fn room(&self, kind: &str) -> String {
        format!("{kind}:{}", self.restaurant)
    }

    pub async fn get(&self, path: &str, token: &str) -> Response {
        soon(path, self.http.get(format!("{}{path}", self.base)).bearer_auth(token).send()).await.unwrap()
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let call = self.http.post(format!("{}{path}", self.base)).bearer_auth(token);
        let call = call.header("idempotency-key", orderbell::clock::new_id().to_string()).json(body);
        let answer = soon(path, call.send()).await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Makes a session of a person of the demo.
    pub async fn sign_in(&self, username: &str) -> String {
        let body = json!({"restaurant": "demo", "username": username, "password": format!("{username}-demo")});
        self.post("/api/v1/sessions", "", &body).await["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn sit_down(&self, table: u32) -> String {
        let body = json!({"table_key": format!("demo-table-{table}")});
        self.post("/api/v1/diner-sessions", "", &body).await["access_token"].as_str().unwrap().to_owned()
    }

    /// Issues a token with a lifetime by the command line.
    pub fn token(&self, role: &str, life: &str) -> String {
        let mut tool = binary(&self.folder);
        let out = tool.args(["token", "--role", role, "--restaurant", "demo", "--expires", life]).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    pub async fn sign_out(&self, token: &str) {
        let call = self.http.delete(format!("{}/api/v1/sessions/current", self.base)).bearer_auth(token);
        assert!(call.send().await.unwrap().status().is_success());
    }

    /// Places an order of lines with notes of 200 letters each. Returns its document.
    pub async fn place(&self, token: &str, lines: usize) -> Value {
        let line = json!({"menu_item": self.dish, "quantity": 1, "note": "n".repeat(200)});
        let body = json!({"service": "dine_in", "items": vec![line; lines]});
        self.post("/api/v1/restaurants/demo/orders", token, &body).await
    }

    /// Makes one event of an order. Returns its position.
    pub async fn rush(&self, token: &str, order: &str, rush: bool) -> u64 {
        let body = json!({"id": orderbell::clock::new_id().to_string(), "action": "rush", "rush": rush});
        let ack = self.post(&format!("/api/v1/orders/{order}/commands"), token, &body).await;
        assert_eq!(ack["changed"], true, "{ack}");
        ack["position"].as_u64().unwrap()
    }

    /// Returns the value of a metric, by the beginning of its line; 0 if it is absent.
    pub async fn metric(&self, line: &str) -> u64 {
        let text = self.get("/metrics", "").await.text().await.unwrap();
        let value = text.lines().find_map(|found| found.strip_prefix(line));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// Live connections of a role.
    pub async fn connections(&self, role: &str) -> u64 {
        self.metric(&format!("orderbell_connections{{role=\"{role}\"}}")).await
    }

    /// Memory of the process, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

fn binary(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderbell"));
    let database = format!("sqlite://{}/db", folder.path().display());
    command.args(["--database-url", &database]).stdout(Stdio::piped()).stdin(Stdio::null());
    // Do not pass the variables of the test's shell to this server.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ORDERBELL_") || name.ends_with("_URL")) {
        command.env_remove(name);
    }
    command.env("ORDERBELL_LOG", "warn");
    command
}

fn listening_on(process: &mut Child) -> String {
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let found = lines.find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned));
    found.expect("the server says where it listens")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
