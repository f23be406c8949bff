//! The one place that reads the wall clock and makes ids. Pure modules take both as arguments (see clippy.toml).
#![allow(clippy::disallowed_methods)]

use crate::domain::values::time::Timestamp;
use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Now, to the millisecond.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Time since the process began, on a clock that nobody sets: what heartbeats, rates and patience count by.
#[must_use]
pub fn uptime() -> Timestamp {
    Timestamp::from_millis(i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX))
}

/// A fresh UUIDv7 (RFC 9562, section 5.7); later ones of this process sort after earlier ones.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
