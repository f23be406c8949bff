//! What a node records about people, and how long it keeps it.

use super::parse_switch;
use clap::Args;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is kept, and for how long.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionArgs {
    /// Days that the audit (who did what) is kept.
    #[arg(long, env = "ORDERBELL_AUDIT_DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(31..=36_500))]
    pub audit_days: u32,

    /// Leave the addresses that people and screens act from out of the audit.
    #[arg(long, env = "ORDERBELL_NO_AUDIT_ADDRESSES", value_parser = parse_switch)]
    pub no_audit_addresses: bool,
}

impl RetentionArgs {
    /// How long the audit is kept.
    #[must_use]
    pub fn audit(&self) -> Duration {
        DAY * self.audit_days
    }
}
