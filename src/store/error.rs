//! The errors of the store, by the caller's possible reactions.

use std::fmt::Display;

/// The result of a call of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// An error of the store. Its cause is logged where it occurs and never reaches a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer in time, cannot be reached, or its queue is full. Whether anything was committed is
    /// unknown; a client may send the command again under the same id.
    #[error("the database is unavailable")]
    Unavailable,
    /// The name, slug, key or label is taken.
    #[error("already taken")]
    Taken,
    /// The restaurant, or the thing to change, does not exist.
    #[error("not found")]
    Missing,
    /// The row no longer has the version that the change was based on.
    #[error("changed by another request")]
    Stale,
    /// A row cannot be read, or a statement failed because of a bug.
    #[error("internal store failure")]
    Internal,
}

/// Maps a driver's error to an outcome; nothing else does.
impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        let outcome = match &cause {
            sqlx::Error::Database(error) if error.is_unique_violation() => Self::Taken,
            sqlx::Error::Database(error) if error.is_foreign_key_violation() => Self::Missing,
            sqlx::Error::Database(error) if error.code().is_some_and(|code| is_passing(&code)) => Self::Unavailable,
            // A server that closes a new connection before it says whether it has TLS looks like one that breaks the protocol.
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
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

/// Whether a code stands for a condition that passes by itself, or that an operator can end. The codes of PostgreSQL are
/// SQLSTATEs of five characters. Those of SQLite are extended result codes: numbers whose low byte is the primary code.
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        // connection, authorization to connect, resources, operator, system; serialization, deadlock; lock not available;
        // read-only; a transaction that was idle or open for too long, which ends the connection
        return ["08", "28", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || ["40001", "40P01", "55P03", "25006", "25P03", "25P04"].contains(&code);
    }
    // busy, locked, read-only, input/output, full, cannot open
    code.parse::<i32>().is_ok_and(|number| [5, 6, 8, 10, 13, 14].contains(&(number & 0xff)))
}

/// Logs a bug or a damaged row, and returns the error for it.
pub(super) fn broken(what: impl Display) -> StoreError {
    log::error!(what:% = what; "the store holds invalid data");
    StoreError::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_temporary_conditions_are_distinguished_from_bugs() {
        for code in ["57014", "57P01", "53300", "08006", "40P01", "55P03", "25P03", "28000", "5", "517", "13", "266", "14"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["42601", "23514", "22P02", "1", "19", "1299", "3091", ""] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
