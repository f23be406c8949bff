//! A node that starts before its PostgreSQL.

use crate::test_cluster::KEYS;
use std::time::Duration;
use support::server::command;
use support::{PATIENCE, eventually, port, postgres};
use tokio::io::{AsyncBufReadExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Returns the URL of a database under another address of its server.
fn at(url: &str, authority: &str) -> String {
    let parsed: url::Url = url.parse().unwrap();
    let server = format!("{}:{}", parsed.host_str().unwrap(), parsed.port().unwrap());
    url.replacen(&server, authority, 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_waits_for_postgres_and_logs_it_or_fails_after_a_deadline() {
    let database = postgres::database().await;
    let late = format!("127.0.0.1:{}", port::free());
    let folder = tempfile::tempdir().unwrap();
    let common = ["--database-url".into(), at(&database, &late), "--jwt-keys".into(), KEYS.into()];
    let mut node = command(folder.path(), &common);
    let ended = node.args(["serve", "--database-wait-s", "0"]).output().await.unwrap();
    let message = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && message.contains(&format!("PostgreSQL at {late}")), "{message}");

    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let mut node = command(folder.path(), &common);
    let mut node = node.arg("serve").stdout(std::process::Stdio::piped()).stderr(log).spawn().unwrap();
    let says = || async {
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        (log.matches("the database is not ready; will try again").count() >= 2).then_some(log)
    };
    let log = eventually("two attempts", PATIENCE, says).await;
    assert!(log.contains(&late) && log.contains("seconds_left=") && !log.contains("k1:"), "{log}");
    let listener = TcpListener::bind(&late).await.unwrap();
    let server: url::Url = database.parse().unwrap();
    let server = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await.unwrap();
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(line.starts_with("listening on http://"), "{line}");
}

#[tokio::test]
async fn unusable_keys_are_refused_before_the_start_waits_for_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let absent = format!("postgres://nobody@127.0.0.1:{}/none", port::free());
    let common = ["--database-url".into(), absent, "--jwt-keys".into(), "k1:short".into()];
    let ended = tokio::time::timeout(Duration::from_secs(10), command(folder.path(), &common).arg("serve").output());
    let message = String::from_utf8(ended.await.expect("no wait").unwrap().stderr).unwrap();
    assert!(message.contains("32 bytes"), "{message}");
}
