//! The server under test, and HTTP calls that make events.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::future::Future;
use std::time::{Duration, Instant};
use support::TestServer;
use support::wait::soon;

/// The longest time of a step.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Polls a condition until it holds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what} did not become true in {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Flags that raise the limits, since a guest in these tests orders more than a real guest may.
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

/// A node with the demo restaurant and its own database.
pub struct Server {
    node: TestServer,
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    pub http: Client,
    pub restaurant: String,
    dish: String,
}

impl Server {
    pub async fn start(flags: &[&str]) -> Self {
        let node = TestServer::start(&[&EAGER[..], flags].concat()).await;
        let (base, http) = (node.base.clone(), Client::new());
        let mut server = Self { node, base, http, restaurant: String::new(), dish: String::new() };
        let menu = server.get("/api/v1/restaurants/demo/menu", "").await;
        let menu: Value = menu.json().await.unwrap();
        server.restaurant = menu["restaurant"].as_str().unwrap().to_owned();
        server.dish = menu["items"].as_object().unwrap().keys().next().unwrap().clone();
        server
    }

    pub fn pid(&self) -> u32 {
        self.node.pid()
    }

    /// The file of its database.
    pub fn database(&self) -> std::path::PathBuf {
        self.node.database()
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
    pub async fn token(&self, role: &str, life: &str) -> String {
        self.node.tool(&["token", "--role", role, "--restaurant", "demo", "--expires", life]).await
    }

    pub async fn sign_out(&self, token: &str) {
        let call = self.http.delete(format!("{}/api/v1/sessions/current", self.base)).bearer_auth(token);
        assert!(call.send().await.unwrap().status().is_success());
    }

    /// Places an order with this number of lines, each with a note of 200 letters. Returns its document.
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
        self.node.metric(line.trim_end()).await as u64
    }

    /// Live connections of a role.
    pub async fn connections(&self, role: &str) -> u64 {
        self.metric(&format!("orderbell_connections{{role=\"{role}\"}}")).await
    }

    /// Returns the resident memory of the process, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.node.resident() / 1024
    }
}
