//! The epoch: an id of the database, made when it is new.

use super::{Connection, Database};
use sqlx::{query, query_scalar};

statements! {
    /// Keeps an epoch that exists.
    SET = "INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING";
    GET = "SELECT value FROM meta WHERE name = 'epoch'";
}

/// Returns the epoch. Makes one if the database has none.
pub async fn get_or_make(connection: &mut Connection) -> sqlx::Result<String> {
    let fresh = crate::clock::new_id().simple().to_string();
    query::<Database>(SET).bind(fresh).execute(&mut *connection).await?;
    get(connection).await
}

pub async fn get(connection: &mut Connection) -> sqlx::Result<String> {
    query_scalar::<Database, String>(GET).fetch_one(connection).await
}
