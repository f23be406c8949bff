//! Several nodes as processes on one real PostgreSQL and one real Redis, and faults of each of them. In each case no
//! acknowledged command is lost, no command has two effects, and each screen sees each event once and in order. Each test
//! prints its figures. `ORDERBELL_TEST_FACTOR` multiplies the rounds. With a factor of 1 the whole suite takes minutes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod answers;
#[cfg(feature = "long-tests")]
mod asynchronous;
mod bad_way;
mod clocks;
mod courses;
mod crossing;
mod examined;
mod failover;
mod failpoints;
mod hanging_up;
mod histories;
mod keys;
mod killed;
mod late_postgres;
mod levels;
mod load;
mod moving;
#[cfg(feature = "long-tests")]
mod partitions;
mod postgres_away;
mod postgres_silent;
mod presence;
mod push;
mod redis_away;
mod refused;
mod renewals;
mod returning;
mod roles;
mod rolling;
mod sessions;
mod test_cluster;
mod unannounced;
mod undrawn;
#[cfg(feature = "long-tests")]
mod upgrade;
mod visits;
mod watcher;
mod webhooks;
