//! Configurations that are refused, and say why.

use crate::postgres;
use crate::site::KEYS;
use crate::support::{Server, server::command};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::time::Duration;

/// Starts a node that must refuse to; gives what it says.
async fn refusal(common: &[&str], flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let common: Vec<_> = common.iter().map(|word| (*word).to_owned()).collect();
    let mut node = command(folder.path(), &common);
    node.args(["serve", "--bind", "127.0.0.1:0"]).args(flags);
    let ended = tokio::time::timeout(Duration::from_secs(20), node.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("{common:?} {flags:?} serves")).unwrap();
    assert_eq!(output.status.code(), Some(1), "{common:?} {flags:?}");
    assert!(output.stdout.is_empty(), "nobody is told that it listens");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains(KEYS), "a secret is in {said}");
    said
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word} is not in {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_is_refused_with_the_reason_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("db").display());
    let said = refusal(&["--database-url", &sqlite], &["--redis-url", "redis://127.0.0.1:1"]).await;
    says(&said, &["Redis", "SQLite", "PostgreSQL"]);
    for role in ["api", "realtime"] {
        says(&refusal(&["--database-url", &sqlite], &["--role", role]).await, &["--role", "PostgreSQL"]);
    }
    let server = Server::joining(&["--database-url", &sqlite], &[], &[]).await;
    says(&refusal(&["--database-url", &sqlite], &[]).await, &["in use by another server", "PostgreSQL"]);
    server.anybody().get("/readyz").await.expect(200);

    let database = postgres::database().await;
    says(&refusal(&["--database-url", &database], &[]).await, &["ORDERBELL_JWT_KEYS", "32 bytes"]);
    let common = ["--database-url", &database, "--jwt-keys", KEYS];
    says(&refusal(&common, &["--redis-url", "http://127.0.0.1:1"]).await, &["redis://"]);
    let mut connection = PgConnection::connect(&database).await.unwrap();
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    let forget = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    connection.execute(AssertSqlSafe(forget)).await.unwrap();
    connection.close().await.unwrap();
    says(&refusal(&common, &[]).await, &["synchronous_commit=off", "acknowledged"]);
    println!("7 configurations that cannot work are refused, each with the reason");
}
