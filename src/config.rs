//! What a node is told: flags, each with an environment variable.

mod addresses;
mod limits;
mod orders;
mod proxy;
mod retention;
mod switch;

pub use addresses::{NOT_AN_ADDRESS, parse_bind};
pub use limits::LimitArgs;
pub use orders::OrderLimitArgs;
pub use proxy::ProxyArgs;
pub use retention::RetentionArgs;

use crate::domain::values::level::Level;
use crate::push;
use crate::push::hosts::HostPattern;
use crate::screens::reporter::Spans;
use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use switch::parse_switch;

/// Where the embedded database is when no URL is given.
pub const DEFAULT_DATABASE: &str = "sqlite://data/orderbell.db";

/// Which database, and with which keys: what every command of the binary needs.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The database: sqlite://PATH (embedded, one node) or postgres://USER:PASSWORD@HOST/NAME (more than one).
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = DEFAULT_DATABASE, value_parser = read_database_url, global = true)]
    pub database_url: SecretString,

    /// Keys that sign and verify tokens, separated by commas; the first signs: kid:secret (32 bytes or more), or a line of
    /// what `orderbell keys` prints. On SQLite one is made beside the database when this is absent; on PostgreSQL it is
    /// required.
    #[arg(long, env = "ORDERBELL_JWT_KEYS", hide_env_values = true, allow_hyphen_values = true, global = true)]
    pub jwt_keys: Option<SecretString>,

    /// Connections to PostgreSQL.
    #[arg(long, env = "ORDERBELL_DATABASE_CONNECTIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000), global = true)]
    pub database_connections: u32,

    /// What is logged: error, warn, info, debug, trace, or env_logger's filters (info,orderbell::feed=debug).
    #[arg(long, env = "ORDERBELL_LOG", default_value = "info,sqlx=warn,redis=error", value_parser = parse_log, global = true)]
    pub log: String,
}

impl Common {
    /// Whether the database is the embedded one.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.database_url.expose_secret().starts_with("sqlite:")
    }

    fn is_postgres(&self) -> bool {
        ["postgres:", "postgresql:"].iter().any(|scheme| self.database_url.expose_secret().starts_with(scheme))
    }
}

/// Reads a database URL. An empty one, as a shell passes on what is not set, is none. Any other is taken here: an error of
/// the command line repeats what it is about, and this may have a password in it.
fn read_database_url(text: &str) -> Result<SecretString, Infallible> {
    Ok(Some(text.trim()).filter(|url| !url.is_empty()).unwrap_or(DEFAULT_DATABASE).into())
}

/// Checks the filters of the log: a word that is no level would be taken for a module, and nothing else would be logged.
fn parse_log(text: &str) -> Result<String, String> {
    let (filters, _pattern) = text.split_once('/').unwrap_or((text, ""));
    for filter in filters.split(',').map(str::trim).filter(|filter| !filter.is_empty()) {
        let level = filter.split_once('=').map_or(filter, |(_, level)| level.trim());
        if level.parse::<log::LevelFilter>().is_err() {
            return Err(format!(
                "{level:?} is not a level: write error, warn, info, debug, trace or off, for a module as orderbell::feed=debug"
            ));
        }
    }
    Ok(text.to_owned())
}

/// Reads how to be reached. An empty text is none, which a key then asks for.
fn parse_subject(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_contact =
        text.is_empty() || ["mailto:", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if is_contact { Ok(text.to_owned()) } else { Err("say mailto:somebody@example.com or https://example.com".into()) }
}

/// What a node serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NodeRole {
    /// HTTP calls and live connections.
    All,
    /// HTTP calls only.
    Api,
    /// Live connections only.
    Realtime,
}

/// `orderbell serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port; port 0 asks for a free one, which is then printed.
    #[arg(long, env = "ORDERBELL_BIND", default_value = "127.0.0.1:8080", value_parser = parse_bind)]
    pub bind: SocketAddr,

    /// Redis, which tells the other nodes of what this one has committed: redis://…, rediss://… (TLS), or with +cluster
    /// (redis+cluster://…) a cluster.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<SecretString>,

    /// What signs the messages of nodes over Redis: the same 32 bytes or more on every node. Default: made of the first
    /// HS256 key; required where there is none.
    #[arg(long, env = "ORDERBELL_REDIS_SECRET", hide_env_values = true, allow_hyphen_values = true)]
    pub redis_secret: Option<SecretString>,

    /// What this node serves; one for live connections alone needs no key that signs.
    #[arg(long, env = "ORDERBELL_ROLE", value_enum, default_value_t = NodeRole::All)]
    pub role: NodeRole,

    /// Make a demo restaurant with tables and people where absent, and print its pages.
    #[arg(long, env = "ORDERBELL_DEMO", value_parser = parse_switch)]
    pub demo: bool,

    /// Where guests reach this service, for the codes on tables (https://orders.example.com). Default: the bound address.
    #[arg(long, env = "ORDERBELL_PUBLIC_URL", value_parser = addresses::parse_public_url)]
    pub public_url: Option<String>,

    /// Origins of pages that may connect, beside the server's own. May be given several times.
    #[arg(long = "allowed-origin", env = "ORDERBELL_ALLOWED_ORIGINS", value_delimiter = ',', value_parser = addresses::parse_origin)]
    pub allowed_origins: Vec<String>,

    /// The proxies in front.
    #[command(flatten)]
    pub proxy: ProxyArgs,

    /// Threads that serve connections.
    #[arg(long, env = "ORDERBELL_WORKERS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub workers: Option<u16>,

    /// How often, in seconds, feeds compare what they have with what the log has.
    #[arg(long, env = "ORDERBELL_HEAD_COMPARISON_S", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub head_comparison_s: u64,

    /// How long a stop may take, in seconds: every connection gets its own slot of it to come back elsewhere.
    #[arg(long, env = "ORDERBELL_DRAIN_S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub drain_s: u64,

    /// Milliseconds for which a node that says nothing is believed to hold its kitchen screens.
    #[arg(long, env = "ORDERBELL_DISPLAY_LEASE_MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(300..=600_000), hide = true)]
    pub display_lease_ms: u64,

    /// Milliseconds for which a kitchen screen may be without a connection before the floor is told.
    #[arg(long, env = "ORDERBELL_DISPLAY_GRACE_MS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(0..=600_000), hide = true)]
    pub display_grace_ms: u64,

    /// Seconds after which an accepted order that no kitchen screen has drawn raises an alarm on the floor; 0 for none.
    #[arg(long, env = "ORDERBELL_DISPLAY_ALARM_S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub display_alarm_s: u64,

    /// Milliseconds for which a node admits sessions without having read which ones have ended.
    #[arg(long, env = "ORDERBELL_ENDED_PATIENCE_MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1_000..=600_000), hide = true)]
    pub ended_patience_ms: u64,

    /// The feature level that this node registers, at most the version's own. Nodes of one database use what all of them
    /// know; a lower level keeps new fields out while nodes run that cannot be seen (see docs/operations.md).
    #[arg(long, env = "ORDERBELL_FEATURE_LEVEL", default_value_t = Level::CURRENT.number(), value_parser = clap::value_parser!(u16).range(..=i64::from(Level::CURRENT.number())))]
    pub feature_level: u16,

    /// Minutes that an access token lives.
    #[arg(long, env = "ORDERBELL_ACCESS_TOKEN_MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub access_token_minutes: u64,

    /// Hours that a session of staff or a manager may go without use. Open pages renew theirs by themselves; kitchen screens
    /// have no such limit.
    #[arg(long, env = "ORDERBELL_STAFF_IDLE_HOURS", default_value_t = 168, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub staff_idle_hours: u64,

    /// Ask every manager for a second factor: one who has none works as staff until it is set up.
    #[arg(long, env = "ORDERBELL_REQUIRE_MANAGER_TOTP", value_parser = parse_switch)]
    pub require_manager_totp: bool,

    /// Minutes for which a password that was proved (at sign-in, or confirmed since) lets a manager change people, make API
    /// keys, and export or erase guests.
    #[arg(long, env = "ORDERBELL_CONFIRM_PASSWORD_MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub confirm_password_minutes: u64,

    /// The key that signs messages to guests' phones, the same on every node (`orderbell vapid` makes one); without it none
    /// are sent.
    #[arg(long, env = "ORDERBELL_VAPID_KEY", hide_env_values = true, allow_hyphen_values = true)]
    pub vapid_key: Option<SecretString>,

    /// Where the people of a push service reach those of this server: mailto:… or https:…; needed with a key.
    #[arg(long, env = "ORDERBELL_VAPID_SUBJECT", value_parser = parse_subject)]
    pub vapid_subject: Option<String>,

    /// Hosts of push services, the only ones that messages go to; *.example.com is all below it.
    #[arg(long, env = "ORDERBELL_PUSH_HOSTS", value_delimiter = ',', default_values = push::hosts::WELL_KNOWN)]
    pub push_hosts: Vec<HostPattern>,

    /// What one connection, one principal and one address may do.
    #[command(flatten)]
    pub limits: LimitArgs,

    /// What is kept of people, and for how long.
    #[command(flatten)]
    pub retention: RetentionArgs,
}

/// A configuration that is refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are two kinds.
    #[error("a database URL begins with sqlite:// or postgres://")]
    UnknownDatabase,
    /// Redis tells other nodes, and SQLite has none.
    #[error(
        "a Redis URL with SQLite is refused: SQLite serves one node, and Redis tells others; give a PostgreSQL URL (--database-url), or leave --redis-url out"
    )]
    RedisWithSqlite,
    /// Nodes must share keys, which a file beside one of them is not.
    #[error(
        "PostgreSQL needs a keyring that every node shares: set ORDERBELL_JWT_KEYS=kid:secret with 32 bytes or more (openssl rand -hex 32), or to a line of orderbell keys"
    )]
    NoKeyring,
    /// Part of a node needs the rest elsewhere.
    #[error("--role api and --role realtime need PostgreSQL: with SQLite there is one node, which does both")]
    RoleWithSqlite,
    /// Push services ask who sends.
    #[error("a VAPID key needs --vapid-subject: where the people of a push service reach you, as mailto:… or https:…")]
    NoVapidSubject,
}

impl Serve {
    /// The Redis to join others over; an empty variable is none.
    #[must_use]
    pub fn redis(&self) -> Option<&SecretString> {
        self.redis_url.as_ref().filter(|url| !url.expose_secret().is_empty())
    }

    /// The address where guests reach this service; an empty variable is none.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref().filter(|url| !url.is_empty())
    }

    /// The origins beside the server's own; an empty variable is none.
    #[must_use]
    pub fn allowed_origins(&self) -> Vec<String> {
        self.allowed_origins.iter().filter(|origin| !origin.is_empty()).cloned().collect()
    }

    /// The key that signs messages to phones, and its subject; an empty variable is none.
    ///
    /// # Errors
    /// For a key without a subject.
    pub fn vapid(&self) -> Result<Option<(&SecretString, &str)>, Refused> {
        let key = self.vapid_key.as_ref().filter(|key| !key.expose_secret().is_empty());
        let subject = self.vapid_subject.as_deref().filter(|subject| !subject.is_empty());
        key.map(|key| Ok((key, subject.ok_or(Refused::NoVapidSubject)?))).transpose()
    }

    /// What signs the messages over it; an empty variable is none.
    #[must_use]
    pub fn redis_secret(&self) -> Option<&SecretString> {
        self.redis_secret.as_ref().filter(|secret| !secret.expose_secret().is_empty())
    }

    /// How long access tokens live.
    #[must_use]
    pub const fn access_token_life(&self) -> Duration {
        Duration::from_secs(self.access_token_minutes * 60)
    }

    /// How long kitchen screens are held.
    #[must_use]
    pub const fn display_spans(&self) -> Spans {
        Spans { lease: Duration::from_millis(self.display_lease_ms), grace: Duration::from_millis(self.display_grace_ms) }
    }

    /// How long an accepted order may go undrawn; none for ever.
    #[must_use]
    pub fn display_alarm(&self) -> Option<Duration> {
        (self.display_alarm_s > 0).then(|| Duration::from_secs(self.display_alarm_s))
    }

    /// Looks for combinations that cannot work.
    ///
    /// # Errors
    /// Says which and what to do.
    pub fn check(&self, common: &Common) -> Result<(), Refused> {
        match common.is_sqlite() {
            true if self.redis().is_some() => Err(Refused::RedisWithSqlite),
            true if self.role != NodeRole::All => Err(Refused::RoleWithSqlite),
            false if !common.is_postgres() => Err(Refused::UnknownDatabase),
            false if common.jwt_keys.is_none() => Err(Refused::NoKeyring),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_of_the_environment_is_read_as_people_write_it() {
        for (text, expected) in
            [("1", true), ("true", true), ("YES", true), ("on", true), ("", false), ("0", false), ("off", false)]
        {
            assert_eq!(parse_switch(text), Ok(expected), "{text}");
        }
        assert!(parse_switch("maybe").is_err());
    }

    #[test]
    fn a_subject_is_a_way_to_reach_somebody() {
        for good in ["mailto:ops@example.com", "https://example.com/contact", ""] {
            assert_eq!(parse_subject(good), Ok(good.to_owned()));
        }
        for bad in ["ops@example.com", "http://example.com", "mailto:"] {
            assert!(parse_subject(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn filters_of_the_log_have_levels() {
        for good in ["info", "INFO", "", "info,sqlx=warn,redis=error", "orderbell::feed=debug", "debug/orders", "off"] {
            assert_eq!(parse_log(good), Ok(good.to_owned()));
        }
        for bad in ["nonsense", "info,nonsense", "orderbell=loud", "orderbell::feed"] {
            assert!(parse_log(bad).is_err(), "{bad}");
        }
    }

    /// One of 64 keys in base64url begins with a hyphen.
    #[test]
    fn a_secret_that_looks_like_a_flag_is_a_secret() {
        let command = Common::augment_args(Serve::augment_args(clap::Command::new("serve"))).mut_args(|flag| flag.env(None));
        let secret = "-uJxr8nye0n8sHA4y7ZZTDN0hXYhIUlZTdbyhZrKcus";
        let flags = ["serve", "--vapid-key", secret, "--redis-secret", secret, "--jwt-keys", secret, "--demo"];
        let given = command.try_get_matches_from(flags).unwrap();
        for name in ["vapid_key", "redis_secret", "jwt_keys"] {
            assert_eq!(given.get_one::<SecretString>(name).unwrap().expose_secret(), secret, "{name}");
        }
        assert!(given.get_flag("demo"));
    }

    #[test]
    fn an_empty_database_url_is_none_and_any_other_is_taken_as_it_is() {
        let read = |text| read_database_url(text).map(|url| url.expose_secret().to_owned());
        assert_eq!(read(" "), Ok(DEFAULT_DATABASE.to_owned()));
        assert_eq!(read("postgres://u@h/d"), Ok("postgres://u@h/d".to_owned()));
        assert_eq!(read("mysql://u@h/d"), Ok("mysql://u@h/d".to_owned()), "refused elsewhere");
    }
}
