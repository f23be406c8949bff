//! A database of its own for each case.

use crate::support_servers;
use orderbell::store::{Mode, OpenError, Settings, SharedStore, open};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::time::Duration;
use tempfile::TempDir;

/// No case may take longer.
const LIMIT: Duration = Duration::from_secs(90);

pub async fn in_time(case: impl Future<Output = ()>) {
    tokio::time::timeout(LIMIT, case).await.expect("the case must end in time");
}

/// Opens a database that the task of a dropped store, or a killed process, may just be letting go of.
pub async fn reopen(url: &str) -> SharedStore {
    loop {
        match open(url, Settings::new(Mode::Serve)).await {
            Ok(store) => return store,
            Err(OpenError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("the database must open again: {error}"),
        }
    }
}

/// A store on a fresh database.
pub struct World {
    pub url: String,
    pub store: SharedStore,
    /// Removed with the world.
    pub folder: Option<TempDir>,
}

impl World {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder must be made");
        let url = format!("sqlite://{}", folder.path().join("data/orderbell.db").display());
        let store = open(&url, Settings::new(Mode::Serve)).await.expect("the database must open");
        Self { url, store, folder: Some(folder) }
    }

    pub async fn postgres() -> Self {
        let url = support_servers::postgres::database().await;
        let store = open(&url, Settings::new(Mode::Serve)).await.expect("the database must open");
        Self { url, store, folder: None }
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    /// Runs SQL beside the store, on a connection of its own.
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

    /// A second store on the same database: another node's, or that of a tool beside a node.
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
