//! Feeds: one restaurant's events in order, on this node.

pub mod directory;
#[allow(clippy::module_inception)]
pub mod feed;
pub mod messages;
pub mod registry;
pub mod sequencer;

pub use directory::Directory;
pub use feed::Feed;
pub use messages::{CompareNow, EventCommitted, FeedLife, Head, JoinRoom, LeaveRoom, Pace};
pub use registry::FeedRegistry;
