//! The domain: documents, the commands on them, and the rules that decide. Pure.
//!
//! Nothing here reads a clock, randomness, a socket or a database; time and ids are arguments. Each
//! command takes the same path: a [`model::command::RawCommand`] is parsed into a
//! [`model::command::Command`]; a rule ([`rules::transition::decide`],
//! [`rules::place_order::decide`], [`rules::waiter_call::decide`] or
//! [`rules::change_menu::decide`]) makes a [`rules::decision::Decision`] of it.

pub mod menu_changes;
pub mod menu_sheet;
pub mod model;
pub mod rules;
pub mod values;
