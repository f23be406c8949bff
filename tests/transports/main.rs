//! One room over three transports, against the real binary: the same events over a WebSocket, server-sent events and
//! long polls, and whoever changes from one to another loses nothing and sees nothing twice.
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

#[path = "../support_servers/long.rs"]
#[allow(dead_code)] // its rounds and progress
mod support_long;
