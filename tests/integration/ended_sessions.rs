//! Tokens of ended sessions on a node that has just started.

use sqlx::{Connection, Executor, SqliteConnection};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use support::raw::Handshake;
use support::server::{DATABASE, command};
use support::{Client, PATIENCE, TestServer, eventually, template};

const ORDERS: &str = "/api/v1/restaurants/demo/orders";
const RESTARTS: usize = 3;

/// Inserts 100,000 ended sessions, as a chain with many guests has, all older than the session under test.
const MANY: &str = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000) \
    INSERT INTO ended_sessions (session, ended_at) \
    SELECT printf('s-%08d', n), CAST((unixepoch('subsec') - 3600) * 1000000 AS INTEGER) + n FROM n";

async fn add_many_ends(folder: &Path) {
    let url = format!("sqlite://{}", folder.join(DATABASE).display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    assert_eq!(connection.execute(MANY).await.unwrap().rows_affected(), 100_000);
    connection.close().await.unwrap();
}

/// Sends requests as fast as possible, from before the node listens. Returns the statuses of the first answers.
async fn first_answers(client: Client) -> Vec<u16> {
    let mut answers = Vec::new();
    while answers.len() < 50 {
        match Client::attempt(client.request(reqwest::Method::GET, ORDERS)).await {
            Ok(answer) => answers.push(answer.status),
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_a_token_of_an_ended_session_gets_401_from_the_first_answer_on() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
    let (ended, going_on) = (server.staff().await, server.staff().await);
    ended.get(ORDERS).await.expect(200);
    add_many_ends(folder.path()).await;
    assert_eq!(ended.delete("/api/v1/sessions/current").await.status, 204);
    server.kill().await;

    let common = ["--database-url".to_owned(), format!("sqlite://{}", folder.path().join(DATABASE).display())];
    for restart in 1..=RESTARTS {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let base = format!("http://{address}");
        let (ended, going_on) = (ended.at(&base), going_on.at(&base));
        let asking = tokio::spawn(first_answers(ended.clone()));
        let mut node = command(folder.path(), &common);
        node.args(["serve", "--bind", &address, "--workers", "2"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut node = node.spawn().unwrap();
        let answers = tokio::time::timeout(PATIENCE, asking).await.expect("the node answers").unwrap();
        assert_eq!(answers, [401; 50], "restart {restart}");
        let (refused, _) = Handshake::new(&ended.token).send(&base, None).await;
        assert_eq!(refused.status, 401, "a handshake is refused too");
        eventually("a good token", PATIENCE, || async { (going_on.get(ORDERS).await.status == 200).then_some(()) }).await;
        node.kill().await.unwrap();
    }
}
