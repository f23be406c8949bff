//! A database for each case.

use orderbell::store::{Mode, OpenError, Settings, SharedStore, open};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection, query_scalar};
use std::time::Duration;
use tempfile::TempDir;

/// The longest time of a case.
const LIMIT: Duration = Duration::from_secs(90);

pub async fn in_time(case: impl Future<Output = ()>) {
    tokio::time::timeout(LIMIT, case).await.expect("the case must end in time");
}

/// Opens a database that a dropped store's task or a killed process may still be releasing.
pub async fn reopen(url: &str) -> SharedStore {
    loop {
        match open(url, Settings::new(Mode::Serve)).await {
            Ok(store) => return store,
            Err(OpenError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("the database must open again: {error}"),
        }
    }
}

/// A store on a new database.
pub struct TestDatabase {
    pub url: String,
    pub store: SharedStore,
    /// The folder of the database, removed on drop.
    pub folder: Option<TempDir>,
}

impl TestDatabase {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder must be made");
        let url = format!("sqlite://{}", folder.path().join("data/orderbell.db").display());
        let store = open(&url, Settings::new(Mode::Serve)).await.expect("the database must open");
        Self { url, store, folder: Some(folder) }
    }

    pub async fn postgres() -> Self {
        let url = support::postgres::database().await;
        let store = open(&url, Settings::new(Mode::Serve)).await.expect("the database must open");
        Self { url, store, folder: None }
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    /// Runs SQL on a connection outside the store.
    pub async fn execute(&self, sql: &'static str) {
        let done = if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the file must open");
            connection.execute(sql).await.map(|_| ())
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("the server must answer");
            connection.execute(sql).await.map(|_| ())
        };
        done.expect("the statement must run");
    }

    /// Runs SQL outside the store, and asserts that the database refuses it.
    pub async fn refuses(&self, sql: &'static str) {
        let refused = if self.is_sqlite() {
            SqliteConnection::connect(&self.url).await.expect("the file must open").execute(sql).await.is_err()
        } else {
            PgConnection::connect(&self.url).await.expect("the server must answer").execute(sql).await.is_err()
        };
        assert!(refused, "{sql}");
    }

    /// Returns the number of the server's sessions that are idle inside a transaction. SQLite has none.
    pub async fn forgotten_transactions(&self) -> i64 {
        if self.is_sqlite() {
            return 0;
        }
        let mut connection = PgConnection::connect(&self.url).await.expect("the server must answer");
        let count = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        query_scalar(count).fetch_one(&mut connection).await.expect("the server must answer")
    }

    /// Locks what every commit needs, as a stuck node or tool would, until a future is done.
    pub async fn holding<T>(&self, meanwhile: impl Future<Output = T>) -> T {
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the file must open");
            let held = connection.begin_with("BEGIN IMMEDIATE").await.expect("the file can be held");
            let done = meanwhile.await;
            held.rollback().await.expect("the file can be released");
            return done;
        }
        let mut connection = PgConnection::connect(&self.url).await.expect("the server must answer");
        let mut held = connection.begin().await.expect("a transaction must begin");
        held.execute("SELECT head FROM feeds FOR UPDATE").await.expect("the feeds can be held");
        let done = meanwhile.await;
        held.rollback().await.expect("the feeds can be released");
        done
    }

    /// Opens a second store on the same database, as another node or a tool beside a node does.
    pub async fn beside(&self) -> SharedStore {
        let mode = if self.is_sqlite() { Mode::Tool } else { Mode::Serve };
        open(&self.url, Settings::new(mode)).await.expect("the database must open beside its node")
    }

    /// Drops the store and opens its database again.
    pub async fn reopen(self) -> Self {
        let Self { url, store, folder } = self;
        drop(store);
        Self { store: reopen(&url).await, url, folder }
    }
}
