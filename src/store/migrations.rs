//! Migrations that nodes of other versions live with.

use sqlx::migrate::Migrator;

/// Where expanding migrations are recorded. Versions that have none of them look only at sqlx's own table, and so start
/// and serve on a schema that is newer than they are.
const TABLE: &str = "_sqlx_migrations_expand";

/// Returns a migrator for migrations that only add to the schema. It ignores recorded ones that it does not know: a newer
/// version has run them, and they took nothing away.
pub fn expand(mut migrator: Migrator) -> Migrator {
    migrator.dangerous_set_table_name(TABLE);
    migrator.set_ignore_missing(true);
    migrator
}
