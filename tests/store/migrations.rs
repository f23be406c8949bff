//! Both schemas are equal, and every statement runs on both databases.

use crate::database::TestDatabase;
use orderbell::store::{Mode, OpenError, Settings, open, postgres, sqlite};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqlSafeStr, SqliteConnection, query, query_scalar};
use std::collections::BTreeSet;
use std::path::Path;

fn files(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder of migrations exists");
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".sql")).collect();
    names.sort();
    names
}

/// Returns the numbers with which the names of a folder's files begin.
fn numbers(folder: &str) -> Vec<u32> {
    let number = |name: &String| name.split_once('_').and_then(|(number, _)| number.parse().ok());
    files(folder).iter().map(|name| number(name).unwrap_or_else(|| panic!("{name} has no number"))).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    for folder in ["", "/expand"] {
        assert_eq!(files(&format!("sqlite{folder}")), files(&format!("postgres{folder}")));
    }
    let first = numbers("sqlite");
    assert_eq!(first, (1..=7).collect::<Vec<_>>(), "the first version refuses further migrations here");
    let all: Vec<_> = first.into_iter().chain(numbers("sqlite/expand")).collect();
    assert!(all.is_sorted_by(|one, next| one < next), "each number is used once: {all:?}");
}

async fn recorded(database: &TestDatabase, table: &str) -> usize {
    let count = AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE success"));
    let found: i64 = if database.is_sqlite() {
        query_scalar(count).fetch_one(&mut SqliteConnection::connect(&database.url).await.unwrap()).await.unwrap()
    } else {
        query_scalar(count).fetch_one(&mut PgConnection::connect(&database.url).await.unwrap()).await.unwrap()
    };
    usize::try_from(found).unwrap()
}

pub async fn every_migration_is_applied(database: TestDatabase) {
    let folder = if database.is_sqlite() { "sqlite" } else { "postgres" };
    let embedded = "the binary embeds the migrations in the folder";
    assert_eq!(recorded(&database, "_sqlx_migrations").await, files(folder).len(), "{embedded}");
    assert_eq!(recorded(&database, "_sqlx_migrations_expand").await, files(&format!("{folder}/expand")).len(), "{embedded}");
}

async fn record_unknown(database: &TestDatabase, table: &str) {
    let bytes = if database.is_sqlite() { "x'00'" } else { "'\\x00'" };
    let row = format!(
        "INSERT INTO {table} (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, {bytes}, 0)"
    );
    if database.is_sqlite() {
        SqliteConnection::connect(&database.url).await.unwrap().execute(AssertSqlSafe(row)).await.unwrap();
    } else {
        PgConnection::connect(&database.url).await.unwrap().execute(AssertSqlSafe(row)).await.unwrap();
    }
}

/// A node starts on the schema of a later version, so that an upgrade can be reverted.
pub async fn a_node_starts_on_a_database_with_a_migration_of_a_later_version(database: TestDatabase) {
    record_unknown(&database, "_sqlx_migrations_expand").await;
    let database = database.reopen().await;
    database.store.ping().await.unwrap();
    record_unknown(&database, "_sqlx_migrations").await;
    let again = open(&database.url, Settings::new(Mode::Tool)).await;
    let error = match again {
        Err(OpenError::At { error, .. }) => Some(*error),
        other => other.err(),
    };
    assert!(matches!(error, Some(OpenError::Migrate(_))), "an unknown migration of that kind prevents the start");
}

/// A column: its table, its name, whether it may be null, and its type in names common to both databases.
type Columns = BTreeSet<(String, String, bool, String)>;

/// Reads SQLite's columns. The length in a BLOB's check tells a UUID from other bytes.
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
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
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
    let (sqlite, postgres) = (TestDatabase::sqlite().await, TestDatabase::postgres().await);
    let sqlite = sqlite_columns(&mut SqliteConnection::connect(&sqlite.url).await.unwrap()).await;
    let postgres = postgres_columns(&mut PgConnection::connect(&postgres.url).await.unwrap()).await;
    let only = |one: &Columns, other: &Columns| one.difference(other).cloned().collect::<Vec<_>>();
    assert_eq!((only(&sqlite, &postgres), only(&postgres, &sqlite)), (vec![], vec![]));
    assert!(sqlite.len() > 50, "columns were found: {}", sqlite.len());
}

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    let database = TestDatabase::sqlite().await;
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    for &(name, text) in sqlite::STATEMENTS.iter().copied().flatten() {
        let prepared = connection.prepare(text.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
    assert!(connection.prepare("SELECT nothing FROM nowhere".into_sql_str()).await.is_err(), "the check can fail");
}

#[tokio::test]
async fn every_statement_prepares_on_postgres() {
    let database = TestDatabase::postgres().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for &(name, text) in postgres::STATEMENTS.iter().copied().flatten() {
        let prepared = connection.prepare(text.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
    assert!(connection.prepare("SELECT nothing FROM nowhere".into_sql_str()).await.is_err(), "the check can fail");
}
