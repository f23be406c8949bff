//! The settings of limits on connections and requests.

use super::OrderLimitArgs;
use crate::connection::Limits;
use crate::connection::token_bucket::Rate;
use clap::Args;
use std::time::Duration;

/// The limits of a node.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// The most bytes of one message, all fragments together.
    #[arg(long, env = "ORDERBELL_FRAME_BYTES", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1024..=1_048_576))]
    pub frame_bytes: u32,

    /// The most bytes of an HTTP body.
    #[arg(long, env = "ORDERBELL_BODY_BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1024..=16_777_216))]
    pub body_bytes: u32,

    /// The most rooms of one connection.
    #[arg(long, env = "ORDERBELL_ROOMS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: u32,

    /// Messages per second of one connection, sustained.
    #[arg(long, env = "ORDERBELL_MESSAGES_PER_SECOND", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub messages_per_second: u32,

    /// Messages of one connection in a burst.
    #[arg(long, env = "ORDERBELL_MESSAGE_BURST", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub message_burst: u32,

    /// Milliseconds between heartbeats. Two silent periods end a connection, unless its reader is
    /// still reading queued data.
    #[arg(long, env = "ORDERBELL_HEARTBEAT_MS", default_value_t = 25_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub heartbeat_ms: u64,

    /// The most unread bytes of a connection, where a frame counts as at most 64 KiB. At least 192
    /// KiB, so that a page of a replay and the tail of a room fit.
    #[arg(long, env = "ORDERBELL_BACKLOG_BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(196_608..=16_777_216))]
    pub backlog_bytes: u32,

    /// Milliseconds after which the server closes a connection whose reader accepts no data, on
    /// every transport. The kernel reports free space late, so ten seconds are too short for a slow
    /// network.
    #[arg(long, env = "ORDERBELL_WRITE_TIMEOUT_MS", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(500..=600_000))]
    pub write_timeout_ms: u64,

    /// Milliseconds for a client to send the head of a request. They begin when it connects, and
    /// for later requests with the first byte. Lost packets delay the first one by seconds on a
    /// phone's network.
    #[arg(long, env = "ORDERBELL_HEAD_TIMEOUT_MS", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(500..=600_000))]
    pub head_timeout_ms: u64,

    /// The most unread bytes of answers over plain HTTP. Beyond that, the server closes the
    /// longest-waiting connection of the address with the most unread bytes.
    #[arg(long, env = "ORDERBELL_UNREAD_BYTES", default_value_t = 8_388_608, value_parser = clap::value_parser!(u64).range(1_048_576..))]
    pub unread_bytes: u64,

    /// The most plain HTTP connections of one address. While all are busy, only kitchen and staff
    /// are answered on further ones. Default: three quarters of this node's sockets. Not applied
    /// with --trust-forwarded-for.
    #[arg(long, env = "ORDERBELL_CONNECTIONS_PER_ADDRESS", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub connections_per_address: Option<u32>,

    /// The most bytes of all snapshots of kitchens and floors; all readers of a snapshot share it.
    /// Beyond that, a further snapshot waits, and is `unavailable` after five seconds.
    #[arg(long, env = "ORDERBELL_SNAPSHOT_BYTES", default_value_t = 268_435_456, value_parser = clap::value_parser!(u64).range(1_048_576..=1_099_511_627_776))]
    pub snapshot_bytes: u64,

    /// The most connections of one principal.
    #[arg(long, env = "ORDERBELL_CONNECTIONS_PER_PRINCIPAL", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_per_principal: u32,

    /// The most connections of all diners of one table. Default: a fifth of this node's
    /// connections.
    #[arg(long, env = "ORDERBELL_CONNECTIONS_PER_TABLE", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_per_table: Option<u32>,

    /// The most connections of this node. Fewer if the limit of file descriptors is too low.
    #[arg(long, env = "ORDERBELL_CONNECTIONS", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub connections: u32,

    /// Percentage of the connections reserved for kitchen, staff, managers and services.
    #[arg(long, env = "ORDERBELL_RESERVED_PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=90))]
    pub reserved_percent: u32,

    /// Handshakes per second of one session or of the guests at one table, sustained. For an
    /// address, only refused handshakes count. Preflights of pages of other origins count
    /// separately, by address, with the same limit.
    #[arg(long, env = "ORDERBELL_HANDSHAKES_PER_SECOND", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub handshakes_per_second: u32,

    /// Handshakes in a burst, counted in the same way.
    #[arg(long, env = "ORDERBELL_HANDSHAKE_BURST", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub handshake_burst: u32,

    /// Diner sessions per second from one address, sustained. A burst may have ten times as many.
    #[arg(long, env = "ORDERBELL_DINER_SESSIONS_PER_SECOND", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub diner_sessions_per_second: u32,

    /// Sign-ins per minute from one address, sustained. Failed ones count separately, with the same
    /// limit.
    #[arg(long, env = "ORDERBELL_LOGINS_PER_MINUTE", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub logins_per_minute: u32,

    /// Wrong tries in a quarter of an hour: codes of one person who signs in with the right
    /// password, or passwords and codes of one session, which then ends. A stranger cannot lock
    /// anyone out.
    #[arg(long, env = "ORDERBELL_SECRET_TRIES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub secret_tries: u32,

    /// The limits on orders and commands.
    #[command(flatten)]
    pub orders: OrderLimitArgs,

    /// Wrong passwords per hour for one account, from unknown devices and addresses. Each known
    /// device or address has a separate limit of the same size.
    #[arg(long, env = "ORDERBELL_WRONG_PASSWORDS_PER_HOUR", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub wrong_passwords_per_hour: u32,
}

impl LimitArgs {
    /// Returns the limits of a connection, on a node with at most `connections`.
    #[must_use]
    pub fn connection(&self, connections: u32) -> Limits {
        Limits {
            frame_bytes: self.frame_bytes,
            rooms: self.rooms,
            messages: Rate { per_second: self.messages_per_second, burst: self.message_burst },
            heartbeat: Duration::from_millis(self.heartbeat_ms),
            backlog_bytes: self.backlog_bytes as usize,
            write_timeout: Duration::from_millis(self.write_timeout_ms),
            connections_per_principal: self.connections_per_principal,
            connections_per_table: self.connections_per_table.unwrap_or((connections / 5).max(1)),
            connections,
            reserved_percent: self.reserved_percent,
        }
    }
}
