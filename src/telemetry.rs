//! Logging and metrics of a node, without any token, password, table key or guest's note.

mod figures;
pub mod logging;
pub mod request;
pub mod webhooks;

use crate::domain::model::principal::Role;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Returns an error with its causes, without repetitions, since many errors of libraries repeat
/// their cause.
#[must_use]
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.fold(String::new(), |text, cause| match (text.is_empty(), cause.to_string()) {
        (true, cause) => cause,
        (false, cause) if text.contains(&cause) => text,
        (false, cause) => format!("{text}: {cause}"),
    })
}

/// The label `role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByRole {
    /// A principal's role.
    pub role: &'static str,
}

/// The label `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByKind {
    /// A room's kind.
    pub kind: &'static str,
}

/// The label `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByLimit {
    /// A limit's name.
    pub limit: &'static str,
}

/// The label `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByCode {
    /// A close code.
    pub code: u16,
}

/// The label `fate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByFate {
    /// The fate of a message.
    pub fate: &'static str,
}

/// The label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByReason {
    /// A reason's word.
    pub reason: &'static str,
}

/// The labels of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByOutcome {
    /// The action's word, or `place`.
    pub action: &'static str,
    /// `changed`, `unchanged`, `repeated`, or an error code.
    pub outcome: &'static str,
}

/// The outcome of a handshake, of TLS or a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByHandshake {
    outcome: &'static str,
}

/// The outcome of a subscription with a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResumeOutcome {
    /// Answered from the room's tail, without the database.
    Tail,
    /// Answered from the log.
    Log,
    /// Answered with a snapshot, since the cursor was unusable.
    Snapshot,
}

impl ResumeOutcome {
    /// All outcomes.
    const ALL: [Self; 3] = [Self::Tail, Self::Log, Self::Snapshot];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Tail => "tail",
            Self::Log => "log",
            Self::Snapshot => "snapshot",
        }
    }
}

/// The label `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByResume {
    outcome: &'static str,
}

/// The labels of HTTP calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByRoute {
    /// The method, if the server knows it.
    pub method: &'static str,
    /// The pattern of the path, or `none`.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
}

/// The label `action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByAction {
    /// The action's word, `place` or `menu`.
    pub action: &'static str,
}

/// A transport of live connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// A WebSocket.
    WebSocket,
    /// A stream of server-sent events.
    Sse,
    /// One long poll.
    LongPoll,
}

impl TransportKind {
    /// All transports.
    const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::LongPoll];

    /// Returns the word for labels and log lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::LongPoll => "long_poll",
        }
    }
}

/// The label `transport`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByTransport {
    transport: &'static str,
}

/// The labels of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// The buckets of durations, in seconds: from half a millisecond to 16 seconds.
const BUCKETS: (f64, f64, u16) = (0.000_5, 2.0, 16);

fn durations() -> Histogram {
    let (first, factor, count) = BUCKETS;
    Histogram::new(exponential_buckets(first, factor, count))
}

/// The metrics of a node. Handles are cheap to clone and may be used from every thread.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // each says what it counts where it is registered
pub struct Metrics {
    registry: std::sync::Arc<Registry>,
    pub http_request_duration: Family<ByRoute, Histogram>,
    pub connections: Family<ByRole, Gauge>,
    pub connections_by_transport: Family<ByTransport, Gauge>,
    pub plain_connections: Gauge,
    pub rooms: Family<ByKind, Gauge>,
    pub members: Family<ByKind, Gauge>,
    pub feeds: Gauge,
    pub snapshot_bytes: Gauge,
    pub deliveries: Counter,
    pub delivered_bytes: Counter,
    pub commit_to_delivery: Histogram,
    pub command_duration: Family<ByAction, Histogram>,
    pub commit_duration: Histogram,
    pub resumes: Family<ByResume, Counter>,
    pub evictions: Counter,
    pub lagging: Counter,
    pub feed_repairs: Counter,
    pub histories_rewritten: Counter,
    pub announcements_dropped: Counter,
    pub limit_hits: Family<ByLimit, Counter>,
    pub closes: Family<ByCode, Counter>,
    pub forwarding_ignored: Family<ByReason, Counter>,
    pub commands: Family<ByOutcome, Counter>,
    pub seen: Counter,
    pub floor_seen: Counter,
    pub handshakes: Family<ByHandshake, Counter>,
    pub tls_handshakes: Family<ByHandshake, Counter>,
    /// Has no value on a node without TLS.
    pub certificate_remaining: figures::LateGauge,
    pub ready: Gauge,
    pub database_writable: Gauge,
    pub feature_level: Gauge,
    /// Has no value on a node without Redis.
    pub redis_healthy: figures::LateGauge,
    pub redis_rebuilds: Counter,
    pub broker_messages: Family<ByFate, Counter>,
    pub pushes: Family<ByFate, Counter>,
    pub webhooks: webhooks::WebhookMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Makes and registers all metrics.
    #[must_use]
    pub fn new() -> Self {
        let mut root = Registry::default();
        let mut metrics = Self {
            registry: std::sync::Arc::default(),
            http_request_duration: Family::new_with_constructor(durations),
            connections: Family::default(),
            connections_by_transport: Family::default(),
            plain_connections: Gauge::default(),
            rooms: Family::default(),
            members: Family::default(),
            feeds: Gauge::default(),
            snapshot_bytes: Gauge::default(),
            deliveries: Counter::default(),
            delivered_bytes: Counter::default(),
            commit_to_delivery: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            command_duration: Family::new_with_constructor(durations),
            commit_duration: durations(),
            resumes: Family::default(),
            evictions: Counter::default(),
            lagging: Counter::default(),
            feed_repairs: Counter::default(),
            histories_rewritten: Counter::default(),
            announcements_dropped: Counter::default(),
            limit_hits: Family::default(),
            closes: Family::default(),
            forwarding_ignored: Family::default(),
            commands: Family::default(),
            seen: Counter::default(),
            floor_seen: Counter::default(),
            handshakes: Family::default(),
            tls_handshakes: Family::default(),
            certificate_remaining: figures::LateGauge::default(),
            ready: Gauge::default(),
            database_writable: Gauge::default(),
            feature_level: Gauge::default(),
            redis_healthy: figures::LateGauge::default(),
            redis_rebuilds: Counter::default(),
            broker_messages: Family::default(),
            pushes: Family::default(),
            webhooks: webhooks::WebhookMetrics::default(),
        };
        root.register_collector(Box::new(figures::Process));
        let registry = root.sub_registry_with_prefix("orderbell");
        metrics.register_live(registry);
        metrics.register_counts(registry);
        metrics.register_broker(registry);
        metrics.webhooks.register(registry);
        metrics.registry = std::sync::Arc::new(root);
        metrics.begin_labels();
        metrics
    }

    /// Begins the values of labels that are few and known at zero, so that a rate includes the first increment.
    fn begin_labels(&self) {
        for outcome in ResumeOutcome::ALL {
            drop(self.resumes.get_or_create(&ByResume { outcome: outcome.as_str() }));
        }
        for role in Role::ALL {
            drop(self.connections.get_or_create(&ByRole { role: role.as_str() }));
        }
        for transport in TransportKind::ALL {
            self.connections_of(transport).set(0);
        }
    }

    fn register_live(&self, registry: &mut Registry) {
        let build: Family<Build, Gauge> = Family::default();
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "1, with the version of this node", build);
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to the head of its answer, by method, route and status",
            Unit::Seconds,
            self.http_request_duration.clone(),
        );
        registry.register("connections_by_transport", "Open connections by transport", self.connections_by_transport.clone());
        registry.register("connections", "Open connections by role", self.connections.clone());
        registry.register("plain_connections", "Open HTTP connections, without WebSockets", self.plain_connections.clone());
        registry.register("rooms", "Rooms with members on this node, by kind", self.rooms.clone());
        registry.register("members", "Memberships of rooms, by the room's kind", self.members.clone());
        registry.register("feeds", "Feeds with rooms on this node", self.feeds.clone());
        registry.register_with_unit(
            "snapshots",
            "Memory of the snapshots of kitchens and floors, which all their readers share",
            Unit::Bytes,
            self.snapshot_bytes.clone(),
        );
        registry.register_with_unit(
            "commit_to_delivery",
            "Time from an event's commit to its delivery to a room's members",
            Unit::Seconds,
            self.commit_to_delivery.clone(),
        );
    }

    fn register_counts(&self, registry: &mut Registry) {
        registry.register("deliveries", "Frames sent to members", self.deliveries.clone());
        registry.register_with_unit("delivered", "Bytes sent to members", Unit::Bytes, self.delivered_bytes.clone());
        registry.register_with_unit(
            "command_duration",
            "Time of a command from its arrival to its answer, by action",
            Unit::Seconds,
            self.command_duration.clone(),
        );
        registry.register_with_unit(
            "commit_duration",
            "Time of a commit, with its wait for the database",
            Unit::Seconds,
            self.commit_duration.clone(),
        );
        registry.register(
            "handshakes",
            "Handshakes of WebSockets: accepted, or the code of the refusal",
            self.handshakes.clone(),
        );
        registry.register(
            "tls_handshakes",
            "TLS handshakes by outcome: accepted, failed, late, evicted",
            self.tls_handshakes.clone(),
        );
        registry.register_with_unit(
            "certificate_remaining",
            "Time until this node's certificate expires; absent without TLS",
            Unit::Seconds,
            self.certificate_remaining.clone(),
        );
        registry.register("resumes", "Subscriptions with a cursor, by outcome", self.resumes.clone());
        registry.register("evictions", "Members evicted for reading too slowly", self.evictions.clone());
        registry.register("lagging", "Times a member's mailbox was full", self.lagging.clone());
        registry.register("feed_repairs", "Times a feed read unannounced events from the log", self.feed_repairs.clone());
        registry.register(
            "histories_rewritten",
            "Times the database came back without events of a feed that this node knew",
            self.histories_rewritten.clone(),
        );
        registry.register(
            "announcements_dropped",
            "Announcements dropped by a full queue; feeds read the events from the log",
            self.announcements_dropped.clone(),
        );
        registry.register("limit_hits", "Refusals by a limit", self.limit_hits.clone());
        registry.register(
            "forwarding_ignored",
            "Requests without a usable client address from the proxy, by reason; they share the peer's limits",
            self.forwarding_ignored.clone(),
        );
        registry.register("closes", "Connections closed by the server, by close code", self.closes.clone());
        registry.register("commands", "Commands by action and outcome", self.commands.clone());
        registry.register("seen", "Display receipts recorded", self.seen.clone());
        registry.register("floor_seen", "Floor receipts recorded", self.floor_seen.clone());
        registry.register("pushes", "Messages to phones, by fate", self.pushes.clone());
    }

    fn register_broker(&self, registry: &mut Registry) {
        registry.register(
            "redis_healthy",
            "1 while messages to and from other nodes are known to arrive, 0 otherwise; absent without Redis",
            self.redis_healthy.clone(),
        );
        registry.register("ready", "1 if this node was ready when it was last asked, 0 otherwise", self.ready.clone());
        registry.register(
            "database_writable",
            "1 while the database accepts writes, 0 otherwise",
            self.database_writable.clone(),
        );
        registry.register(
            "feature_level",
            "The feature level in force, the lowest of all nodes on the database",
            self.feature_level.clone(),
        );
        registry.register("redis_rebuilds", "Connections to Redis dropped and made again", self.redis_rebuilds.clone());
        registry.register(
            "broker_messages",
            "Messages between nodes, by fate; feeds read lost events from the log",
            self.broker_messages.clone(),
        );
    }

    /// Counts the outcome of a WebSocket's handshake.
    pub fn handshake(&self, outcome: &'static str) {
        self.handshakes.get_or_create(&ByHandshake { outcome }).inc();
    }

    /// Counts the outcome of a TLS handshake.
    pub fn tls_handshake(&self, outcome: &'static str) {
        self.tls_handshakes.get_or_create(&ByHandshake { outcome }).inc();
    }

    /// Returns the gauge of a transport's connections.
    #[must_use]
    pub fn connections_of(&self, transport: TransportKind) -> impl std::ops::Deref<Target = Gauge> + '_ {
        self.connections_by_transport.get_or_create(&ByTransport { transport: transport.as_str() })
    }

    /// Counts a subscription with a cursor.
    pub fn resumed(&self, outcome: ResumeOutcome) {
        self.resumes.get_or_create(&ByResume { outcome: outcome.as_str() }).inc();
    }

    /// Counts the fate of a message between nodes.
    pub fn fate(&self, fate: &'static str) {
        self.broker_messages.get_or_create(&ByFate { fate }).inc();
    }

    /// Counts a refusal by a limit.
    pub fn hit(&self, limit: &'static str) {
        self.limit_hits.get_or_create(&ByLimit { limit }).inc();
    }

    /// Counts a forwarding header that could not be used.
    pub fn ignored_forwarding(&self, reason: &'static str) {
        self.forwarding_ignored.get_or_create(&ByReason { reason }).inc();
    }

    /// Returns the metrics as OpenMetrics text.
    #[must_use]
    pub fn scrape(&self) -> String {
        let mut text = String::with_capacity(8192);
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// Returns the metrics in Prometheus' text format 0.0.4.
    #[must_use]
    pub fn scrape_as_prometheus(&self) -> String {
        as_prometheus(&self.scrape())
    }
}

/// Converts OpenMetrics text. The older format names counters with their suffix, and has neither
/// units nor an end mark.
fn as_prometheus(openmetrics: &str) -> String {
    let counters: Vec<&str> =
        openmetrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", what, name, rest] if counters.contains(name) => text.push_str(&format!("# {what} {name}_total {rest}")),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_not_repeated() {
        let cause = anyhow::anyhow!("connection refused").context("error of the network: connection refused");
        let error = cause.context("no database");
        assert_eq!(causes(error.as_ref()), "no database: error of the network: connection refused");
    }

    #[test]
    fn a_scrape_names_what_was_counted() {
        let metrics = Metrics::new();
        metrics.hit("rooms");
        metrics.resumed(ResumeOutcome::Tail);
        metrics.commands.get_or_create(&ByOutcome { action: "accept", outcome: "changed" }).inc();
        let text = metrics.scrape();
        for line in [
            "orderbell_limit_hits_total{limit=\"rooms\"} 1",
            "orderbell_resumes_total{outcome=\"tail\"} 1",
            "orderbell_resumes_total{outcome=\"snapshot\"} 0",
            "process_open_fds ",
            "orderbell_commands_total{action=\"accept\",outcome=\"changed\"} 1",
            "orderbell_commit_to_delivery_seconds_count 0",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        let plain = metrics.scrape_as_prometheus();
        for (line, is_there) in [
            ("# TYPE orderbell_limit_hits_total counter\n", true),
            ("# HELP orderbell_limit_hits_total Refusals by a limit.\n", true),
            ("orderbell_limit_hits_total{limit=\"rooms\"} 1\n", true),
            ("# TYPE orderbell_commit_to_delivery_seconds histogram\n", true),
            ("# TYPE orderbell_feeds gauge\n", true),
            ("# UNIT", false),
            ("# EOF", false),
        ] {
            assert_eq!(plain.contains(line), is_there, "{line} in {plain}");
        }
    }
}
