//! Configurations that are refused with a reason.

use crate::test_cluster::KEYS;
use orderbell::auth::key_material::KeyPair;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::time::Duration;
use support::postgres;
use support::{TestServer, server::command};

/// Starts a node that must refuse its configuration. Returns its message.
async fn refusal(common: &[&str], flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let common: Vec<_> = common.iter().map(|word| (*word).to_owned()).collect();
    let mut node = command(folder.path(), &common);
    node.args(["serve", "--bind", "127.0.0.1:0"]).args(flags);
    let ended = tokio::time::timeout(Duration::from_secs(20), node.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("{common:?} {flags:?} serves")).unwrap();
    assert_eq!(output.status.code(), Some(1), "{common:?} {flags:?}");
    assert!(output.stdout.is_empty(), "no listening address is printed");
    let said = String::from_utf8(output.stderr).unwrap();
    let words: Vec<_> = common.iter().map(String::as_str).chain(flags.iter().copied()).collect();
    for secret in words.windows(2).filter(|pair| matches!(pair[0], "--jwt-keys" | "--redis-secret")).map(|pair| pair[1]) {
        assert!(!said.contains(secret) && !said.contains(secret.rsplit(':').next().unwrap()), "a secret is in {said}");
    }
    said
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word} is not in {said:?}");
    }
}

/// Keys that do not suit the node.
async fn keys_are_refused(database: &str) -> usize {
    let pair = KeyPair::random(Some("p".parse().unwrap()));
    let (private, public) = (pair.private_entry.expose_secret(), pair.public_entry.as_str());
    let (realtime, redis) = (["--role", "realtime"], ["--redis-url", "redis://127.0.0.1:1"]);
    let short = [redis.as_slice(), &["--redis-secret", "of-30-bytes-and-not-of-32-ones"]].concat();
    let mistyped = public.replace("-public", "-pub");
    let cases: [(&str, &[&str], &[&str]); 7] = [
        (private, &realtime, &["--role realtime", "key p", public]),
        (public, &["--role", "api"], &["cannot sign", "p,", "--role realtime"]),
        (public, &[], &["cannot sign", "p,", "--role realtime"]),
        (private, &redis, &["ORDERBELL_REDIS_SECRET", "32 bytes", "each node"]),
        (KEYS, &short, &["ORDERBELL_REDIS_SECRET", "32 bytes"]),
        (&private[..private.len() - 1], &[], &["key p", "43 characters", "orderbell keys"]),
        (&mistyped, &realtime, &["key p", "ed25519-public", "orderbell keys"]),
    ];
    for (keys, flags, words) in cases {
        says(&refusal(&["--database-url", database, "--jwt-keys", keys], flags).await, words);
    }
    cases.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unusable_configuration_is_refused_with_the_reason_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("db").display());
    let said = refusal(&["--database-url", &sqlite], &["--redis-url", "redis://127.0.0.1:1"]).await;
    says(&said, &["Redis", "SQLite", "PostgreSQL"]);
    for role in ["api", "realtime"] {
        says(&refusal(&["--database-url", &sqlite], &["--role", role]).await, &["--role", "PostgreSQL"]);
    }
    for other in ["mysql://me:a-password@127.0.0.1:1/none", "me:a-password@127.0.0.1/none"] {
        let said = refusal(&["--database-url", other], &[]).await;
        says(&said, &["sqlite://", "postgres://"]);
        assert!(!said.contains("a-password"), "{said}");
    }
    let server = TestServer::joining(&["--database-url", &sqlite], &[], &[]).await;
    says(&refusal(&["--database-url", &sqlite], &[]).await, &["in use by another server", "PostgreSQL"]);
    server.anybody().get("/readyz").await.expect(200);

    let database = postgres::database().await;
    says(&refusal(&["--database-url", &database], &[]).await, &["ORDERBELL_JWT_KEYS", "32 bytes"]);
    let common = ["--database-url", &database, "--jwt-keys", KEYS];
    says(&refusal(&common, &["--redis-url", "http://127.0.0.1:1"]).await, &["redis://"]);
    let keys = keys_are_refused(&database).await;
    let mut connection = PgConnection::connect(&database).await.unwrap();
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    let forget = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    connection.execute(AssertSqlSafe(forget)).await.unwrap();
    connection.close().await.unwrap();
    says(&refusal(&common, &[]).await, &["synchronous_commit=off", "acknowledged"]);
    println!("{} configurations that cannot work are refused, each with the reason", 9 + keys);
}
