//! Lost answers to renewals: every retry gets the same answer, even after a change of keys.

use crate::disk::on;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::path::Path;
use support::server::DATABASE;
use support::{Client, TestServer, client::text};

const OLD: &str = "old:0123456789abcdef0123456789abcdef";
const NEW: &str = "new:fedcba9876543210fedcba9876543210";
const REFRESH: &str = "/api/v1/sessions/refresh";

async fn seated(anybody: &Client) -> Value {
    anybody.post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-2"})).await.expect(200)
}

async fn renewed(anybody: &Client, tokens: &Value) -> Value {
    anybody.post(REFRESH, &json!({"refresh_token": tokens["refresh_token"]})).await.expect(200)
}

#[tokio::test]
async fn tabs_that_renew_at_once_get_one_successor_and_stay_signed_in() {
    let server = TestServer::start(&[]).await;
    let anybody = server.anybody();
    let mut tokens = seated(&anybody).await;
    for _ in 0..5 {
        let answers = join_all((0..8).map(|_| renewed(&anybody, &tokens))).await;
        for answer in &answers {
            assert_eq!(answer["refresh_token"], answers[0]["refresh_token"]);
            Client::new(&server.base, text(&answer["access_token"])).get("/api/v1/diner-sessions/current").await.expect(200);
        }
        tokens = answers[0].clone();
    }
}

async fn under(folder: &Path, keys: &str) -> TestServer {
    TestServer::run(folder.to_owned(), &["--jwt-keys", keys]).await
}

/// A server that is killed during a renewal gives the same answer after the restart, even when its first key has changed.
#[tokio::test]
async fn a_retried_renewal_is_answered_after_a_restart_and_a_change_of_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = under(folder.path(), OLD).await;
    let first = seated(&server.anybody()).await;
    let second = renewed(&server.anybody(), &first).await;
    for keys in [format!("{OLD},{NEW}"), format!("{NEW},{OLD}")] {
        server.kill().await;
        server = under(folder.path(), &keys).await;
        assert_eq!(renewed(&server.anybody(), &first).await["refresh_token"], second["refresh_token"], "{keys}");
    }
    let third = renewed(&server.anybody(), &second).await;
    server.kill().await;
    server = under(folder.path(), OLD).await;
    // The key that derived the token is gone: the answer is another token, and nobody is signed out.
    let another = renewed(&server.anybody(), &second).await;
    assert_ne!(another["refresh_token"], third["refresh_token"]);
    renewed(&server.anybody(), &another).await;
}

/// Phones, kitchen screens and staff renew all the time, so their tokens are newer than any backup.
#[tokio::test]
async fn a_restored_backup_signs_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = under(folder.path(), OLD).await;
    let (visit, another) = (seated(&server.anybody()).await, seated(&server.anybody()).await);
    let kept = renewed(&server.anybody(), &visit).await;
    let database = folder.path().join(DATABASE);
    on(&database, &format!("VACUUM INTO '{}'", database.with_extension("backup").display())).await;
    let first = renewed(&server.anybody(), &kept).await;
    let mut newest = first.clone();
    for _ in 0..3 {
        newest = renewed(&server.anybody(), &newest).await;
    }
    let begun_later = seated(&server.anybody()).await;
    let older = renewed(&server.anybody(), &another).await;
    renewed(&server.anybody(), &older).await;
    server.stop().await;
    std::fs::copy(database.with_extension("backup"), &database).unwrap();
    server = under(folder.path(), &format!("{NEW},{OLD}")).await;
    let refused = async |tokens: &Value| {
        let renewal = json!({"refresh_token": tokens["refresh_token"]});
        server.anybody().post(REFRESH, &renewal).await.problem(401, "unauthorized");
    };
    let next = renewed(&server.anybody(), &newest).await;
    Client::new(&server.base, text(&next["access_token"])).get("/api/v1/diner-sessions/current").await.expect(200);
    assert_eq!(renewed(&server.anybody(), &newest).await["refresh_token"], next["refresh_token"], "the answer was lost");
    renewed(&server.anybody(), &next).await;
    refused(&begun_later).await;
    // A thief has a copy of a token older than the one that the owner has presented.
    let stolen = renewed(&server.anybody(), &older).await;
    refused(&another).await;
    refused(&stolen).await;
    refused(&kept).await;
    refused(&next).await;
}

#[tokio::test]
async fn a_retried_sign_in_gets_the_session_of_its_first_attempt() {
    let server = TestServer::start(&[]).await;
    let sign_in = async |username: &str, password: &str, attempt: Option<&str>| {
        let form = json!({"restaurant": "demo", "username": username, "password": password});
        let mut request = server.anybody().request(reqwest::Method::POST, "/api/v1/sessions").json(&form);
        if let Some(attempt) = attempt {
            request = request.header("idempotency-key", attempt);
        }
        Client::send(request).await
    };
    let (one, two) = ("01930000-0000-7000-8000-00000000000a", "01930000-0000-7000-8000-00000000000b");
    let first = sign_in("staff", "staff-demo", Some(one)).await.expect(200);
    let again = sign_in("staff", "staff-demo", Some(one)).await.expect(200);
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    for (person, attempt) in [("staff", Some(two)), ("staff", None), ("manager", Some(one))] {
        let other = sign_in(person, &format!("{person}-demo"), attempt).await.expect(200);
        assert_ne!(other["refresh_token"], first["refresh_token"], "{person} {attempt:?}");
    }
    sign_in("staff", "wrong-password", Some(one)).await.problem(401, "unauthorized");
    let renewal = json!({"refresh_token": first["refresh_token"]});
    server.anybody().post(REFRESH, &renewal).await.expect(200);
    let late = sign_in("staff", "staff-demo", Some(one)).await.expect(200);
    assert_ne!(late["refresh_token"], first["refresh_token"], "the first session was renewed, so this is another one");
}
