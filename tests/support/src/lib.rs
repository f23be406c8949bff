//! Shared parts of the test suites: a server under test, clients by role, screens that check it against the contract, real
//! PostgreSQL and Redis servers, and a network that fails on request.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

pub mod client;
pub mod contract;
pub mod followed;
pub mod log;
pub mod long;
pub mod menu;
pub mod port;
pub mod postgres;
pub mod proxy;
pub mod push_service;
pub mod raw;
pub mod redis_server;
pub mod screen;
pub mod server;
pub mod shape;
pub mod template;
pub mod tls;
pub mod wait;
pub mod watch;
pub mod wish;

use std::path::{Path, PathBuf};

pub use client::Client;
pub use followed::Followed;
pub use menu::Menu;
pub use raw::Raw;
pub use screen::{Close, Screen};
pub use server::TestServer;
pub use wait::{PATIENCE, eventually};
pub use wish::Wish;

/// Returns a new id, as a client generates it.
pub fn new_id() -> String {
    orderbell::clock::new_id().to_string()
}

/// Returns the binary under test. Cargo builds it before it runs a suite.
pub fn program() -> PathBuf {
    build_folder().join("orderbell")
}

/// Returns the folder for files that outlive a run, which cargo calls `CARGO_TARGET_TMPDIR`.
pub(crate) fn kept_folder() -> PathBuf {
    build_folder().with_file_name("tmp")
}

/// Returns the folder of this build's binaries, such as `target/debug`. The suites are in its `deps`.
fn build_folder() -> PathBuf {
    let suite = std::env::current_exe().expect("a suite has a path");
    let folder = suite.parent().and_then(Path::parent);
    folder.expect("a suite is in a folder of the build's folder").to_owned()
}
