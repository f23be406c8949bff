//! Orderbell: live order updates for restaurants.
//!
//! [`connection`] and [`http`] turn a frame or an HTTP call into a command. [`commands`] decides on it inside one transaction
//! of the [`store`]. The committed events go to the restaurant's [`feed`], from there in order to its [`room`]s, and from
//! those to every connection that may see them.

pub mod auth;
pub mod backoff;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod connection;
pub mod demo;
pub mod domain;
pub mod failpoint;
pub mod feed;
pub mod housekeeping;
pub mod http;
pub mod minute_counter;
pub mod outbound;
pub mod pictures;
pub mod privacy;
pub mod protocol;
pub mod push;
pub mod room;
pub mod screens;
pub mod startup;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod webhooks;
