//! What a node records about people, and how long it keeps it.

use super::switch::parse_switch;
use clap::Args;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is kept, and for how long.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionArgs {
    /// Days after which the words and the id of a guest go from a closed order and its events.
    #[arg(long, env = "ORDERBELL_GUEST_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub guest_days: u32,

    /// Days that the row of a session is kept after it expired.
    #[arg(long, env = "ORDERBELL_SESSION_DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub session_days: u32,

    /// Minutes after which the session of a guest who has ordered nothing cannot be renewed any more.
    #[arg(long, env = "ORDERBELL_IDLE_GUEST_MINUTES", default_value_t = 120, value_parser = clap::value_parser!(u32).range(30..=720))]
    pub idle_guest_minutes: u32,

    /// Hours without an order after which the visit of a table is over, unless staff end it before.
    #[arg(long, env = "ORDERBELL_VISIT_IDLE_HOURS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=72))]
    pub visit_idle_hours: u32,

    /// Days that the audit (who did what) is kept.
    #[arg(long, env = "ORDERBELL_AUDIT_DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(31..=36_500))]
    pub audit_days: u32,

    /// Leave the addresses that people and screens act from out of the audit.
    #[arg(long, env = "ORDERBELL_NO_AUDIT_ADDRESSES", value_parser = parse_switch)]
    pub no_audit_addresses: bool,
}

impl RetentionArgs {
    /// How long what guests leave is kept.
    #[must_use]
    pub fn guests(&self) -> Duration {
        DAY * self.guest_days
    }

    /// How long expired sessions are kept.
    #[must_use]
    pub fn sessions(&self) -> Duration {
        DAY * self.session_days
    }

    /// How long a guest may order nothing.
    #[must_use]
    pub fn idle_guests(&self) -> Duration {
        Duration::from_secs(60) * self.idle_guest_minutes
    }

    /// How long the visit of a table goes on without an order.
    #[must_use]
    pub fn idle_visits(&self) -> Duration {
        Duration::from_secs(60 * 60) * self.visit_idle_hours
    }

    /// How long the audit is kept.
    #[must_use]
    pub fn audit(&self) -> Duration {
        DAY * self.audit_days
    }
}
