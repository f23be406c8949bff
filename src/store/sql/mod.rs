//! Every statement, once. The text is the same for both databases except in [`sqlite`] and [`postgres`]; `tests/store`
//! prepares each on both.

/// Names statements and lists them, for the test that prepares them all.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(in crate::store) const $name: &str = $sql;)*
        /// Every statement of this module with its name.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name),)*];
    };
}

pub mod accounts;
pub mod credentials;
pub mod devices;
pub mod displays;
pub mod guests;
pub mod log;
pub mod privacy;
pub mod sessions;
pub mod visits;

/// What SQLite says differently.
pub mod sqlite {
    statements! {
        /// The label of a key's table. The transaction already holds the one write lock.
        HOLD_TABLE = "SELECT label FROM tables WHERE restaurant = $1 AND key = $2";
        /// When is told by the database's clock, the one that all nodes share, and never goes back.
        RECORD_END = "INSERT INTO ended_sessions (session, until, ended_at) \
            VALUES ($1, $2, max(CAST(unixepoch('subsec') * 1000000 AS INTEGER), \
                (SELECT coalesce(max(ended_at), 0) FROM ended_sessions))) \
            ON CONFLICT (session) DO NOTHING";
    }
}

/// What PostgreSQL says differently.
pub mod postgres {
    statements! {
        /// The label of a key's table, held against its removal and against another key.
        HOLD_TABLE = "SELECT label FROM tables WHERE restaurant = $1 AND key = $2 FOR SHARE";
        /// When is told by the database's clock, the one that all nodes share, and never goes back.
        RECORD_END = "INSERT INTO ended_sessions (session, until, ended_at) \
            VALUES ($1, $2, greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, \
                (SELECT coalesce(max(ended_at), 0) FROM ended_sessions))) \
            ON CONFLICT (session) DO NOTHING";
    }
}
