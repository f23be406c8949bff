//! Controls for the two mechanisms on which PostgreSQL's store depends: the locked head, and a separate task for each
//! transaction. Without them an event is missed, and a transaction stays open.

use crate::database::{TestDatabase, in_time};
use crate::feed::polled;
use crate::restaurant::TestRestaurant;
use orderbell::domain::values::ids::RestaurantId;
use orderbell::domain::values::position::Position;
use orderbell::store::SharedStore;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, query, query_scalar};
use std::time::Duration;
use tokio::time::sleep;

/// The source of a writer's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The head of the feed, locked until the commit, as the store does it.
    LockedHead,
    /// A sequence of the database, like the numbering of a table.
    Sequence,
}

/// A transaction that appends one event and commits when told to.
struct Writer {
    connection: PgConnection,
    restaurant: RestaurantId,
}

impl Writer {
    async fn begin(database: &TestDatabase, restaurant: RestaurantId) -> Self {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        connection.execute("BEGIN").await.unwrap();
        Self { connection, restaurant }
    }

    /// Takes the next position and writes an event there. Waits for the lock when another writer holds it.
    async fn append(mut self, source: Source) -> Self {
        let id = self.restaurant.uuid();
        let next = match source {
            Source::LockedHead => "SELECT head + 1 FROM feeds WHERE restaurant = $1 FOR UPDATE",
            Source::Sequence => "SELECT nextval('positions') FROM feeds WHERE restaurant = $1",
        };
        let position: i64 = query_scalar(next).bind(id).fetch_one(&mut self.connection).await.unwrap();
        let append = "INSERT INTO events (restaurant, position, id, kind, topic, at, by_role, patch) \
            VALUES ($1, $2, gen_random_uuid(), 'menu.paused', 4, 0, 'service', '{}')";
        query(append).bind(id).bind(position).execute(&mut self.connection).await.unwrap();
        if source == Source::LockedHead {
            let advance = "UPDATE feeds SET head = $2 WHERE restaurant = $1";
            query(advance).bind(id).bind(position).execute(&mut self.connection).await.unwrap();
        }
        self
    }

    async fn commit(mut self) {
        self.connection.execute("COMMIT").await.unwrap();
    }
}

/// A reader with a cursor, like nodes and screens.
struct Reader {
    store: SharedStore,
    restaurant: RestaurantId,
    cursor: Position,
    seen: Vec<u64>,
}

impl Reader {
    /// Reads everything after its cursor, as on a reconnect, and advances the cursor.
    async fn look(&mut self) {
        let through = Position::new(1_000).unwrap();
        let events = self.store.events(self.restaurant, None, self.cursor, through, 100).await.unwrap();
        self.seen.extend(events.iter().map(|event| event.position.number()));
        self.cursor = events.last().map_or(self.cursor, |event| event.position);
    }
}

/// Waits until a transaction of the database waits for a lock.
async fn until_one_waits(database: &TestDatabase) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while query_scalar::<_, i64>(waiting).fetch_one(&mut connection).await.unwrap() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Runs two writers, of which the first commits last, and a reader that reads in between. Returns the positions that the
/// reader has seen.
async fn seen_when_the_first_commits_last(source: Source) -> Vec<u64> {
    let database = TestDatabase::postgres().await;
    database.execute("CREATE SEQUENCE positions").await;
    let restaurant = TestRestaurant::open(&database.store).await.id;
    let mut reader = Reader { store: database.store.clone(), restaurant, cursor: Position::ZERO, seen: Vec::new() };
    let first = Writer::begin(&database, restaurant).await.append(source).await;
    let second = tokio::spawn(Writer::begin(&database, restaurant).await.append(source));
    if source == Source::Sequence {
        second.await.unwrap().commit().await;
        reader.look().await;
        first.commit().await;
    } else {
        until_one_waits(&database).await;
        reader.look().await;
        first.commit().await;
        second.await.unwrap().commit().await;
    }
    reader.look().await;
    reader.seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_misses_an_event_if_positions_come_from_a_sequence() {
    in_time(async {
        let (locked, sequence) = (
            seen_when_the_first_commits_last(Source::LockedHead).await,
            seen_when_the_first_commits_last(Source::Sequence).await,
        );
        println!("two commits out of order: seen are {locked:?} with the locked head, {sequence:?} with a sequence");
        assert_eq!(locked, [1, 2], "the second waits for the first");
        assert_eq!(sequence, [2], "the first commits behind the reader's cursor and is never seen");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_stops_waiting_leaves_a_transaction_open_if_it_runs_in_the_callers_task() {
    in_time(async {
        let database = TestDatabase::postgres().await;
        // Stop at each of the first awaits, until one leaves a transaction open.
        for tries in 1.. {
            let pool = PgPoolOptions::new().max_connections(1).connect(&database.url).await.unwrap();
            drop(polled(1 + tries % 12, pool.begin()).await);
            // Leave enough time for a rollback.
            sleep(Duration::from_millis(200)).await;
            if database.forgotten_transactions().await > 0 {
                println!("without a separate task, a transaction is left open after {tries} callers that stop waiting");
                return;
            }
            assert!(tries < 120, "no await leaves a transaction open");
        }
    })
    .await;
}
