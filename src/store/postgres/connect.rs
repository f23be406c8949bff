//! Connections to a server, and the checks of its configuration.

use crate::backoff::Backoff;
use crate::store::migrations::{FOREIGN_MIGRATIONS, FOREIGN_TABLES, expand, is_first};
use crate::store::options::OpenError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool, query_as, query_scalar};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");
pub static EXPAND: LazyLock<Migrator> = LazyLock::new(|| expand(sqlx::migrate!("migrations/postgres/expand")));

/// The attempts at the migrations.
const ATTEMPTS: u32 = 10;
/// The range of the waits between them.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
/// The code of a deadlock: two transactions wait for each other.
const DEADLOCK: &str = "40P01";
/// How long to wait for a free or a new connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// Limits of each connection. The server cancels a wait for a lock and a statement that take longer. It ends a connection
/// within two seconds if its node is silent inside a transaction, does not acknowledge data, or is gone: until then, its locks
/// stop all other nodes.
const LIMITS: &str = "SET lock_timeout = '5s'; SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '2s'; \
    SET tcp_user_timeout = '2s'; SET tcp_keepalives_idle = '1s'; SET tcp_keepalives_interval = '1s'; SET tcp_keepalives_count = 1";
/// Whether a server takes writes: a standby does not.
const IS_PRIMARY: &str = "SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean";

/// Connects to the first server that is the primary, checks that it commits durably, and brings the schema up to date. The
/// migrator takes an advisory lock, so one node migrates at a time. Returns the connection and the number of its server. The
/// connection has no time limits, since a migration may take long.
pub async fn prepare(servers: &[PgConnectOptions]) -> Result<(PgConnection, usize), OpenError> {
    let (mut connection, number) = connect(servers).await?;
    require_durable_commits(&mut connection).await?;
    require_own(&mut connection).await?;
    migrate(&mut connection).await?;
    Ok((connection, number))
}

/// Runs the missing migrations. A migration and a running node may each wait for a lock of the other. The server then ends one
/// of the two. If that is the migration, it is tried again while no node runs a command: under load, it would meet the next one
/// too.
async fn migrate(connection: &mut PgConnection) -> Result<(), MigrateError> {
    MIGRATOR.run(&mut *connection).await?;
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    let mut done = EXPAND.run(&mut *connection).await;
    for _ in 1..ATTEMPTS {
        let Some(version) = done.as_ref().err().and_then(deadlocked) else { break };
        log::warn!(version; "a migration met a command of a node; will try again");
        tokio::time::sleep(backoff.next(rand::random())).await;
        done = match migrate_alone(connection, version).await {
            Ok(()) => EXPAND.run(&mut *connection).await,
            failed => failed,
        };
    }
    done
}

/// Runs the missing migrations up to a version, between the commands of nodes: these take a lock on their feed first.
async fn migrate_alone(connection: &mut PgConnection, version: i64) -> Result<(), MigrateError> {
    let mut transaction = connection.begin().await?;
    transaction.execute("LOCK TABLE feeds IN ACCESS EXCLUSIVE MODE").await?;
    EXPAND.run_to(version, &mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Returns the version of a migration that the server has ended in favor of a command.
fn deadlocked(error: &MigrateError) -> Option<i64> {
    let MigrateError::ExecuteMigration(cause, version) = error else { return None };
    cause.as_database_error()?.code().is_some_and(|code| code == DEADLOCK).then_some(*version)
}

/// Connects to the first server that is the primary. If there is none, returns the error of the
/// first server.
pub async fn connect(servers: &[PgConnectOptions]) -> Result<(PgConnection, usize), OpenError> {
    let mut first = None;
    for (number, options) in servers.iter().enumerate() {
        match connect_to(options).await {
            Ok(connection) => return Ok((connection, number)),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    Err(first.unwrap_or(OpenError::Url))
}

async fn connect_to(options: &PgConnectOptions) -> Result<PgConnection, OpenError> {
    let connect = timeout(ACQUIRE, options.connect()).await;
    let mut connection = connect.map_err(|_| OpenError::Connect(sqlx::Error::PoolTimedOut))??;
    if is_primary(&mut connection).await? { Ok(connection) } else { Err(OpenError::Standby) }
}

/// Whether the server of a connection takes writes.
pub async fn is_primary(connection: &mut PgConnection) -> sqlx::Result<bool> {
    query_scalar(IS_PRIMARY).fetch_one(connection).await
}

/// Refuses a schema that another program has filled, before anything is written to it.
pub async fn require_own(connection: &mut PgConnection) -> Result<(), OpenError> {
    let foreign = |why: &str| OpenError::Foreign { database: "the schema".to_owned(), why: why.to_owned() };
    // Migrations make their tables in this schema, the first of the search path. Tables of an
    // extension do not belong to another program.
    let there = "SELECT count(*) FILTER (WHERE relname = '_sqlx_migrations') > 0, \
        count(*) FILTER (WHERE relname <> '_sqlx_migrations') > 0 \
        FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') \
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')";
    let (has_migrations, has_tables): (bool, bool) = query_as(there).fetch_one(&mut *connection).await?;
    if !has_migrations {
        return if has_tables { Err(foreign(FOREIGN_TABLES)) } else { Ok(()) };
    }
    let recorded: Vec<(i64, Vec<u8>)> =
        query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version LIMIT 1").fetch_all(connection).await?;
    match recorded.first() {
        Some((version, checksum)) if *version != 1 || !is_first(&MIGRATOR, Some(checksum)) => Err(foreign(FOREIGN_MIGRATIONS)),
        None if has_tables => Err(foreign(FOREIGN_TABLES)),
        _ => Ok(()),
    }
}

pub async fn require_durable_commits(connection: &mut PgConnection) -> Result<(), OpenError> {
    let commit: String = query_scalar("SHOW synchronous_commit").fetch_one(&mut *connection).await?;
    if commit == "off" {
        let why = "PostgreSQL runs with synchronous_commit=off, so a commit that was acknowledged is lost when the server \
                   crashes; set it to on (or local) for this database and role";
        return Err(OpenError::NotDurable(why.into()));
    }
    let fsync: String = query_scalar("SHOW fsync").fetch_one(connection).await?;
    if fsync == "off" {
        log::warn!("postgresql runs with fsync=off: acknowledged commands survive a crash of the server but not of its machine");
    }
    Ok(())
}

/// Returns the start time of the server, and the id of the database on it.
const INSTANCE: &str =
    "SELECT pg_postmaster_start_time()::text || '/' || oid FROM pg_database WHERE datname = current_database()";

/// The server and database to which the last new connection of a pool led.
#[derive(Default)]
pub struct Instance {
    last: Mutex<Option<String>>,
    changed: Notify,
}

impl Instance {
    /// Waits until a connection leads to another server, to a server that was restarted, or to another database. One task may
    /// wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn record(&self, instance: String) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(instance.clone());
        if last.is_some_and(|last| last != instance) {
            self.changed.notify_one();
        }
    }
}

/// Returns a pool that opens connections on demand.
pub fn pool(options: PgConnectOptions, connections: u32, instance: Arc<Instance>) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .after_connect(move |connection, _| {
            let instance = instance.clone();
            Box::pin(async move { begin(connection, &instance).await })
        })
        .connect_lazy_with(options)
}

async fn begin(connection: &mut PgConnection, instance: &Instance) -> sqlx::Result<()> {
    connection.execute(LIMITS).await?;
    if !is_primary(connection).await? {
        return Err(sqlx::Error::Protocol("the server takes no writes".into()));
    }
    instance.record(query_scalar(INSTANCE).fetch_one(connection).await?);
    Ok(())
}
