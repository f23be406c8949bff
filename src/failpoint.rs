//! Failpoints: named points at which a node can be made to end like `kill -9`, without any cleanup.
//! The fault tests use them to end a node between two steps.
//!
//! Only builds with debug assertions have them. In release builds [`reach`] is empty and nothing reads the variable.
//! `tests/architecture` checks this in the compiler's output.

/// A point at which a node may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A command's events are committed and not announced.
    Committed,
    /// The events are announced, and the answer is not sent.
    Announced,
}

/// Ends the process here if `ORDERBELL_FAILPOINT` names this point: `committed` or `announced`.
#[cfg(debug_assertions)]
pub fn reach(point: Point) {
    static ARMED: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| std::env::var("ORDERBELL_FAILPOINT").ok());
    let name = match point {
        Point::Committed => "committed",
        Point::Announced => "announced",
    };
    if ARMED.as_deref() == Some(name) {
        std::process::abort();
    }
}

/// Does nothing in release builds.
#[cfg(not(debug_assertions))]
pub const fn reach(_: Point) {}
