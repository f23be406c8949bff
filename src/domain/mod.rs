//! The domain, pure: what an order is, what may happen to it, and what that does to its document.
//!
//! Nothing here knows a clock, randomness, a socket or a database; time and ids come in as arguments. One way through:
//! a [`command::RawCommand`] is understood as a [`command::Command`], decided upon ([`transition::decide`],
//! [`place::decide`], [`call::decide`], [`menu::decide`]), and comes out as a [`decision::Decision`].

pub mod call;
pub mod command;
pub mod decision;
pub mod display;
pub mod event;
pub mod limit;
pub mod menu;
pub mod menu_changes;
pub mod menu_draft;
pub mod order;
pub mod place;
pub mod principal;
pub mod push;
pub mod redaction;
pub mod report;
pub mod room_id;
pub mod status;
pub mod transition;
pub mod undrawn;
pub mod values;
pub mod visit;
