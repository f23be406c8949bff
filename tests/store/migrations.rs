//! The two schemas are one, and every statement runs on both.

use crate::world::World;
use orderbell::store::sql;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqlSafeStr, SqliteConnection, query, query_scalar};
use std::collections::BTreeSet;
use std::path::Path;

fn files(database: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let entries = std::fs::read_dir(folder).expect("the migrations are there");
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_have_the_same_migrations() {
    let names = files("sqlite");
    assert_eq!(names, files("postgres"));
    assert!(!names.is_empty());
    for (number, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", number + 1)) && name.ends_with(".sql"), "{name}");
    }
}

pub async fn every_migration_is_applied(world: World) {
    let count = "SELECT count(*) FROM _sqlx_migrations WHERE success";
    let (database, applied): (_, i64) = if world.is_sqlite() {
        let mut connection = SqliteConnection::connect(&world.url).await.unwrap();
        ("sqlite", query_scalar(count).fetch_one(&mut connection).await.unwrap())
    } else {
        let mut connection = PgConnection::connect(&world.url).await.unwrap();
        ("postgres", query_scalar(count).fetch_one(&mut connection).await.unwrap())
    };
    assert_eq!(applied as usize, files(database).len(), "what lies in the folder is what is embedded");
}

/// Table, column, whether it may be null, and its type in one vocabulary.
type Columns = BTreeSet<(String, String, bool, String)>;

/// SQLite's types, and whether a UUID or bytes are meant by its BLOB: by the length that its check names.
async fn sqlite_columns(connection: &mut SqliteConnection) -> Columns {
    let rows = query(
        "SELECT m.name, c.name, c.\"notnull\", c.type FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%'",
    );
    let rows = rows.fetch_all(connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get::<i64, _>(2) == 0, row.get(3))).collect()
}

async fn postgres_columns(connection: &mut PgConnection) -> Columns {
    let rows = query(
        "SELECT table_name::text, column_name::text, is_nullable = 'YES', data_type::text FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    );
    let rows = rows.fetch_all(connection).await.unwrap();
    let in_sqlite = |name: String| match name.as_str() {
        "uuid" | "bytea" => "BLOB".to_owned(),
        "bigint" | "smallint" | "boolean" => "INTEGER".to_owned(),
        "text" => "TEXT".to_owned(),
        _ => name,
    };
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), in_sqlite(row.get(3)))).collect()
}

#[tokio::test]
async fn both_schemas_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (World::sqlite().await, World::postgres().await);
    let sqlite = sqlite_columns(&mut SqliteConnection::connect(&sqlite.url).await.unwrap()).await;
    let postgres = postgres_columns(&mut PgConnection::connect(&postgres.url).await.unwrap()).await;
    let only = |one: &Columns, other: &Columns| one.difference(other).cloned().collect::<Vec<_>>();
    assert_eq!((only(&sqlite, &postgres), only(&postgres, &sqlite)), (vec![], vec![]));
    assert!(sqlite.len() > 50, "the columns must have been read: {}", sqlite.len());
}

fn shared() -> impl Iterator<Item = (&'static str, &'static str)> {
    [sql::log::ALL, sql::accounts::ALL, sql::sessions::ALL, sql::devices::ALL, sql::displays::ALL].into_iter().flatten().copied()
}

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    let world = World::sqlite().await;
    let mut connection = SqliteConnection::connect(&world.url).await.unwrap();
    for (name, text) in shared().chain(sql::sqlite::ALL.iter().copied()) {
        let prepared = connection.prepare(text.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
    assert!(connection.prepare("SELECT nothing FROM nowhere".into_sql_str()).await.is_err(), "the check can fail");
}

#[tokio::test]
async fn every_statement_prepares_on_postgres() {
    let world = World::postgres().await;
    let mut connection = PgConnection::connect(&world.url).await.unwrap();
    for (name, text) in shared().chain(sql::postgres::ALL.iter().copied()) {
        let prepared = connection.prepare(text.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
    assert!(connection.prepare("SELECT nothing FROM nowhere".into_sql_str()).await.is_err(), "the check can fail");
}

/// A tenant's queries walk an index in its order: they neither read another's rows nor sort.
#[tokio::test]
async fn no_statement_scans_a_table_or_sorts_it() {
    let world = World::sqlite().await;
    let mut connection = SqliteConnection::connect(&world.url).await.unwrap();
    for (name, text) in shared().chain(sql::sqlite::ALL.iter().copied()) {
        let plan = query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"))).fetch_all(&mut connection).await;
        for row in plan.expect("every statement can be explained") {
            let step: String = row.get("detail");
            let is_fine = !step.starts_with("SCAN") && !step.contains("TEMP B-TREE") || step.contains("json_each");
            assert!(is_fine, "{name}: {step}");
        }
    }
}
