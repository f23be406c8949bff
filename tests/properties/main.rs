//! Properties of the domain, held against the contract and not against the code: the tables here are written out by hand
//! from the contract's section 4, and the random sequences check what must hold whatever happens.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod addresses;
mod agreed;
mod calls;
mod corpus;
mod displays;
mod item_table;
mod menus;
mod moves;
mod order_table;
mod rules;
mod sequences;
mod support;
