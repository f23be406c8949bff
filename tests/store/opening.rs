//! Opening a database, and the reasons to refuse that.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, restaurant, small_menu};
use orderbell::clock;
use orderbell::domain::values::ids::RestaurantId;
use orderbell::domain::values::position::Position;
use orderbell::store::{Mode, OpenError, Settings, StoreError, open};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};
use support::postgres;

const SERVE: Settings = Settings::new(Mode::Serve);

pub async fn each_database_has_its_own_epoch(database: TestDatabase) {
    let epoch = database.store.epoch().to_owned();
    assert!(epoch.len() >= 16 && epoch.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{epoch}");
    assert_eq!(database.beside().await.epoch(), epoch, "every node and tool reads the same epoch");
    let other = if database.is_sqlite() { TestDatabase::sqlite().await } else { TestDatabase::postgres().await };
    assert_ne!(other.store.epoch(), epoch);
    assert_eq!(database.reopen().await.store.epoch(), epoch);
}

pub async fn a_reopened_database_has_everything(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    let (id, diner) = (restaurant.id, restaurant.diner("diner-1"));
    let (slug, dish) = (restaurant.slug.clone(), restaurant.dish);
    drop(restaurant);
    let database = database.reopen().await;
    assert_eq!(database.store.restaurant_by_slug(&slug).await.unwrap().unwrap().id, id);
    assert_eq!(database.store.order(id, order.id).await.unwrap(), Some(order.clone()));
    let restaurant = TestRestaurant { store: database.store.clone(), id, slug, dish };
    assert_eq!(restaurant.place(&diner).await.number, order.number + 1);
}

pub async fn a_health_check_is_quick(database: TestDatabase) {
    let asked = Instant::now();
    database.store.ping().await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2));
}

pub async fn a_tool_works_beside_a_node(database: TestDatabase) {
    let tool = database.beside().await;
    let new = restaurant(RestaurantId::from_uuid(clock::new_id()));
    tool.add_restaurant(&new, &small_menu(new.id).0, at(0)).await.unwrap();
    assert_eq!(database.store.restaurant(new.id).await.unwrap(), Some(new), "the node sees it at once");
}

pub async fn a_locked_feed_is_unavailable_in_time_and_works_again(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let diner = restaurant.diner("diner-1");
    let asked = Instant::now();
    let outcome = database.holding(restaurant.commit(restaurant.placing(&diner, None))).await;
    assert_eq!(outcome.map(|_| ()), Err(StoreError::Unavailable));
    assert!(asked.elapsed() < Duration::from_secs(11), "{:?}", asked.elapsed());
    assert_eq!(restaurant.place(&diner).await.number, 1);
    let head = database.holding(restaurant.store.head(restaurant.id)).await;
    assert_eq!(head, Ok(restaurant.head().await), "readers do not wait for writers");
}

pub async fn a_moved_database_is_recognized_and_its_feeds_begin_a_generation(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let store = &database.store;
    let generation = async || store.heads(&[(restaurant.id, Position::ZERO)]).await.unwrap()[&restaurant.id].generation;
    assert_eq!(store.is_moved().await, Ok(false), "nothing is recorded yet");
    store.record_origin(false).await.unwrap();
    restaurant.place(&restaurant.diner("diner-1")).await;
    store.renew_origin().await.unwrap();
    assert_eq!((store.is_moved().await, generation().await), (Ok(false), None));
    database.execute("UPDATE meta SET value = 'elsewhere' WHERE name = 'origin'").await;
    assert_eq!(store.is_moved().await, Ok(true));
    store.record_origin(true).await.unwrap();
    assert_eq!(store.is_moved().await, Ok(false));
    assert!(generation().await.is_some());
}

#[tokio::test]
async fn a_sqlite_file_has_one_node() {
    let database = TestDatabase::sqlite().await;
    let error = open(&database.url, SERVE).await.err().expect("a second node must be refused");
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("PostgreSQL"), "the error says what to do: {error}");
    let database = database.reopen().await;
    assert!(open(&database.url, Settings::new(Mode::Tool)).await.is_ok());
}

#[tokio::test]
async fn a_node_acknowledges_nothing_more_after_sqlite_restores_another_database_into_its_file() {
    let database = TestDatabase::sqlite().await;
    let restaurant = TestRestaurant::open(&database.store).await;
    restaurant.place(&restaurant.diner("diner-1")).await;
    // The restore replaces every page, including the one with the header.
    database.execute("PRAGMA user_version = 7").await;
    let outcome = restaurant.commit(restaurant.placing(&restaurant.diner("diner-1"), None)).await;
    assert_eq!(outcome.map(|_| ()), Err(StoreError::Unavailable));
    tokio::time::timeout(Duration::from_secs(10), database.store.lost()).await.expect("the loss is reported");
}

#[tokio::test]
async fn only_the_owner_can_read_the_files_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/orderbell.db", folder.path().display());
    let restaurant = TestRestaurant::open(&open(&url, SERVE).await.unwrap()).await;
    restaurant.place(&restaurant.diner("diner-1")).await;
    let files: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() >= 3, "the database, its log and its lock: {files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
}

#[tokio::test]
async fn a_dump_restored_into_the_same_postgres_database_is_recognized() {
    let url = postgres::database().await;
    let store = open(&url, SERVE).await.unwrap();
    store.record_origin(false).await.unwrap();
    assert_eq!(store.is_moved().await, Ok(false));
    // Like `pg_restore --clean`: recreate the tables with their earlier rows.
    let restore = "ALTER TABLE feeds RENAME TO feeds_before; CREATE TABLE feeds (LIKE feeds_before INCLUDING ALL);
        INSERT INTO feeds SELECT * FROM feeds_before";
    PgConnection::connect(&url).await.unwrap().execute(restore).await.unwrap();
    assert_eq!(store.is_moved().await, Ok(true));
}

#[tokio::test]
async fn a_postgres_without_durable_commits_is_refused() {
    let url = postgres::database().await;
    let name = url.rsplit('/').next().and_then(|rest| rest.split('?').next()).expect("the URL has a database");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let forget = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    connection.execute(AssertSqlSafe(forget)).await.unwrap();
    let error = open(&url, SERVE).await.err().expect("the database must be refused");
    let OpenError::At { error, .. } = &error else { panic!("{error}") };
    assert!(matches!(&**error, OpenError::NotDurable(why) if why.contains("synchronous_commit")), "{error}");
    let keep = format!("ALTER DATABASE {name} SET synchronous_commit = local");
    connection.execute(AssertSqlSafe(keep)).await.unwrap();
    assert!(open(&url, SERVE).await.is_ok());
}

#[tokio::test]
async fn a_schema_of_another_program_is_refused_and_left_unchanged() {
    let migrations = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                      installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, \
                      execution_time BIGINT NOT NULL);";
    let of =
        |version: i64| format!("{migrations} INSERT INTO _sqlx_migrations VALUES ({version}, 'init', now(), true, '\\x00', 0)");
    for program in [of(1), of(20_230_101_120_000), "CREATE TABLE invoices (id BIGINT)".to_owned()] {
        let url = postgres::database().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(program.clone())).await.unwrap();
        let error = open(&url, SERVE).await.err().expect("the database must be refused");
        let OpenError::At { error, .. } = &error else { panic!("{error}") };
        assert!(matches!(&**error, OpenError::Foreign { .. }), "{program}: {error}");
        let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
        let tables: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await.unwrap();
        assert_eq!(tables, 1, "{program}: no table was added");
    }
}

/// The role has its own schema, and the tables of another program come later in its search path.
#[tokio::test]
async fn a_separate_schema_beside_that_of_another_program_is_opened() {
    let url = postgres::database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let beside = "CREATE SCHEMA own; CREATE TABLE restaurants (id BIGINT); CREATE TABLE _sqlx_migrations (version BIGINT)";
    connection.execute(AssertSqlSafe(beside)).await.unwrap();
    let store = open(&format!("{url}?options[search_path]=own,public"), SERVE).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn an_invalid_database_url_is_refused_and_not_repeated_in_the_error() {
    for url in ["", "demo.db", "mysql://u:hunter2@localhost/db", "sqlite://", "sqlite:demo.db", "sqlite::memory:"] {
        let error = open(url, SERVE).await.err().expect("the database must be refused");
        assert!(matches!(error, OpenError::Scheme | OpenError::Url), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("postgres://u:hunter2@{closed}/db"), "postgres://u:hunter2@localhost:notaport/db".into()] {
        let error = open(&url, SERVE).await.err().expect("nobody listens there");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
