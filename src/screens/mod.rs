//! Kitchen screens: which are connected, how far they have drawn the feed, and the tickets that
//! none has shown.

pub(crate) mod beats;
pub(crate) mod floor_receipts;
pub mod orphan_sweep;
pub mod reporter;
pub mod tracker;
pub mod unseen_alarm;
