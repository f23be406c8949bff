//! The heartbeat of a connection, pure: what to do now, and when to check again.

use crate::domain::values::time::Timestamp;
use std::time::Duration;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Send a ping, and check again after this time.
    Ping(Duration),
    /// Check again after this time.
    Wait(Duration),
    /// The client has sent nothing for two periods.
    Lost,
    /// The token has expired.
    Expired,
}

/// The times that a heartbeat depends on.
#[derive(Debug, Clone, Copy)]
pub struct Pulse {
    /// When the client last sent something.
    pub heard: Timestamp,
    /// When the token expires.
    pub expires: Timestamp,
}

impl Pulse {
    /// Checks the times. `period` is `limits.heartbeat_ms`.
    #[must_use]
    pub fn beat(self, period: Duration, now: Timestamp) -> Beat {
        if now >= self.expires {
            return Beat::Expired;
        }
        let silence = now.since(self.heard);
        if silence >= period * 2 {
            return Beat::Lost;
        }
        let until_expiry = self.expires.since(now);
        if silence >= period {
            return Beat::Ping((period * 2 - silence).min(until_expiry));
        }
        Beat::Wait((period - silence).min(until_expiry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(25);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn silence_is_pinged_after_one_period_and_ends_after_two() {
        let pulse = Pulse { heard: at(100), expires: at(1000) };
        assert_eq!(pulse.beat(PERIOD, at(110)), Beat::Wait(Duration::from_secs(15)));
        assert_eq!(pulse.beat(PERIOD, at(125)), Beat::Ping(Duration::from_secs(25)));
        assert_eq!(pulse.beat(PERIOD, at(149)), Beat::Ping(Duration::from_secs(1)));
        assert_eq!(pulse.beat(PERIOD, at(150)), Beat::Lost);
    }

    #[test]
    fn a_heartbeat_never_waits_past_an_expiry() {
        let pulse = Pulse { heard: at(100), expires: at(105) };
        assert_eq!(pulse.beat(PERIOD, at(101)), Beat::Wait(Duration::from_secs(4)));
        assert_eq!(pulse.beat(PERIOD, at(105)), Beat::Expired);
    }
}
