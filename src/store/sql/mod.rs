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
pub mod displays;
pub mod guests;
pub mod log;
pub mod privacy;
pub mod visits;

/// What SQLite says differently.
pub mod sqlite {
    statements! {
        /// The label of a key's table. The transaction already holds the one write lock.
        HOLD_TABLE = "SELECT label FROM tables WHERE restaurant = $1 AND key = $2";
    }
}

/// What PostgreSQL says differently.
pub mod postgres {
    statements! {
        /// The label of a key's table, held against its removal and against another key.
        HOLD_TABLE = "SELECT label FROM tables WHERE restaurant = $1 AND key = $2 FOR SHARE";
    }
}
