//! The server as a process of its own, with real sockets: every promise of the contract that shows only there, and the
//! faults under which it must hold. Each test has a server and a database to itself.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod accounts;
mod addresses;
mod agreed;
mod audit;
mod bodies;
mod burst;
mod commands;
mod conformance;
mod disk;
mod documents;
mod drain;
mod ended_sessions;
mod failures;
mod guests;
mod handshake;
mod hardening;
mod heartbeat;
mod http;
mod issued;
mod keys;
mod kill;
mod limits;
mod nginx;
mod one_failure;
mod one_file;
mod openapi;
mod order;
mod order_limits;
mod plain_words;
mod presence;
mod privacy;
mod proofs;
mod push;
mod receipts;
mod renewals;
mod restaurant;
mod resume;
mod rooms;
mod share;
mod slow_network;
mod slow_reader;
mod sockets;
mod undrawn;
mod unread;
