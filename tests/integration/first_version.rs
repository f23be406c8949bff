//! Databases as the first version left them. `first_version/` has a dump of each, with that version's answers, made with the
//! binary of commit e5d29af.

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, SqliteConnection, query_scalar, raw_sql};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::server::DATABASE;
use support::{Client, Followed, Menu, TestServer, postgres};

const KEYS: &str = "k1:a-secret-of-these-tests-and-of-nobody-else";

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/first_version");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Returns whether a new value contains everything in the old one.
fn keeps(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(name, value)| new.get(name).is_some_and(|new| keeps(value, new)))
        }
        (Value::Array(old), Value::Array(new)) => old.len() == new.len() && old.iter().zip(new).all(|(old, new)| keeps(old, new)),
        _ => old == new,
    }
}

async fn sign_in(server: &TestServer, name: &str) -> Client {
    let form = json!({"restaurant": "demo", "username": name, "password": format!("{name}-demo")});
    let tokens = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    Client::new(&server.base, tokens["access_token"].as_str().unwrap())
}

/// Follows a room from a cursor or from a snapshot on. Returns the state that a screen shows then, and its epoch.
async fn follow(client: &Client, room: &str, since: Option<u64>) -> (Followed, Value) {
    let mut screen = client.screen().await;
    let mut subscribe = json!({"type": "subscribe", "room": room});
    screen.rooms.insert(room.to_owned(), since.map(Followed::since).unwrap_or_default());
    if let Some(since) = since {
        (subscribe["since"], subscribe["epoch"]) = (json!(since), screen.epoch().clone());
    }
    screen.send(&subscribe).await;
    screen.until("live", |frame| frame["type"] == "live").await;
    let epoch = screen.epoch().clone();
    (screen.rooms.remove(room).unwrap(), epoch)
}

/// Asserts that a server has all data of the first version, and continues with it.
async fn is_served(server: &mut TestServer, old: &Value) {
    let [staff, manager] = [sign_in(server, "staff").await, sign_in(server, "manager").await];
    for (id, document) in old["orders"].as_object().unwrap() {
        let new = staff.order(&json!(id)).await;
        assert!(keeps(document, &new), "{document}\n{new}");
    }
    let menu = Menu::read(&staff).await;
    let document = staff.get("/api/v1/restaurants/demo/menu").await.expect(200);
    assert!(keeps(&old["menu"], &document), "{document}");
    let tables = manager.get("/api/v1/restaurants/demo/tables").await.expect(200);
    assert_eq!(tables["tables"].as_array().unwrap().len(), 12);

    // A screen that was connected to the first version resumes at its cursor.
    let (resumed, epoch) = follow(&staff, &menu.kitchen(), old["position"].as_u64()).await;
    assert_eq!((&epoch, resumed.types()), (&old["epoch"], vec!["event", "live"]));
    let (floor, _) = follow(&staff, &menu.floor(), None).await;
    assert!(keeps(&old["calls"], &floor.calls), "{}", floor.calls);
    let is_open = |order: &&Value| order["closed_at"].is_null();
    assert_eq!(floor.documents.len(), old["orders"].as_object().unwrap().values().filter(is_open).count());

    // The feed continues at its last position.
    let placed = old["orders"].as_object().unwrap().values().find(|order| order["status"] == "placed").unwrap();
    assert_eq!(staff.act(&placed["id"], "accept").await["position"], old["position"].as_u64().unwrap() + 2);
    assert_eq!(staff.place(&menu.basket()).await["number"], old["orders"].as_object().unwrap().len() + 1);
    server.stop().await;
    server.restart().await;
    let (resumed, again) = follow(&staff.at(&server.base), &menu.kitchen(), old["position"].as_u64()).await;
    assert_eq!((again, resumed.types()), (epoch, vec!["event", "event", "event", "live"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_the_first_version_is_served_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join(DATABASE);
    // In the dump, some rows come before the rows to which they refer.
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true).foreign_keys(false);
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    raw_sql(AssertSqlSafe(fixture("sqlite.sql"))).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
    is_served(&mut server, &serde_json::from_str(&fixture("sqlite.json")).unwrap()).await;
}

/// Makes a PostgreSQL database as the first version left it, and returns its URL.
async fn on_postgresql() -> String {
    let url = postgres::database().await;
    let mut database = PgConnection::connect(&url).await.unwrap();
    raw_sql(AssertSqlSafe(fixture("postgres.sql"))).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_the_first_version_is_served_on_postgresql() {
    let url = on_postgresql().await;
    let mut server = TestServer::joining(&["--database-url", &url, "--jwt-keys", KEYS], &[], &[]).await;
    is_served(&mut server, &serde_json::from_str(&fixture("postgres.json")).unwrap()).await;
}

/// Counts the connections that wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Makes a deadlock with a migration: locks the feed until the migration waits for it, and then locks the orders, which the
/// migration may hold. The database server then ends the migration.
async fn command_of_an_old_node(pool: &PgPool) -> sqlx::Result<()> {
    let mut command = pool.begin().await?;
    command.execute("SET LOCAL deadlock_timeout = '5s'").await?;
    command.execute("SELECT head FROM feeds FOR UPDATE").await?;
    while query_scalar::<_, i64>(WAITING).fetch_one(pool).await? == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    command.execute("UPDATE orders SET is_open = is_open").await?;
    command.commit().await
}

/// Lets each attempt at the migration collide with a command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_collides_with_commands_waits_for_a_gap_between_them() {
    let url = on_postgresql().await;
    let pool = PgPool::connect(&url).await.unwrap();
    let node = tokio::spawn(async move {
        loop {
            // On a slow machine, the server may end the command instead of the migration.
            let _ = command_of_an_old_node(&pool).await;
        }
    });
    let mut server = TestServer::joining(&["--database-url", &url, "--jwt-keys", KEYS], &[], &[]).await;
    node.abort();
    assert!(server.log().contains("a migration met a command of a node"));
    is_served(&mut server, &serde_json::from_str(&fixture("postgres.json")).unwrap()).await;
}
