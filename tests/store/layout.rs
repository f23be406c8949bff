//! The layout of the events table in a SQLite file: the current one, and that of earlier versions.

use crate::database::{TestDatabase, in_time};
use crate::fold::sound_feed;
use crate::restaurant::TestRestaurant;
use orderbell::store::OpenError;
use orderbell::store::sqlite::SqliteStore;
use sqlx::{Connection, SqliteConnection, query_scalar};
use std::time::Duration;

/// Recreates the table with the layout of earlier versions.
const OLD: &str = "CREATE TABLE events_old (restaurant BLOB NOT NULL, position INTEGER NOT NULL CHECK (position > 0),
        id BLOB NOT NULL CHECK (length(id) = 16), kind TEXT NOT NULL, topic INTEGER NOT NULL, order_id BLOB,
        at INTEGER NOT NULL, by_role TEXT NOT NULL, command BLOB, patch TEXT NOT NULL, by_person BLOB, by_name TEXT, by_screen BLOB, by_rule TEXT,
        PRIMARY KEY (restaurant, position)) STRICT, WITHOUT ROWID;
    INSERT INTO events_old SELECT * FROM events; DROP TABLE events; ALTER TABLE events_old RENAME TO events;
    CREATE INDEX events_of_order ON events (restaurant, order_id, position);
    CREATE INDEX events_of_topic ON events (restaurant, topic, position);";

/// Inserts more events than a start rewrites. Every fourth one is as large as the event of an order with three lines.
const MANY: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)
    INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch) SELECT x'00', i, randomblob(16), 'order.placed', 1, randomblob(16), i, 'staff', NULL,
    printf(iif(i % 4 = 0, '%1300s', '%200s'), 'x') FROM n";

/// Returns whether the table has the layout of earlier versions.
async fn is_old(database: &TestDatabase) -> bool {
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    let definition: String =
        query_scalar("SELECT sql FROM sqlite_schema WHERE name = 'events'").fetch_one(&mut connection).await.unwrap();
    definition.ends_with("WITHOUT ROWID")
}

/// Places an order on a reopened database, and checks the number of events in the feed.
async fn continues_with(restaurant: TestRestaurant, orders: usize) {
    restaurant.place(&restaurant.staff()).await;
    assert_eq!(sound_feed(&restaurant.store, restaurant.id).await.len(), orders);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_rewrites_the_events_of_a_small_old_database() {
    in_time(async {
        let database = TestDatabase::sqlite().await;
        assert!(!is_old(&database).await, "a new database has the current layout");
        let restaurant = TestRestaurant::open(&database.store).await;
        restaurant.place(&restaurant.staff()).await;
        database.execute(OLD).await;
        assert!(is_old(&database).await);
        let before = format!("{:?}", sound_feed(&database.store, restaurant.id).await);
        let (id, slug, dish) = (restaurant.id, restaurant.slug.clone(), restaurant.dish);
        drop(restaurant);
        let database = database.reopen().await;
        assert!(!is_old(&database).await);
        assert_eq!(format!("{:?}", sound_feed(&database.store, id).await), before);
        continues_with(TestRestaurant { store: database.store.clone(), id, slug, dish }, 2).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_old_database_works_as_it_is_and_is_compacted_on_request() {
    in_time(async {
        let database = TestDatabase::sqlite().await;
        let restaurant = TestRestaurant::open(&database.store).await;
        restaurant.place(&restaurant.staff()).await;
        database.execute(OLD).await;
        database.execute(MANY).await;
        let (id, slug, dish) = (restaurant.id, restaurant.slug.clone(), restaurant.dish);
        drop(restaurant);
        let database = database.reopen().await;
        assert!(is_old(&database).await);
        let restaurant = TestRestaurant { store: database.store.clone(), id, slug: slug.clone(), dish };
        continues_with(restaurant, 2).await;

        let refused = SqliteStore::compact(&database.url).await;
        assert!(matches!(refused, Err(OpenError::InUse { .. })), "a node has the database open: {refused:?}");
        let TestDatabase { url, store, folder } = database;
        drop(store);
        let [before, after] = loop {
            match SqliteStore::compact(&url).await {
                Err(OpenError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
                done => break done.unwrap(),
            }
        };
        assert!(after * 3 < before * 2, "{before} bytes before, {after} now");
        let database = TestDatabase { store: crate::database::reopen(&url).await, url, folder };
        assert!(!is_old(&database).await);
        let restaurant = TestRestaurant { store: database.store.clone(), id, slug, dish };
        continues_with(restaurant, 3).await;
    })
    .await;
}
