//! What can go wrong with a store, in the few ways that callers tell apart.

use std::fmt::Display;

/// What a call of the store gives.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A failure of the store. The cause is logged where it is found and never reaches a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer in time, is away, or its queue is full. Nothing is known to have been committed;
    /// a command may be sent again under the same id.
    #[error("the database is unavailable")]
    Unavailable,
    /// The name, slug, key or label is taken.
    #[error("already taken")]
    Taken,
    /// The restaurant, or what was to be changed, does not exist.
    #[error("no such thing")]
    Missing,
    /// What was to be changed is no longer of the version that the change was based on.
    #[error("changed meanwhile")]
    Stale,
    /// A row does not read as what it should be, or a statement failed for a reason that is a bug.
    #[error("internal store failure")]
    Internal,
}

/// The one place where a driver's error becomes an outcome.
impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        let outcome = match &cause {
            sqlx::Error::Database(error) if error.is_unique_violation() => Self::Taken,
            sqlx::Error::Database(error) if error.is_foreign_key_violation() => Self::Missing,
            sqlx::Error::Database(error) if error.code().is_some_and(|code| is_passing(&code)) => Self::Unavailable,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable,
            _ => Self::Internal,
        };
        match outcome {
            Self::Unavailable => log::warn!(cause:% = cause; "the database is unavailable"),
            Self::Internal => log::error!(cause:% = cause; "a statement failed"),
            Self::Taken | Self::Missing | Self::Stale => {}
        }
        outcome
    }
}

/// Whether a code is of a condition that passes by itself or by an operator's hand: SQLSTATE for PostgreSQL (five
/// characters), the extended result code for SQLite (a number whose low byte is the primary code).
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        // connection, resources, operator, system; serialization, deadlock; lock not available; read-only
        return ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || ["40001", "40P01", "55P03", "25006"].contains(&code);
    }
    // busy, locked, read-only, input/output, full, cannot open
    code.parse::<i32>().is_ok_and(|number| [5, 6, 8, 10, 13, 14].contains(&(number & 0xff)))
}

/// A bug or a damaged row, logged: what was found wrong, and where.
pub(super) fn broken(what: impl Display) -> StoreError {
    log::error!(what:% = what; "the store is not as it should be");
    StoreError::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_conditions_that_pass_are_told_from_bugs() {
        for code in ["57014", "57P01", "53300", "08006", "40P01", "55P03", "5", "517", "13", "266", "14"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["42601", "23514", "22P02", "1", "19", "1299", "3091", ""] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
