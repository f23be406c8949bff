//! Migrations that nodes of other versions tolerate.

use sqlx::migrate::Migrator;

/// The table that records expanding migrations. Versions without such migrations read only sqlx's own table, and so start and
/// serve on a newer schema.
const TABLE: &str = "_sqlx_migrations_expand";

/// Why a database without recorded migrations is refused.
pub const FOREIGN_TABLES: &str = "it has tables that Orderbell did not make";
/// Why a database with recorded migrations is refused.
pub const FOREIGN_MIGRATIONS: &str = "it has the migrations of another program";

/// Whether a checksum that a database has recorded for version 1 is that of the first migration.
pub fn is_first(migrator: &Migrator, recorded: Option<&[u8]>) -> bool {
    migrator.iter().next().is_some_and(|first| Some(&*first.checksum) == recorded)
}

/// Returns a migrator for migrations that only add to the schema. It ignores recorded ones that it does not know: a newer
/// version has run them, and they removed nothing.
pub fn expand(mut migrator: Migrator) -> Migrator {
    migrator.dangerous_set_table_name(TABLE);
    migrator.set_ignore_missing(true);
    migrator
}
