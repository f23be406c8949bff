//! Feeds: each delivers one restaurant's events in order on this node.

#[allow(clippy::module_inception)]
pub mod feed;
pub mod head_check;
pub mod messages;
pub mod registry;
pub mod sequencer;

pub use feed::Feed;
pub use head_check::HeadChecker;
pub use messages::{CompareNow, EventCommitted, FeedLife, Head, JoinRoom, LeaveRoom, Pace};
pub use registry::FeedRegistry;
