//! The domain, pure: what an order is, what may happen to it, and what that does to its document.
//!
//! Nothing here knows a clock, randomness, a socket or a database; time and ids come in as arguments. One way through:
//! a [`model::command::RawCommand`] is understood as a [`model::command::Command`], decided upon ([`transition::decide`],
//! [`place::decide`], [`model::call::decide`], [`model::menu::decide`]), and comes out as a [`decision::Decision`].

pub mod decision;
pub mod limit;
pub mod menu_changes;
pub mod model;
pub mod place;
pub mod redaction;
pub mod report;
pub mod transition;
pub mod values;
