//! Connections to a server, and the checks of its configuration.

use crate::store::migrations::{FOREIGN_MIGRATIONS, FOREIGN_TABLES, expand, is_first};
use crate::store::options::OpenError;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection, PgPool, query_as, query_scalar};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::time::timeout;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");
static EXPAND: LazyLock<Migrator> = LazyLock::new(|| expand(sqlx::migrate!("migrations/postgres/expand")));

/// How long to wait for a free connection, or for a new one.
const ACQUIRE: Duration = Duration::from_secs(5);
/// The number of statements that a connection keeps prepared: each that a group of commands uses in
/// each of its sizes, and the others.
const STATEMENTS: usize = 300;
/// Limits of each connection: the server cancels a lock or a statement that takes longer, and rolls back a transaction that
/// its node has abandoned.
const LIMITS: &str = "SET lock_timeout = '5s'; SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '15s'";

/// Returns the options that all connections share.
pub fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options: PgConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
    Ok(options.application_name("orderbell").statement_cache_capacity(STATEMENTS).disable_statement_logging())
}

/// Checks that the server commits durably, and brings the schema up to date. The migrator takes an advisory lock, so one node
/// migrates at a time. Returns the connection, which has no time limits, since a migration may take long.
pub async fn prepare(options: &PgConnectOptions) -> Result<PgConnection, OpenError> {
    let connect = timeout(ACQUIRE, options.connect()).await;
    let mut connection = connect.map_err(|_| OpenError::Connect(sqlx::Error::PoolTimedOut))??;
    require_durable_commits(&mut connection).await?;
    require_own(&mut connection).await?;
    MIGRATOR.run(&mut connection).await?;
    EXPAND.run(&mut connection).await?;
    Ok(connection)
}

/// Returns `host:port/database`, without the person and the password.
pub fn place(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    format!("{host}:{}/{}", options.get_port(), options.get_database().unwrap_or_default())
}

/// Refuses a schema that another program has filled, before anything is written to it.
async fn require_own(connection: &mut PgConnection) -> Result<(), OpenError> {
    let foreign = |why: &str| OpenError::Foreign { database: "the schema".to_owned(), why: why.to_owned() };
    // Migrations make their tables in this schema, whatever lies further on in the search path.
    // Tables of an extension are nobody's program.
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

async fn require_durable_commits(connection: &mut PgConnection) -> Result<(), OpenError> {
    let commit: String = query_scalar("SHOW synchronous_commit").fetch_one(&mut *connection).await?;
    if commit == "off" {
        let why = "PostgreSQL runs with synchronous_commit=off, so a commit that was acknowledged is lost when the server \
                   crashes; set it to on (or local) for this database and role";
        return Err(OpenError::NotDurable(why.into()));
    }
    let fsync: String = query_scalar("SHOW fsync").fetch_one(connection).await?;
    if fsync == "off" {
        log::warn!("postgresql runs with fsync=off: what is acknowledged survives a crash of the server but not of its machine");
    }
    Ok(())
}

/// Returns a pool that opens connections on demand.
pub fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(LIMITS).await.map(|_| ()) }))
        .connect_lazy_with(options)
}
