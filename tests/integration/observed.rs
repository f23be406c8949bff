//! What operators can observe of a node: the ids of requests, the lines of the log, and the metrics.

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use support::{Client, Menu, TestServer};

async fn ask(client: &Client, path: &str, id: &str) -> support::client::Answer {
    Client::send(client.request(Method::GET, path).header("x-request-id", id)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_a_problem_and_the_log_have_the_id_of_the_request() {
    let server = TestServer::start(&[]).await;
    let anybody = server.anybody();
    let answer = ask(&anybody, "/api/v1/restaurants/nowhere", "edge.17-A_b").await;
    assert_eq!(answer.header("x-request-id"), "edge.17-A_b");
    answer.problem(404, "not_found");
    assert!(server.log().lines().any(|line| line.contains("status=404") && line.ends_with("request=edge.17-A_b")));

    for unsafe_id in ["two words", &"x".repeat(65), "a\u{e9}"] {
        let answer = ask(&anybody, "/healthz", unsafe_id).await;
        let made = answer.header("x-request-id");
        assert!(made.len() == 36 && made != unsafe_id, "{made}");
    }
    let (one, other) = (anybody.get("/healthz").await, anybody.get("/healthz").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_as_json_says_who_did_what_to_an_order() {
    let server = TestServer::start(&["--log-format", "json"]).await;
    let (diner, staff) = (server.diner("4").await, server.staff().await);
    let order = diner.place(&Menu::read(&diner).await.noted("allergic to walnuts")).await;
    staff.act(&order["id"], "accept").await;
    diner.command(&order["id"], "serve", json!({})).await.problem(403, "forbidden");
    let screen = staff.screen().await;
    drop(screen);

    let found = support::eventually("the lines", support::PATIENCE, || async {
        let lines: Vec<Value> = server.log().lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        lines.iter().any(|line| line["message"] == "connection ended").then_some(lines)
    });
    let lines = found.await;
    let of_order: Vec<(&str, &str, &str)> = lines
        .iter()
        .filter(|line| line["message"] == "command" && line["order"] == order["id"])
        .map(|line| (line["role"].as_str().unwrap(), line["action"].as_str().unwrap(), line["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(of_order, [("diner", "place", "changed"), ("staff", "accept", "changed"), ("diner", "serve", "forbidden")]);
    for line in &lines {
        assert!(line["time"].is_string() && line["level"].is_string() && line["target"].is_string(), "{line}");
        assert!(!line.to_string().contains("walnuts"), "{line}");
    }
    let ended = lines.iter().find(|line| line["message"] == "connection ended").unwrap();
    assert_eq!((&ended["transport"], &ended["role"]), (&json!("websocket"), &json!("staff")));
}

/// Returns the names of metrics in a text, without the endings that a histogram adds.
fn metrics_of(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
    let names = words.filter(|word| word.starts_with("orderbell_") || word.starts_with("process_"));
    names.map(|name| name.trim_end_matches("_bucket").trim_end_matches("_count").to_owned()).collect()
}

#[test]
fn alerts_and_the_dashboard_use_existing_metrics_and_the_runbook_has_each_alert() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    // The metrics in the table of the manual, and those in the text around it.
    let manual = read("docs/operations.md");
    let section = manual.split("\n## Metrics\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let words = section.split('`').skip(1).step_by(2);
    let known: BTreeSet<String> =
        words.flat_map(|word| [word.to_owned(), format!("orderbell_{word}")]).chain(["orderbell_redis_healthy".into()]).collect();
    let alerts = read("packaging/monitoring/alerts.yaml");
    for text in [&alerts, &read("packaging/monitoring/dashboard.json"), &read("packaging/monitoring/alerts_test.yaml")] {
        let asked = metrics_of(text);
        assert!(asked.len() > 10, "the control: {asked:?}");
        let unknown: Vec<_> = asked.difference(&known).collect();
        assert!(unknown.is_empty(), "{unknown:?} are not among {known:?}");
    }
    let runbook = read("docs/runbook.md");
    let told: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let named: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(told, named, "the runbook has each alert, in the same order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_with_an_address_of_their_own_leave_the_public_one() {
    let server = TestServer::start(&["--metrics-bind", "127.0.0.1:0"]).await;
    let anybody = server.anybody();
    anybody.get("/metrics").await.problem(404, "not_found");
    anybody.get("/readyz").await.expect(200);
    let log = server.log();
    let address = log.split("serving metrics address=").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let scraper = anybody.at(&format!("http://{}", address.trim()));
    let scrape = scraper.get("/metrics").await;
    assert_eq!(scrape.status, 200, "{}", scrape.text);
    assert!(scrape.text.contains("\norderbell_ready 1\n"), "{}", scrape.text);
    for path in ["/", "/staff"] {
        scraper.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_time_calls_commands_and_commits() {
    let server = TestServer::start(&[]).await;
    let (diner, staff) = (server.diner("4").await, server.staff().await);
    let order = diner.place(&Menu::read(&diner).await.noted("no onion")).await;
    staff.act(&order["id"], "accept").await;
    let _screen = staff.screen().await;
    Client::send(staff.request(Method::from_bytes(b"BREW").unwrap(), "/api/v1/orders")).await;
    server.anybody().get("/readyz").await;

    let route = "method=\"POST\",route=\"/api/v1/restaurants/{slug}/orders\",status=\"201\"";
    for (line, value) in [
        (format!("orderbell_http_request_duration_seconds_count{{{route}}}"), 1.0),
        ("orderbell_command_duration_seconds_count{action=\"accept\"}".to_owned(), 1.0),
        ("orderbell_commit_duration_seconds_count".to_owned(), 2.0),
        ("orderbell_handshakes_total{outcome=\"accepted\"}".to_owned(), 1.0),
        ("orderbell_connections_by_transport{transport=\"websocket\"}".to_owned(), 1.0),
        ("orderbell_connections_by_transport{transport=\"sse\"}".to_owned(), 0.0),
        ("orderbell_ready".to_owned(), 1.0),
    ] {
        assert_eq!(server.metric(&line).await, value, "{line}");
    }
    let scrape = server.anybody().get("/metrics").await.text;
    for line in ["orderbell_build_info{version=\"", "process_resident_memory_bytes ", "process_cpu_seconds_total "] {
        assert!(scrape.contains(&format!("\n{line}")), "{line} in {scrape}");
    }
    assert!(!scrape.contains("\norderbell_redis_healthy"), "a node without Redis has no metric about it");
    assert!(!scrape.contains("BREW"), "a method invented by a client does not become a label");
}
