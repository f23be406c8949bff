//! Named points at which a node can be told to end as `kill -9` ends it: no byte more, nothing tidied. The fault suite
//! stands with them exactly between two steps.
//!
//! Only a build with debug assertions has them. In the binary that restaurants run [`reach`] is empty, and nothing there
//! reads the variable; `tests/architecture` holds the compiler's output to that.

/// A place where a node may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A command's events are committed, and nobody has been told.
    Committed,
    /// They have been announced, and the answer is not on its way.
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

/// Nothing, in a build for use.
#[cfg(not(debug_assertions))]
pub const fn reach(_: Point) {}
