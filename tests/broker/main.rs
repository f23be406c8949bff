//! Nodes with a Redis between them, and its faults. In each case no event is lost, repeated, out of order or missing in the
//! log. Nodes detect within six seconds that Redis is down, and from then on events are at most three seconds late.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod cluster;
mod faults;
mod network;
mod nodes;
mod tampering;
mod tls;
