//! The id of the request for which a task works. Its log lines and its answer contain it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// The most bytes of an id that a client or a proxy gives.
const MAX_LEN: usize = 64;

tokio::task_local! {
    static REQUEST: RequestId;
}

/// An id of 1 to 64 letters, digits, `-`, `_` and `.`: safe in a header, a log line and JSON. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Makes an id from a UUID.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id.to_string().into())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > MAX_LEN || !text.bytes().all(is_safe) {
            return Err("expected 1 to 64 letters, digits, '-', '_' or '.'");
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs work for a request. Log lines that are written inside contain its id.
pub async fn scope<T>(id: RequestId, work: impl Future<Output = T>) -> T {
    REQUEST.scope(id, work).await
}

/// Returns the id of the request that this task works for.
#[must_use]
pub fn current() -> Option<RequestId> {
    REQUEST.try_with(Clone::clone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_break_a_line_are_refused() {
        for good in ["a", "0193-7f.A_b", &"x".repeat(64)] {
            assert_eq!(good.parse::<RequestId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a b", "a\nb", "a\"b", "é", &"x".repeat(65)] {
            assert!(bad.parse::<RequestId>().is_err(), "{bad}");
        }
    }
}
