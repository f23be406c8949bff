//! Close codes, and the client's reaction to each. `static/client/codes.js` has the same table.

/// The code of a close frame from the server (RFC 6455, section 7.4; applications define 4000 and
/// up).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The connection ended as intended; do nothing.
    Normal,
    /// A frame was larger than `limits.frame_bytes`; stop and report.
    TooLarge,
    /// The server restarts; reconnect after `reconnect_in_ms`.
    Restarting,
    /// The client violated the protocol; stop and report.
    ProtocolViolation,
    /// The token expired or the session ended; get a new token and reconnect.
    TokenExpired,
    /// The connection lost its permissions; stop.
    NotAllowed,
    /// The client was silent for two heartbeat periods; reconnect with backoff.
    HeartbeatLost,
    /// The client reads too slowly for its rooms; reconnect at once with the cursors.
    TooSlow,
    /// The client is far above the message rate; reconnect with backoff.
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

    /// Returns the number on the wire.
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

    /// Returns the reason in the close frame.
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
