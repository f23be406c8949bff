//! Migrations that nodes of other versions tolerate.

use sqlx::migrate::Migrator;

/// The table that records expanding migrations. Versions without such migrations read only sqlx's own table, and so start and
/// serve on a newer schema.
const TABLE: &str = "_sqlx_migrations_expand";

/// Returns a migrator for migrations that only add to the schema. It ignores recorded ones that it does not know: a newer
/// version has run them, and they removed nothing.
pub fn expand(mut migrator: Migrator) -> Migrator {
    migrator.dangerous_set_table_name(TABLE);
    migrator.set_ignore_missing(true);
    migrator
}
