//! The only module that reads clocks and makes ids. Pure modules take both as arguments (see
//! clippy.toml).
#![allow(clippy::disallowed_methods)]

use crate::domain::values::time::Timestamp;
use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Returns the current time to the millisecond.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the time since the start of the process on the monotonic clock, for heartbeats, rates
/// and timeouts.
#[must_use]
pub fn uptime() -> Timestamp {
    Timestamp::from_millis(i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX))
}

/// Makes a UUIDv7 (RFC 9562, section 5.7). Later ones of this process sort after earlier ones.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
