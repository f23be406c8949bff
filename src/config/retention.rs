//! The settings of retention: what a node records about people, and for how long.

use super::switch::parse_switch;
use clap::Args;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The retention of personal data.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionArgs {
    /// Days after which a guest's words and id are removed from a closed order and its events.
    #[arg(long, env = "ORDERBELL_GUEST_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub guest_days: u32,

    /// Days after which the name, phone and address of a delivery are removed.
    #[arg(long, env = "ORDERBELL_DELIVERY_DAYS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub delivery_days: u32,

    /// Days for which the row of an expired session is kept.
    #[arg(long, env = "ORDERBELL_SESSION_DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub session_days: u32,

    /// Minutes after which the session of a guest without an order can no longer be renewed.
    #[arg(long, env = "ORDERBELL_IDLE_GUEST_MINUTES", default_value_t = 120, value_parser = clap::value_parser!(u32).range(30..=720))]
    pub idle_guest_minutes: u32,

    /// Hours without an order after which a table's visit closes, unless staff close it earlier.
    #[arg(long, env = "ORDERBELL_VISIT_IDLE_HOURS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=72))]
    pub visit_idle_hours: u32,

    /// Days for which the audit (who did what) is kept.
    #[arg(long, env = "ORDERBELL_AUDIT_DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(31..=36_500))]
    pub audit_days: u32,

    /// Do not record the addresses of people and screens in the audit.
    #[arg(long, env = "ORDERBELL_NO_AUDIT_ADDRESSES", value_parser = parse_switch)]
    pub no_audit_addresses: bool,
}

impl RetentionArgs {
    /// Returns the time for which guests' words and ids are kept.
    #[must_use]
    pub fn guests(&self) -> Duration {
        DAY * self.guest_days
    }

    /// Returns the time for which the details of deliveries are kept.
    #[must_use]
    pub fn deliveries(&self) -> Duration {
        DAY * self.delivery_days
    }

    /// Returns the time for which expired sessions are kept.
    #[must_use]
    pub fn sessions(&self) -> Duration {
        DAY * self.session_days
    }

    /// Returns the time for which a guest may stay without an order.
    #[must_use]
    pub fn idle_guests(&self) -> Duration {
        Duration::from_secs(60) * self.idle_guest_minutes
    }

    /// Returns the time after which a visit without orders closes.
    #[must_use]
    pub fn idle_visits(&self) -> Duration {
        Duration::from_secs(60 * 60) * self.visit_idle_hours
    }

    /// Returns the time for which the audit is kept.
    #[must_use]
    pub fn audit(&self) -> Duration {
        DAY * self.audit_days
    }
}
