//! Token keys: how they are generated, and how they are rotated.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::path::Path;
use support::{Client, TestServer, server::DATABASE, server::command};

const OLD: &str = "old:0123456789abcdef0123456789abcdef";
const ORDERS: &str = "/api/v1/restaurants/demo/orders";

/// Returns what `orderbell keys` prints, without its comments: the private entry and the public one.
async fn fresh_pair(arguments: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &[]).arg("keys").args(arguments).output().await.unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the command creates no database");
    let text = String::from_utf8(output.stdout).unwrap();
    let entries: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let [private, public] = entries[..] else { panic!("{text}") };
    (private.to_owned(), public.to_owned())
}

#[tokio::test]
async fn generated_keys_are_a_pair_with_a_random_or_a_given_id() {
    let (one, other) = (fresh_pair(&[]).await, fresh_pair(&["--kid", "k2"]).await);
    for (private, public) in [&one, &other] {
        let (kid, seed) = private.split_once(":ed25519:").unwrap();
        let (same, key) = public.split_once(":ed25519-public:").unwrap();
        assert!(kid == same && seed != key && seed.len() == 43 && key.len() == 43, "{private} {public}");
    }
    assert!(other.0.starts_with("k2:") && !one.0.starts_with("k2:"));
}

/// Starts a server on the database of a folder, with a keyring.
async fn under(folder: &Path, keys: &str) -> TestServer {
    TestServer::run(folder.to_owned(), &["--jwt-keys", keys]).await
}

async fn tokens(client: &Client, path: &str, body: Value) -> (String, String) {
    let answer = client.post(path, &body).await.expect(200);
    let token = |name: &str| answer[name].as_str().unwrap().to_owned();
    (token("access_token"), token("refresh_token"))
}

async fn sign_in(server: &TestServer) -> (String, String) {
    let form = json!({"restaurant": "demo", "username": "staff", "password": "staff-demo"});
    tokens(&server.anybody(), "/api/v1/sessions", form).await
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn changing_from_a_secret_to_a_key_pair_signs_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let (private, _) = fresh_pair(&["--kid", "new"]).await;
    let mut server = under(folder.path(), OLD).await;
    let (early, refresh) = sign_in(&server).await;
    for (keys, alg) in [(format!("{OLD},{private}"), "HS256"), (format!("{private},{OLD}"), "EdDSA")] {
        server.stop().await;
        server = under(folder.path(), &keys).await;
        let waiter = Client::new(&server.base, &early);
        waiter.get(ORDERS).await.expect(200);
        waiter.screen().await.alive().await;
        assert_eq!(header(&sign_in(&server).await.0)["alg"], alg);
    }
    let (late, _) = sign_in(&server).await;
    server.stop().await;
    server = under(folder.path(), &private).await;
    // The old token would have expired by now. Its session continues.
    Client::new(&server.base, &early).get(ORDERS).await.problem(401, "unauthorized");
    let (renewed, _) = tokens(&server.anybody(), "/api/v1/sessions/refresh", json!({"refresh_token": refresh})).await;
    assert_eq!(header(&renewed), json!({"typ": "JWT", "alg": "EdDSA", "kid": "new"}));
    for token in [late, renewed] {
        let waiter = Client::new(&server.base, &token);
        waiter.get(ORDERS).await.expect(200);
        waiter.screen().await.alive().await;
    }
    assert!(!folder.path().join(format!("{DATABASE}.keys")).exists(), "a key was generated although one is configured");
}
