//! Kitchen screens: which of them are connected, what they have drawn, and the tickets that none of them shows.

pub(crate) mod beats;
pub(crate) mod floor_receipts;
pub mod orphan_sweep;
pub mod reporter;
pub mod tracker;
pub mod unseen_alarm;
