//! Long polls: requests that are answered when a room has something new.

pub mod actor;
pub mod batch;
pub mod bundle;
pub mod bundle_actor;

use std::time::Duration;

/// How long an answer is held for what comes right behind its first frame: the events of one transaction make one answer.
const GATHER: Duration = Duration::from_millis(5);
