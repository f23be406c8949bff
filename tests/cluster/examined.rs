//! `orderbell doctor` on PostgreSQL and Redis.

use crate::test_cluster::KEYS;
use serde_json::Value;
use support::redis_server::Redis;
use support::server::command;
use support::{TestServer, port, postgres};

async fn findings(database: &str, redis: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let common = ["--database-url", database, "--jwt-keys", KEYS].map(str::to_owned);
    let output = command(folder.path(), &common).args(["doctor", "--json", "--", "--redis-url", redis]).output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn verdict<'a>(findings: &'a [Value], check: &str) -> (&'a str, &'a str) {
    let finding = findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check}: {findings:?}"));
    (finding["verdict"].as_str().unwrap(), finding["found"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_examines_postgres_its_clock_and_redis() {
    let database = postgres::database().await;
    let redis = Redis::start();
    let found = findings(&database, &redis.url()).await;
    assert_eq!(verdict(&found, "database").0, "warn", "there is no schema yet: {found:?}");
    assert_eq!((verdict(&found, "clock").0, verdict(&found, "redis").0), ("ok", "ok"), "{found:?}");
    let node = TestServer::joining(&["--database-url", &database, "--jwt-keys", KEYS], &[], &[]).await;
    let found = findings(&database, &redis.url()).await;
    assert_eq!(verdict(&found, "database").0, "ok", "{found:?}");
    assert!(verdict(&found, "database").1.starts_with("PostgreSQL "), "{found:?}");
    drop(node);

    let nowhere = port::free();
    let found = findings(&format!("postgres://me:a-password@127.0.0.1:{nowhere}/none"), "redis://127.0.0.1:1").await;
    assert_eq!((verdict(&found, "database").0, verdict(&found, "redis").0), ("fail", "warn"), "{found:?}");
    assert!(
        verdict(&found, "database").1.contains(&format!("127.0.0.1:{nowhere}")) && !format!("{found:?}").contains("a-password")
    );
}
