//! Inspects a server without changing it.

use super::{PostgresStore, connect, hosts};
use crate::domain::values::time::Timestamp;
use crate::store::inspection::{Inspection, Schema};
use crate::store::options::OpenError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, query_as, query_scalar};

/// The least version, as `server_version_num` has it.
const LEAST: i32 = 150_000;

impl PostgresStore {
    /// Inspects the database of a URL.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn inspect(url: &str) -> Result<Inspection, OpenError> {
        let servers = hosts::options(url)?;
        let place = hosts::place(&servers);
        look(&servers, &place).await.map_err(|error| OpenError::At { place, error: Box::new(error) })
    }
}

async fn look(servers: &[PgConnectOptions], place: &str) -> Result<Inspection, OpenError> {
    let (mut connection, _) = connect::connect(servers).await?;
    connect::require_durable_commits(&mut connection).await?;
    connect::require_own(&mut connection).await?;
    let about = "SELECT current_setting('server_version'), current_setting('server_version_num')::int, \
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, current_setting('fsync') = 'off'";
    let (version, number, clock, is_careless): (String, i32, i64, bool) = query_as(about).fetch_one(&mut connection).await?;
    let recorded = recorded(&mut connection).await?;
    connection.close().await?;
    let mut faults = Vec::new();
    if number < LEAST {
        faults.push(("this PostgreSQL is older than 15, the oldest that was tried", "upgrade PostgreSQL to 15 or newer"));
    }
    if is_careless {
        faults.push(("PostgreSQL runs with fsync=off: a crash of its machine loses acknowledged orders", "set fsync = on"));
    }
    Ok(Inspection {
        name: format!("PostgreSQL {version} at {place}"),
        schema: Schema::of(&recorded, [&connect::MIGRATOR, &connect::EXPAND]),
        clock: Some(Timestamp::from_micros(clock)),
        last_command: None,
        faults,
    })
}

/// Returns the versions of the recorded migrations.
async fn recorded(connection: &mut PgConnection) -> sqlx::Result<Vec<i64>> {
    let mut versions = Vec::new();
    let there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL, to_regclass('_sqlx_migrations_expand') IS NOT NULL";
    let (has_first, has_expand): (bool, bool) = query_as(there).fetch_one(&mut *connection).await?;
    if has_first {
        versions.extend(query_scalar::<_, i64>("SELECT version FROM _sqlx_migrations").fetch_all(&mut *connection).await?);
    }
    if has_expand {
        versions.extend(query_scalar::<_, i64>("SELECT version FROM _sqlx_migrations_expand").fetch_all(connection).await?);
    }
    Ok(versions)
}
