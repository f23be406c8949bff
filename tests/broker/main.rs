//! Nodes, a Redis between them, and everything that can go wrong with it. The promise in each case: nothing lost,
//! nothing twice, in order, nothing that is not in the log; at most three seconds late while Redis is known to be away,
//! and known within six.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod cluster;
mod faults;
mod network;
mod tampering;
mod tls;
mod world;

#[path = "../support_servers/long.rs"]
mod long;
#[path = "../support_servers/port.rs"]
mod port;
#[path = "../support_servers/proxy.rs"]
mod proxy;
#[path = "../support_servers/redis.rs"]
mod redis_server;
