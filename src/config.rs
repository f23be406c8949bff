//! The configuration of a node: flags, each with an environment variable.

mod addresses;
pub mod files;
mod limits;
mod orders;
mod proxy;
mod retention;
mod switch;
mod tls;

pub use addresses::{NOT_AN_ADDRESS, parse_bind};
pub use limits::LimitArgs;
pub use orders::OrderLimitArgs;
pub use proxy::ProxyArgs;
pub use retention::RetentionArgs;
pub use tls::{HalfPair, TlsArgs};

pub(crate) use tls::parse_path;

use crate::connection::NodeRole;
use crate::domain::values::level::Level;
use crate::outbound::hosts::HostPattern;
use crate::push;
use crate::screens::reporter::Spans;
use crate::telemetry::logging::LogFormat;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use switch::parse_switch;

/// The default database.
pub const DEFAULT_DATABASE: &str = "sqlite://data/orderbell.db";

/// The settings of all commands: the database, the keys, the log.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The database: sqlite://PATH (embedded, one node) or postgres://USER:PASSWORD@HOST/NAME (more than one).
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = DEFAULT_DATABASE, value_parser = read_database_url, global = true)]
    pub database_url: SecretString,

    /// Keys that sign and verify tokens, separated by commas; the first one signs. A key is
    /// kid:secret (32 bytes or more) or a line of `orderbell keys`. Required on PostgreSQL; on
    /// SQLite, the default is a key file beside the database.
    #[arg(long, env = "ORDERBELL_JWT_KEYS", hide_env_values = true, allow_hyphen_values = true, global = true)]
    pub jwt_keys: Option<SecretString>,

    /// Connections to PostgreSQL.
    #[arg(long, env = "ORDERBELL_DATABASE_CONNECTIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000), global = true)]
    pub database_connections: u32,

    /// Configuration file in TOML, with one setting a line under the name of its flag (bind = "0.0.0.0:8080"). Flags and
    /// environment variables take precedence.
    #[arg(long, env = "ORDERBELL_CONFIG", global = true)]
    pub config: Option<PathBuf>,

    /// Log level: error, warn, info, debug, trace, or env_logger's filters
    /// (info,orderbell::feed=debug).
    #[arg(long, env = "ORDERBELL_LOG", default_value = "info,sqlx=warn,redis=error", value_parser = parse_log, global = true)]
    pub log: String,

    /// Form of the log's lines.
    #[arg(long, env = "ORDERBELL_LOG_FORMAT", default_value = "text", value_enum, global = true)]
    pub log_format: LogFormat,
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

/// Parses a database URL. An empty one, as from an unset shell variable, counts as absent. Never
/// fails, since an error of the command line would repeat the URL with its password.
fn read_database_url(text: &str) -> Result<SecretString, Infallible> {
    Ok(Some(text.trim()).filter(|url| !url.is_empty()).unwrap_or(DEFAULT_DATABASE).into())
}

/// Checks the filters of the log. env_logger would take an unknown level for a module, and log
/// nothing else.
fn parse_log(text: &str) -> Result<String, String> {
    let (filters, _pattern) = text.split_once('/').unwrap_or((text, ""));
    for filter in filters.split(',').map(str::trim).filter(|filter| !filter.is_empty()) {
        let level = filter.split_once('=').map_or(filter, |(_, level)| level.trim());
        if level.parse::<log::LevelFilter>().is_err() {
            return Err(format!(
                "{level:?} is not a level: write error, warn, info, debug, trace or off, or for a module orderbell::feed=debug"
            ));
        }
    }
    Ok(text.to_owned())
}

/// Parses a contact. An empty text counts as absent.
fn parse_subject(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_contact =
        text.is_empty() || ["mailto:", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if is_contact { Ok(text.to_owned()) } else { Err("write mailto:ops@example.com or https://example.com".into()) }
}

/// `orderbell serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port; port 0 asks for a free one, which is then printed.
    #[arg(long, env = "ORDERBELL_BIND", default_value = "127.0.0.1:8080", value_parser = parse_bind)]
    pub bind: SocketAddr,

    /// The certificate of the node.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// Address and port at which `/metrics` answers in place of the public one.
    #[arg(long, env = "ORDERBELL_METRICS_BIND", value_parser = parse_bind)]
    pub metrics_bind: Option<SocketAddr>,

    /// Redis, over which nodes announce their commits to each other: redis://…, rediss://… (TLS),
    /// or redis+cluster://… for a cluster.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<SecretString>,

    /// Secret that signs messages between nodes over Redis: 32 bytes or more, the same on each
    /// node. Default: derived from the first HS256 key; required without one.
    #[arg(long, env = "ORDERBELL_REDIS_SECRET", hide_env_values = true, allow_hyphen_values = true)]
    pub redis_secret: Option<SecretString>,

    /// The part of the service that this node provides. A realtime node needs no signing key.
    #[arg(long, env = "ORDERBELL_ROLE", value_enum, default_value_t = NodeRole::All)]
    pub role: NodeRole,

    /// Create a demo restaurant with tables and people if it is absent, and print its pages.
    #[arg(long, env = "ORDERBELL_DEMO", value_parser = parse_switch)]
    pub demo: bool,

    /// Address at which guests reach this service, for the codes on tables
    /// (https://orders.example.com). Default: the bound address.
    #[arg(long, env = "ORDERBELL_PUBLIC_URL", value_parser = addresses::parse_public_url)]
    pub public_url: Option<String>,

    /// Origins of pages that may connect and make calls, in addition to the server's own. May be repeated.
    #[arg(long = "allowed-origin", env = "ORDERBELL_ALLOWED_ORIGINS", value_delimiter = ',', value_parser = addresses::parse_origin)]
    pub allowed_origins: Vec<String>,

    /// The proxies in front of the node.
    #[command(flatten)]
    pub proxy: ProxyArgs,

    /// Threads that serve connections. Default: one for each core.
    #[arg(long, env = "ORDERBELL_WORKERS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub workers: Option<u16>,

    /// Seconds between two comparisons of feeds with the log.
    #[arg(long, env = "ORDERBELL_HEAD_COMPARISON_S", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub head_comparison_s: u64,

    /// Seconds to wait at start for a PostgreSQL that cannot be reached or takes no writes; 0 to give up at once.
    #[arg(long, env = "ORDERBELL_DATABASE_WAIT_S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub database_wait_s: u64,

    /// Seconds between a request to stop and draining. The node serves as before while `/readyz` answers 503, so that a load
    /// balancer sends it nothing more when it drains. Use more than the period of the balancer's checks.
    #[arg(long, env = "ORDERBELL_DRAIN_MIN_S", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub drain_min_s: u64,

    /// Seconds that draining may take. Each connection has a slot of this time in which to
    /// reconnect elsewhere.
    #[arg(long, env = "ORDERBELL_DRAIN_S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub drain_s: u64,

    /// Milliseconds after which a silent node loses its kitchen screens.
    #[arg(long, env = "ORDERBELL_DISPLAY_LEASE_MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(300..=600_000), hide = true)]
    pub display_lease_ms: u64,

    /// Milliseconds for which a kitchen screen may be without a connection before it is reported to
    /// the floor.
    #[arg(long, env = "ORDERBELL_DISPLAY_GRACE_MS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(0..=600_000), hide = true)]
    pub display_grace_ms: u64,

    /// Seconds after which an accepted order that no kitchen screen has drawn raises an alarm on
    /// the floor; 0 for no alarm.
    #[arg(long, env = "ORDERBELL_DISPLAY_ALARM_S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub display_alarm_s: u64,

    /// Milliseconds for which a node admits sessions if it cannot read the ended ones.
    #[arg(long, env = "ORDERBELL_ENDED_PATIENCE_MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1_000..=600_000), hide = true)]
    pub ended_patience_ms: u64,

    /// Feature level that this node registers, at most the version's own. Nodes of a database use
    /// the lowest of all levels. Lower it while the database has older nodes that do not register a
    /// level (see docs/operations.md).
    #[arg(long, env = "ORDERBELL_FEATURE_LEVEL", default_value_t = Level::CURRENT.number(), value_parser = clap::value_parser!(u16).range(..=i64::from(Level::CURRENT.number())))]
    pub feature_level: u16,

    /// Lifetime of an access token in minutes.
    #[arg(long, env = "ORDERBELL_ACCESS_TOKEN_MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub access_token_minutes: u64,

    /// Hours for which a session of staff or a manager may be idle. Open pages renew theirs;
    /// kitchen screens have no such limit.
    #[arg(long, env = "ORDERBELL_STAFF_IDLE_HOURS", default_value_t = 168, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub staff_idle_hours: u64,

    /// Require a second factor of managers. A manager without one has only the rights of staff
    /// until it is set up.
    #[arg(long, env = "ORDERBELL_REQUIRE_MANAGER_TOTP", value_parser = parse_switch)]
    pub require_manager_totp: bool,

    /// Minutes after a password was entered (at sign-in or to confirm) in which a manager may
    /// change people, make API keys, and export or erase guests.
    #[arg(long, env = "ORDERBELL_CONFIRM_PASSWORD_MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub confirm_password_minutes: u64,

    /// VAPID private key, which signs push messages to guests' phones. The same on each node;
    /// `orderbell vapid` makes one. Without it no messages are sent.
    #[arg(long, env = "ORDERBELL_VAPID_KEY", hide_env_values = true, allow_hyphen_values = true)]
    pub vapid_key: Option<SecretString>,

    /// Contact for operators of push services: mailto:… or https:…. Required with a VAPID key.
    #[arg(long, env = "ORDERBELL_VAPID_SUBJECT", value_parser = parse_subject)]
    pub vapid_subject: Option<String>,

    /// Allowed hosts of push services. *.example.com allows all hosts below example.com.
    #[arg(long, env = "ORDERBELL_PUSH_HOSTS", value_delimiter = ',', default_values = push::WELL_KNOWN_HOSTS)]
    pub push_hosts: Vec<HostPattern>,

    /// Hosts of webhooks that may have internal addresses, any port, and HTTP without TLS, like a POS in the house. All
    /// others need HTTPS on port 443 and a public address.
    #[arg(long, env = "ORDERBELL_WEBHOOK_INTERNAL_HOSTS", value_delimiter = ',')]
    pub webhook_internal_hosts: Vec<HostPattern>,

    /// The limits on connections, principals and addresses.
    #[command(flatten)]
    pub limits: LimitArgs,

    /// The retention of personal data.
    #[command(flatten)]
    pub retention: RetentionArgs,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The URL names neither kind of database.
    #[error("a database URL begins with sqlite:// or postgres://")]
    UnknownDatabase,
    /// Redis connects several nodes, and SQLite serves only one.
    #[error(
        "a Redis URL with SQLite is refused: Redis connects several nodes, and SQLite serves only one; give a PostgreSQL URL (--database-url), or omit --redis-url"
    )]
    RedisWithSqlite,
    /// Nodes must share a keyring, so a file beside one of them does not suffice.
    #[error(
        "PostgreSQL needs a keyring that every node shares: set ORDERBELL_JWT_KEYS to kid:secret with 32 bytes or more (openssl rand -hex 32), or to a line of orderbell keys"
    )]
    NoKeyring,
    /// A partial role needs other nodes.
    #[error("--role api and --role realtime need PostgreSQL: SQLite serves only one node, which must do both")]
    RoleWithSqlite,
    /// A certificate needs a key, and a key a certificate.
    #[error(transparent)]
    HalfTls(#[from] HalfPair),
    /// Guests would be sent to an address that does not answer.
    #[error("with --tls-certificate the node serves only HTTPS, but --public-url begins with http://: make it https://…")]
    PublicUrlWithoutTls,
    /// Passwords and orders would be readable on the network.
    #[error(
        "plain HTTP on {0} is refused, since others can reach this address, and read passwords, tokens and orders on their way: \
         bind to 127.0.0.1 (--bind) if only this machine connects; serve TLS (--tls-certificate, --tls-key); or say that a proxy \
         in front provides TLS and that only it can reach this address (--behind-proxy)"
    )]
    PlainHttp(SocketAddr),
    /// Push services require a contact.
    #[error("a VAPID key needs --vapid-subject: a contact for operators of push services, mailto:… or https:…")]
    NoVapidSubject,
}

impl Serve {
    /// Returns the URL of Redis. An empty variable counts as unset.
    #[must_use]
    pub fn redis(&self) -> Option<&SecretString> {
        self.redis_url.as_ref().filter(|url| !url.expose_secret().is_empty())
    }

    /// Returns the address for guests. An empty variable counts as unset.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref().filter(|url| !url.is_empty())
    }

    /// Returns the additional origins. An empty variable counts as unset.
    #[must_use]
    pub fn allowed_origins(&self) -> Vec<String> {
        self.allowed_origins.iter().filter(|origin| !origin.is_empty()).cloned().collect()
    }

    /// Returns the VAPID key and its subject. An empty variable counts as unset.
    ///
    /// # Errors
    /// [`Refused::NoVapidSubject`] for a key without a subject.
    pub fn vapid(&self) -> Result<Option<(&SecretString, &str)>, Refused> {
        let key = self.vapid_key.as_ref().filter(|key| !key.expose_secret().is_empty());
        let subject = self.vapid_subject.as_deref().filter(|subject| !subject.is_empty());
        key.map(|key| Ok((key, subject.ok_or(Refused::NoVapidSubject)?))).transpose()
    }

    /// Returns the secret of messages over Redis. An empty variable counts as unset.
    #[must_use]
    pub fn redis_secret(&self) -> Option<&SecretString> {
        self.redis_secret.as_ref().filter(|secret| !secret.expose_secret().is_empty())
    }

    /// Returns the lifetime of access tokens.
    #[must_use]
    pub const fn access_token_life(&self) -> Duration {
        Duration::from_secs(self.access_token_minutes * 60)
    }

    /// Returns the periods for which kitchen screens are held.
    #[must_use]
    pub const fn display_spans(&self) -> Spans {
        Spans { lease: Duration::from_millis(self.display_lease_ms), grace: Duration::from_millis(self.display_grace_ms) }
    }

    /// Returns the longest time for which an accepted order may be undrawn; `None` for no limit.
    #[must_use]
    pub fn display_alarm(&self) -> Option<Duration> {
        (self.display_alarm_s > 0).then(|| Duration::from_secs(self.display_alarm_s))
    }

    /// Returns the scheme of the node's own address.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_on() { "https" } else { "http" }
    }

    /// Whether every client uses TLS, as far as the settings say.
    #[must_use]
    pub fn is_over_tls(&self) -> bool {
        self.tls.is_on() || self.public_url().is_some_and(|url| url.starts_with("https://"))
    }

    /// Returns the host of the address for guests.
    #[must_use]
    pub fn public_host(&self) -> Option<String> {
        let url = self.public_url()?.parse::<url::Url>().ok()?;
        url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned())
    }

    /// Refuses plain HTTP on a network, unless a proxy in front is declared, and addresses that contradict TLS.
    fn check_encryption(&self) -> Result<(), Refused> {
        let is_plain_url = self.public_url().is_some_and(|url| url.starts_with("http://"));
        match self.tls.files()? {
            Some(_) if is_plain_url => Err(Refused::PublicUrlWithoutTls),
            None if !self.bind.ip().to_canonical().is_loopback() && !self.proxy.is_behind_proxy() => {
                Err(Refused::PlainHttp(self.bind))
            }
            _ => Ok(()),
        }
    }

    /// Refuses combinations of settings that cannot work.
    ///
    /// # Errors
    /// [`Refused`], with the remedy.
    pub fn check(&self, common: &Common) -> Result<(), Refused> {
        self.check_encryption()?;
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
    fn switches_accept_common_spellings() {
        for (text, expected) in
            [("1", true), ("true", true), ("YES", true), ("on", true), ("", false), ("0", false), ("off", false)]
        {
            assert_eq!(parse_switch(text), Ok(expected), "{text}");
        }
        assert!(parse_switch("maybe").is_err());
    }

    #[test]
    fn a_subject_is_a_contact() {
        for good in ["mailto:ops@example.com", "https://example.com/contact", ""] {
            assert_eq!(parse_subject(good), Ok(good.to_owned()));
        }
        for bad in ["ops@example.com", "http://example.com", "mailto:"] {
            assert!(parse_subject(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn log_filters_have_levels() {
        for good in ["info", "INFO", "", "info,sqlx=warn,redis=error", "orderbell::feed=debug", "debug/orders", "off"] {
            assert_eq!(parse_log(good), Ok(good.to_owned()));
        }
        for bad in ["nonsense", "info,nonsense", "orderbell=loud", "orderbell::feed"] {
            assert!(parse_log(bad).is_err(), "{bad}");
        }
    }

    fn serve(flags: &[&str]) -> Serve {
        use clap::FromArgMatches;
        let command = Serve::augment_args(clap::Command::new("serve")).mut_args(|flag| flag.env(None));
        let words = ["serve"].iter().chain(flags);
        Serve::from_arg_matches(&command.try_get_matches_from(words).unwrap()).unwrap()
    }

    #[test]
    fn plain_http_on_a_network_is_refused_without_a_proxy() {
        let tls = ["--tls-certificate", "c.pem", "--tls-key", "k.pem"];
        for bind in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:8080", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80"] {
            assert_eq!(serve(&["--bind", bind]).check_encryption(), Err(Refused::PlainHttp(bind.parse().unwrap())), "{bind}");
            for way in [&["--behind-proxy"][..], &["--trust-forwarded-for"], &tls] {
                assert_eq!(serve(&[&["--bind", bind], way].concat()).check_encryption(), Ok(()), "{bind} {way:?}");
            }
        }
        for bind in ["127.0.0.1:8080", "127.0.0.9:0", "[::1]:8080", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(serve(&["--bind", bind]).check_encryption(), Ok(()), "{bind}");
        }
    }

    #[test]
    fn the_settings_of_tls_belong_together() {
        let tls = ["--tls-certificate", "c.pem", "--tls-key", "k.pem"];
        for half in [&tls[..2], &tls[2..], &["--tls-certificate", "c.pem", "--tls-key", ""]] {
            assert_eq!(serve(half).check_encryption(), Err(Refused::HalfTls(HalfPair)), "{half:?}");
        }
        assert_eq!(serve(&["--tls-certificate", "", "--tls-key", ""]).scheme(), "http");
        let with = |url| serve(&[&tls[..], &["--public-url", url]].concat());
        assert_eq!(with("http://orders.example.com").check_encryption(), Err(Refused::PublicUrlWithoutTls));
        let secure = with("https://[2001:db8::1]:8443/orders");
        assert_eq!((secure.check_encryption(), secure.scheme(), secure.is_over_tls()), (Ok(()), "https", true));
        assert_eq!(secure.public_host().as_deref(), Some("2001:db8::1"));
        assert_eq!(with("https://Orders.example.com/").public_host().as_deref(), Some("orders.example.com"));
    }

    /// One in 64 keys in base64url begins with a hyphen.
    #[test]
    fn secrets_may_begin_with_a_hyphen() {
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
    fn an_empty_database_url_is_the_default_and_others_are_unchanged() {
        let read = |text| read_database_url(text).map(|url| url.expose_secret().to_owned());
        assert_eq!(read(" "), Ok(DEFAULT_DATABASE.to_owned()));
        assert_eq!(read("postgres://u@h/d"), Ok("postgres://u@h/d".to_owned()));
        assert_eq!(read("mysql://u@h/d"), Ok("mysql://u@h/d".to_owned()), "refused later");
    }
}
