//! The domain, pure: what an order is, what may happen to it, and what that does to its document.
//!
//! Nothing here knows a clock, randomness, a socket or a database; time and ids come in as arguments. One way through:
//! a [`model::command::RawCommand`] is understood as a [`model::command::Command`], decided upon ([`rules::transition::decide`],
//! [`rules::place_order::decide`], [`rules::waiter_call::decide`], [`rules::change_menu::decide`]), and comes out as a [`rules::decision::Decision`].

pub mod menu_changes;
pub mod model;
pub mod rules;
pub mod values;
