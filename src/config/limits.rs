//! The limits that a node is told.

use super::OrderLimitArgs;
use crate::connection::Limits;
use crate::connection::token_bucket::Rate;
use clap::Args;
use std::time::Duration;

/// The limits of a node.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// The most bytes of one message, fragments together.
    #[arg(long, env = "ORDERBELL_FRAME_BYTES", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1024..=1_048_576))]
    pub frame_bytes: u32,

    /// The most bytes of an HTTP body.
    #[arg(long, env = "ORDERBELL_BODY_BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1024..=16_777_216))]
    pub body_bytes: u32,

    /// Rooms of one connection.
    #[arg(long, env = "ORDERBELL_ROOMS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: u32,

    /// Messages per second of one connection, in the long run.
    #[arg(long, env = "ORDERBELL_MESSAGES_PER_SECOND", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub messages_per_second: u32,

    /// Messages of one connection at once.
    #[arg(long, env = "ORDERBELL_MESSAGE_BURST", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub message_burst: u32,

    /// Milliseconds between heartbeats; two of silence end a connection, unless its reader is seen to take what waits.
    #[arg(long, env = "ORDERBELL_HEARTBEAT_MS", default_value_t = 25_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub heartbeat_ms: u64,

    /// Bytes a connection may hold that its reader has not taken, where one frame counts as 64 KiB at most. Not less than
    /// 192 KiB: a page of a replay and the tail of a room have to fit.
    #[arg(long, env = "ORDERBELL_BACKLOG_BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(196_608..=16_777_216))]
    pub backlog_bytes: u32,

    /// Milliseconds for which a reader may take nothing of what waits for it, on every transport, before it is cut. The
    /// kernel says late that there is place again: over a slow network ten seconds are little.
    #[arg(long, env = "ORDERBELL_WRITE_TIMEOUT_MS", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(500..=600_000))]
    pub write_timeout_ms: u64,

    /// Bytes of answers over plain HTTP that wait for their readers; beyond them the reader that has waited longest is cut, of
    /// the address with the most of them.
    #[arg(long, env = "ORDERBELL_UNREAD_BYTES", default_value_t = 16_777_216, value_parser = clap::value_parser!(u64).range(1_048_576..))]
    pub unread_bytes: u64,

    /// Plain HTTP connections of one address; what comes beyond them while all are busy is answered to kitchen and staff
    /// alone. Default: three quarters of the sockets of this node. Not asked with --trust-forwarded-for.
    #[arg(long, env = "ORDERBELL_CONNECTIONS_PER_ADDRESS", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub connections_per_address: Option<u32>,

    /// Memory that snapshots of kitchens and floors hold together, in bytes; each is shared by all who read it. Where it is
    /// used, another has to wait, and is `unavailable` after five seconds.
    #[arg(long, env = "ORDERBELL_SNAPSHOT_BYTES", default_value_t = 268_435_456, value_parser = clap::value_parser!(u64).range(1_048_576..=1_099_511_627_776))]
    pub snapshot_bytes: u64,

    /// Connections of one principal.
    #[arg(long, env = "ORDERBELL_CONNECTIONS_PER_PRINCIPAL", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_per_principal: u32,

    /// Connections of all the diners of one table. Default: a fifth of those of this node.
    #[arg(long, env = "ORDERBELL_CONNECTIONS_PER_TABLE", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_per_table: Option<u32>,

    /// Connections of this node. A limit of file descriptors that is too low for so many makes it fewer.
    #[arg(long, env = "ORDERBELL_CONNECTIONS", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub connections: u32,

    /// How many of a hundred of these connections are kept for kitchen, staff, managers and services.
    #[arg(long, env = "ORDERBELL_RESERVED_PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=90))]
    pub reserved_percent: u32,

    /// Handshakes per second of one session or of the guests at one table, in the long run; of one address those that are
    /// refused.
    #[arg(long, env = "ORDERBELL_HANDSHAKES_PER_SECOND", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub handshakes_per_second: u32,

    /// The same at once.
    #[arg(long, env = "ORDERBELL_HANDSHAKE_BURST", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub handshake_burst: u32,

    /// Diner sessions per second from one address, in the long run; the burst is ten times as many.
    #[arg(long, env = "ORDERBELL_DINER_SESSIONS_PER_SECOND", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub diner_sessions_per_second: u32,

    /// Sign-ins per minute from one address, in the long run; apart from them as many that fail.
    #[arg(long, env = "ORDERBELL_LOGINS_PER_MINUTE", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub logins_per_minute: u32,

    /// Wrong codes of a second factor, or wrong current passwords, of one person in a quarter of an hour. They count only
    /// after the right password, so a stranger can lock nobody out.
    #[arg(long, env = "ORDERBELL_SECRET_TRIES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub secret_tries: u32,

    /// Those on orders and commands.
    #[command(flatten)]
    pub orders: OrderLimitArgs,

    /// Wrong passwords per hour for one account, from devices and addresses that it was not signed in from before; apart from
    /// them as many from each one that it was.
    #[arg(long, env = "ORDERBELL_WRONG_PASSWORDS_PER_HOUR", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub wrong_passwords_per_hour: u32,
}

impl LimitArgs {
    /// Returns the limits of a connection, on a node that takes so many.
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
