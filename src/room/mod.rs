//! Rooms: the subscribers of a part of a feed.

pub mod budget;
pub mod histories;
mod joining;
pub mod members;
pub mod messages;
mod opening;
pub mod recent;
#[allow(clippy::module_inception)]
pub mod room;
mod shared_snapshot;
mod sharing;
pub mod tail;
mod task;

pub use budget::SnapshotBudget;
pub use histories::Histories;
pub use members::MemberId;
pub use messages::{FeedEvent, HistoryRewritten, Join, Leave, Page, Sync, ToMember};
pub use recent::Recent;
pub use room::{Resources, Room};
