//! The shipped proxy configuration, `compose/nginx.conf`, unchanged except for the node's address and the listening port.

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::json;
use std::fs::{self, File};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use support::{Client, Menu, PATIENCE, TestServer, client::text, eventually, wait::soon};
use tempfile::TempDir;

const CONF: &str = include_str!("../../compose/nginx.conf");
const TLS: &str = include_str!("../../compose/tls.conf");
const MENU: &str = "/api/v1/restaurants/demo/menu";
/// The size of the largest menu in bytes.
const LARGEST: usize = 2 * 1024 * 1024;

/// A running nginx, stopped when dropped.
struct Nginx {
    master: Child,
    folder: TempDir,
    base: String,
}

impl Nginx {
    async fn before(server: &TestServer) -> Self {
        Self::in_folder(server, tempfile::tempdir().unwrap()).await
    }

    /// Starts nginx with the files beside its configuration in `folder`.
    async fn in_folder(server: &TestServer, folder: TempDir) -> Self {
        Self::with(server, folder, |conf| conf).await
    }

    /// Starts nginx with a change to the configuration.
    async fn with(server: &TestServer, folder: TempDir, change: impl Fn(String) -> String) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let conf = folder.path().join("nginx.conf");
        fs::write(&conf, change(configuration(server.authority(), port))).unwrap();
        let log = |name: &str| File::create(folder.path().join(name)).unwrap();
        let pid = format!("daemon off; pid {};", folder.path().join("pid").display());
        let program = if fs::exists("/usr/sbin/nginx").unwrap() { "/usr/sbin/nginx" } else { "nginx" };
        let mut nginx = Command::new(program);
        nginx.arg("-c").arg(&conf).args(["-e", "stderr", "-g", &pid]);
        let master = nginx.stdin(Stdio::null()).stdout(log("access")).stderr(log("error")).spawn();
        let master = master.expect("these tests need nginx: scripts/test installs it");
        let nginx = Self { master, folder, base: format!("http://127.0.0.1:{port}") };
        let client = Client::new(&nginx.base, "");
        eventually("nginx", PATIENCE, || async {
            let answer = Client::attempt(client.request(Method::GET, "/readyz")).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
        nginx
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Stops the master and its workers at once.
        let _ = Command::new("kill").args(["-TERM", &self.master.id().to_string()]).status();
        let _ = self.master.wait();
    }
}

/// Asserts that nginx itself answered, in the form a node would.
fn own_problem(answer: &support::client::Answer, status: u16, code: &str) {
    let problem = answer.problem(status, code);
    assert_eq!(problem["status"], status);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
        assert_eq!(answer.header(name), value, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_added_to_the_proxy_answers_in_the_form_of_a_node() {
    let server = TestServer::start(&["--trust-forwarded-for"]).await;
    let nginx = Nginx::with(&server, tempfile::tempdir().unwrap(), |conf| {
        let zone =
            conf.replace("    server_tokens off;", "    server_tokens off;\n    limit_req_zone $uri zone=test:1m rate=1r/m;");
        zone.replace(
            "        location / {",
            "        location = /api/v1/push/key { limit_req zone=test; proxy_pass http://orderbell; }\n        location / {",
        )
    })
    .await;
    let anybody = Client::new(&nginx.base, "");
    anybody.get("/api/v1/push/key").await;
    own_problem(&anybody.get("/api/v1/push/key").await, 429, "rate_limited");
}

/// Returns the shipped configuration with one node instead of three, and another port.
fn configuration(node: &str, port: u16) -> String {
    let mut nodes = 0;
    let lines = CONF.lines().filter_map(|line| match line.trim() {
        trimmed if trimmed.starts_with("server node") => {
            nodes += 1;
            (nodes == 1).then(|| line.replace("node1:8080", node))
        }
        "listen 8080 backlog=4096;" => Some(format!("listen 127.0.0.1:{port} backlog=4096;")),
        _ => Some(line.to_owned()),
    });
    let conf: Vec<_> = lines.collect();
    assert_eq!(nodes, 3, "the shipped file names three nodes");
    assert!(!conf.iter().any(|line| line.contains(":8080") || line.contains("listen 8080")), "{conf:?}");
    conf.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shipped_proxy_carries_every_transport_and_the_largest_menu() {
    let server = TestServer::start(&["--trust-forwarded-for"]).await;
    let nginx = Nginx::before(&server).await;
    let staff = server.staff().await.at(&nginx.base);
    let menu = Menu::read(&staff).await;

    let mut screen = staff.screen().await;
    screen.join(&menu.kitchen()).await;
    let stream = staff.request(Method::GET, &format!("/api/v1/rooms/{}/stream", menu.kitchen())).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut stream = stream.bytes_stream();
    let order = staff.place(&menu.basket()).await;
    screen.until("order.placed", |frame| frame["event"]["order"] == order["id"]).await;
    let mut told = String::new();
    while !told.contains("order.placed") {
        let chunk = soon("the event over the stream", stream.next()).await.unwrap().unwrap();
        told.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let poll = staff.get(&format!("/api/v1/rooms/{}/events?wait=1", menu.kitchen())).await;
    assert!(poll.status == 200 && poll.text.contains(text(&order["id"])), "{}", poll.text);

    let manager = server.client(&["manager"]).await.at(&nginx.base);
    let put = async |bytes: usize| {
        let document = manager.get(MENU).await.expect(200);
        let mut draft = json!({"categories": document["categories"], "items": document["items"]});
        for item in draft["items"].as_object_mut().unwrap().values_mut() {
            item.as_object_mut().unwrap().remove("until");
        }
        let mut body = draft.to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        let put = manager.request(Method::PUT, MENU).header("Content-Type", "application/json").body(body);
        Client::send(put).await.status
    };
    assert_eq!(put(LARGEST).await, 200);
    assert_eq!(put(LARGEST + 1).await, 413);
    let larger = manager.request(Method::PUT, MENU).body(vec![b' '; LARGEST + 1]);
    own_problem(&Client::send(larger).await, 413, "too_large");
    own_problem(&staff.get("/metrics").await, 404, "not_found");
    staff.get("/api/v1/nowhere").await.problem(404, "not_found");

    let spoofed = staff.request(Method::GET, "/staff").header("X-Forwarded-Proto", "https");
    let spoofed = Client::send(spoofed.header("Forwarded", "for=192.0.2.7;proto=https")).await;
    assert_eq!(spoofed.header("strict-transport-security"), "", "the proxy reports the scheme, not the client");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shipped_proxy_logs_no_key_no_code_and_no_query_even_on_errors() {
    let mut server = TestServer::start(&["--trust-forwarded-for"]).await;
    let nginx = Nginx::before(&server).await;
    let manager = server.client(&["manager"]).await.at(&nginx.base);
    let anybody = Client::new(&nginx.base, "");
    let pairing = anybody.post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let code = text(&pairing["user_code"]);
    let approval = format!("/api/v1/devices/pairings/{code}/approval");
    let paths = [
        "/t/demo-table-4".to_owned(),
        "//t//demo-table-4".to_owned(),
        "/%74/demo-table-4?key=SECRET".to_owned(),
        "/T/demo-table-4".to_owned(),
        "/nowhere/demo-table-4".to_owned(),
        "/staff?token=SECRET".to_owned(),
        format!("/api/v1//devices/pairings/{code}/approval"),
        format!("/api/v1/restaurants/SECRET/menu?{code}"),
    ];
    for path in &paths {
        anybody.get(path).await;
    }
    manager.post(&approval, &json!({"restaurant": "demo", "name": "Pass"})).await;
    let large = manager.request(Method::POST, &format!("/t/demo-table-4/{code}")).body(vec![b' '; LARGEST + 1]);
    assert_eq!(Client::send(large).await.status, 413);
    server.kill().await;
    for path in &paths {
        let answer = anybody.get(path).await;
        assert!(matches!(answer.status, 502 | 504), "{path}: no node is running");
        own_problem(&answer, answer.status, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    let (access, error) = (nginx.log("access"), nginx.log("error"));
    for line in ["GET /t 200", "GET /api/v1/devices", "POST /api/v1/devices", "GET /t 502", "GET - "] {
        assert!(access.contains(line), "the control: {line} in {access}");
    }
    for secret in ["demo-table-4", code, "SECRET", manager.token.as_str()] {
        assert!(!access.contains(secret), "{secret} in {access}");
        assert!(!error.contains(secret), "{secret} in {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shipped_proxy_speaks_http_2_over_tls() {
    let server = TestServer::start(&["--trust-forwarded-for"]).await;
    let folder = tempfile::tempdir().unwrap();
    let tls = folder.path().join("tls.d");
    fs::create_dir(&tls).unwrap();
    let (certificate, key) = (tls.join("fullchain.pem"), tls.join("privkey.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=localhost", "-out"]).arg(&certificate).arg("-keyout").arg(&key);
    let made = openssl.output().expect("these tests need openssl: scripts/test installs it");
    assert!(made.status.success(), "{made:?}");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let conf = TLS.replace("listen 8443 ", &format!("listen 127.0.0.1:{port} "));
    let conf = conf.replace("/etc/nginx/tls.d/live", &tls.display().to_string());
    assert_ne!(conf, TLS);
    fs::write(tls.join("tls.conf"), conf).unwrap();
    let _nginx = Nginx::in_folder(&server, folder).await;
    let mut client = Command::new("openssl");
    client.args(["s_client", "-alpn", "h2,http/1.1", "-connect", &format!("127.0.0.1:{port}")]).stdin(Stdio::null());
    let greeting = String::from_utf8_lossy(&client.output().unwrap().stdout).into_owned();
    assert!(greeting.contains("ALPN protocol: h2"), "{greeting}");
}
