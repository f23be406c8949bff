//! Properties of the domain, compared with the contract rather than the code: the tables are
//! written by hand from the commands in docs/protocol.md, and random sequences check invariants.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod addresses;
mod agreed;
mod auto_accept;
mod calls;
mod choices;
mod corpus;
mod courses;
mod displays;
mod groups;
mod hours;
mod item_table;
mod later;
mod menu_files;
mod menus;
mod moves;
mod order_table;
mod rounds;
mod rules;
mod sequences;
mod simulation;
mod support;
mod visits;
mod webhooks;
