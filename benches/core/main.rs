//! Benchmarks of the pure cores: the work of a command and of its delivery without a database, a clock or a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a measurement that panics has failed
#![allow(dead_code)] // this uses only some helpers of the property tests

mod decide;
mod deliver;
mod group;
#[path = "../../tests/properties/support.rs"]
mod support;

fn main() {
    divan::main();
}
