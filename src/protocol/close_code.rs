//! Close codes, and what a client does after each. `static/client/codes.js` says the same.

/// Why the server closes a WebSocket (RFC 6455, section 7.4; 4000 and up are ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The client is done; do nothing.
    Normal,
    /// A frame was larger than `limits.frame_bytes`; stop and report.
    TooLarge,
    /// The server restarts; reconnect in `reconnect_in_ms`.
    Restarting,
    /// The client does not speak the protocol; stop and report.
    ProtocolViolation,
    /// The token expired or the session ended; get a new token and reconnect.
    TokenExpired,
    /// What the connection may do was taken away; stop.
    NotAllowed,
    /// Nothing was heard for two heartbeats; reconnect with backoff.
    HeartbeatLost,
    /// The client reads slower than its rooms speak; reconnect at once with its cursors.
    TooSlow,
    /// Far over the message rate; reconnect after backoff.
    RateLimited,
}

impl CloseCode {
    /// Every code, for metrics and docs.
    pub const ALL: [Self; 9] = [
        Self::Normal,
        Self::TooLarge,
        Self::Restarting,
        Self::ProtocolViolation,
        Self::TokenExpired,
        Self::NotAllowed,
        Self::HeartbeatLost,
        Self::TooSlow,
        Self::RateLimited,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::TooLarge => 1009,
            Self::Restarting => 1012,
            Self::ProtocolViolation => 4400,
            Self::TokenExpired => 4401,
            Self::NotAllowed => 4403,
            Self::HeartbeatLost => 4408,
            Self::TooSlow => 4409,
            Self::RateLimited => 4429,
        }
    }

    /// The reason sent with it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::TooLarge => "frame too large",
            Self::Restarting => "restarting",
            Self::ProtocolViolation => "protocol violation",
            Self::TokenExpired => "token expired or revoked",
            Self::NotAllowed => "not allowed any more",
            Self::HeartbeatLost => "heartbeat lost",
            Self::TooSlow => "too slow",
            Self::RateLimited => "rate limited",
        }
    }
}
