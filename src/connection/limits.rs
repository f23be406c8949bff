//! What one connection, one principal, one address and one node may do.

use super::bucket::Rate;
use crate::protocol::server_frame::LimitsFrame;
use std::time::Duration;

/// The limits of a node. Each has a metric (`orderbell_limit_hits_total{limit=…}`) and a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one message, fragments together (close code 1009).
    pub frame_bytes: u32,
    /// The most rooms of one connection (`too_many_rooms`).
    pub rooms: u32,
    /// Messages of one connection (`rate_limited`; far over it, close code 4429).
    pub messages: Rate,
    /// How often each side proves that it lives (close code 4408).
    pub heartbeat: Duration,
    /// Bytes a connection may hold that its reader has not taken (close code 4409).
    pub backlog_bytes: usize,
    /// Connections of one principal (429).
    pub connections_per_principal: u32,
    /// Connections of the node (503).
    pub connections: u32,
}

impl Limits {
    /// As `welcome` tells them.
    #[must_use]
    pub fn frame(&self) -> LimitsFrame {
        LimitsFrame {
            frame_bytes: self.frame_bytes,
            rooms: self.rooms,
            messages_per_second: self.messages.per_second,
            heartbeat_ms: u32::try_from(self.heartbeat.as_millis()).unwrap_or(u32::MAX),
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
            connections_per_principal: 100,
            connections: 50_000,
        }
    }
}
