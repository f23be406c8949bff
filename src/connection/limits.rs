//! The limits of a connection, of a principal, of a table and of a node.

use super::token_bucket::Rate;
use crate::domain::model::principal::Role;
use crate::protocol::server_frame::LimitsFrame;
use std::time::Duration;

/// The limits of a node. Each has a metric (`orderbell_limit_hits_total{limit=…}`) and a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one message, fragments together (close code 1009).
    pub frame_bytes: u32,
    /// The most rooms of one connection (`too_many_rooms`).
    pub rooms: u32,
    /// The rate of messages of one connection (`rate_limited`; far beyond it, close code 4429).
    pub messages: Rate,
    /// The period in which each side shows that it is alive (close code 4408).
    pub heartbeat: Duration,
    /// Bytes queued for one reader (close code 4409).
    pub backlog_bytes: usize,
    /// The longest time that a reader may leave queued data unread, on every transport.
    pub write_timeout: Duration,
    /// Connections of one principal (429).
    pub connections_per_principal: u32,
    /// Connections of the diners of one table (429).
    pub connections_per_table: u32,
    /// Connections of the node (503).
    pub connections: u32,
    /// The percentage of the node's connections reserved for kitchen, staff, managers and services (503 for diners).
    pub reserved_percent: u32,
}

impl Limits {
    /// Returns at how many connections a node refuses another one of this role.
    #[must_use]
    pub fn connections_before(&self, role: Role) -> u32 {
        let reserved = u64::from(self.connections) * u64::from(self.reserved_percent.min(100)) / 100;
        match role {
            Role::Diner => self.connections - u32::try_from(reserved).unwrap_or(self.connections),
            Role::Kitchen | Role::Staff | Role::Manager | Role::Service => self.connections,
        }
    }

    /// Returns the limits that `welcome` announces, with the heartbeat of the transport.
    #[must_use]
    pub fn frame(&self, heartbeat: Duration) -> LimitsFrame {
        LimitsFrame {
            frame_bytes: self.frame_bytes,
            rooms: self.rooms,
            messages_per_second: self.messages.per_second,
            heartbeat_ms: u32::try_from(heartbeat.as_millis()).unwrap_or(u32::MAX),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 64 * 1024,
            rooms: 64,
            messages: Rate { per_second: 50, burst: 200 },
            heartbeat: Duration::from_secs(25),
            backlog_bytes: 256 * 1024,
            write_timeout: Duration::from_secs(20),
            connections_per_principal: 100,
            connections_per_table: 200,
            connections: 50_000,
            reserved_percent: 10,
        }
    }
}
