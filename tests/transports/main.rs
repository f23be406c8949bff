//! One room over three transports, with the real binary: WebSockets, server-sent events and long
//! polls deliver the same events, and a switch between them loses and repeats nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod endings;
mod follower;
mod large;
mod links;
mod polls;
mod refusals;
mod same;
mod server;
mod several;
mod slow;
mod slow_link;
mod streams;
mod switching;
