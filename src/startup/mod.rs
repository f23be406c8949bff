//! The composition root: makes the parts of a node, joins them, runs them, and lets them go in order.

mod banner;
mod descriptors;
mod drain;
pub mod healthcheck;
mod keys;
mod server;

pub use keys::keyring;

use crate::auth::ended::{EndedSessions, Listener, Notice};
use crate::auth::session::{Lifetimes, SessionService, SignInRules};
use crate::commands::Commands;
use crate::config::{Common, NodeRole, Serve};
use crate::connection::sockets::registry::{Bounds, Plain};
use crate::connection::{Census, Services};
use crate::domain::values::level::Level;
use crate::feed::{Directory, FeedRegistry};
use crate::housekeeping::levels::Watcher;
use crate::http::rate_limit::Rates;
use crate::http::rate_limit::gate::Rate;
use crate::http::{self, State};
use crate::push::hosts::Hosts;
use crate::push::vapid::{Vapid, VapidKey};
use crate::push::{self, Push};
use crate::screens::reporter::Displays;
use crate::screens::{orphan_sweep, unseen_alarm};
use crate::store::nodes::LevelInForce;
use crate::store::open::open;
use crate::store::options::{Mode, Settings};
use crate::store::{SharedStore, StoreError};
use crate::telemetry::Metrics;
use crate::{broker, demo, housekeeping};
use actix::Actor;
use anyhow::Context;
use descriptors::Division;
use keys::Keys;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Why a node does not start that cannot tell whom to admit.
const NOBODY_ADMITTED: &str = "cannot read which sessions have ended, and nobody is admitted without it";

/// The most time for closing the database.
const CLOSING: Duration = Duration::from_secs(5);
/// How often idle connections are looked for.
const SWEEP: Duration = Duration::from_secs(2);

/// What messages to phones are signed with and where they may go; none without a key.
fn push(serve: &Serve) -> anyhow::Result<Option<Arc<Push>>> {
    let Some((key, subject)) = serve.vapid()? else { return Ok(None) };
    let vapid = Vapid::new(&VapidKey::parse(key)?, subject)?;
    Ok(Some(Arc::new(Push::new(vapid, Hosts::new(serve.push_hosts.clone())))))
}

/// Everything a node is made of.
struct Node {
    store: SharedStore,
    ended: Arc<EndedSessions>,
    commands: Commands,
    services: Arc<Services>,
    state: State,
    directory: Directory,
    plain: Plain,
}

impl Node {
    fn new(
        keys: &Keys,
        serve: &Serve,
        division: Division,
        store: SharedStore,
        demo: Option<http::Demo>,
        push: Option<Arc<Push>>,
        level: LevelInForce,
    ) -> Self {
        let metrics = Metrics::new();
        let ended = Arc::new(EndedSessions::new(Duration::from_millis(serve.ended_patience_ms)));
        let snapshot_bytes = usize::try_from(serve.limits.snapshot_bytes).unwrap_or(usize::MAX);
        let directory = Directory::with_budget(store.clone(), metrics.clone(), snapshot_bytes);
        let commands = Commands::new(directory.clone(), serve.limits.orders.rates()).at_level(level.clone());
        let draining = Arc::new(AtomicBool::new(false));
        let proxies = Arc::new(serve.proxy.proxies(metrics.clone()));
        let access = serve.access_token_life();
        let staff_idle = Duration::from_secs(serve.staff_idle_hours * 60 * 60);
        let lifetimes = Lifetimes { access, staff_idle, ..Lifetimes::default() };
        let rules = SignInRules {
            managers_need_totp: serve.require_manager_totp,
            secret_tries: serve.limits.secret_tries,
            proof_life: Duration::from_secs(serve.confirm_password_minutes * 60),
        };
        let begins_sessions = |issuer| {
            let sessions = SessionService::new(store.clone(), issuer, ended.clone(), lifetimes);
            sessions.counting(metrics.clone()).with_rules(rules)
        };
        let services = Arc::new(Services {
            directory: directory.clone(),
            commands: commands.clone(),
            tokens: keys.verifier.clone(),
            ended: ended.clone(),
            census: Census::new(draining.clone()),
            displays: Displays::new(store.node(), serve.display_spans()),
            limits: serve.limits.connection(division.connections),
            origins: serve.allowed_origins(),
            proxies: proxies.clone(),
            keep_addresses: !serve.retention.no_audit_addresses,
            is_public_over_tls: serve.public_url().is_some_and(|url| url.starts_with("https://")),
            version: http::version(),
            level,
            is_open: serve.role != NodeRole::Api,
            metrics: metrics.clone(),
        });
        let state = State {
            menus: Arc::default(),
            store: store.clone(),
            sessions: keys.issuer.clone().map(begins_sessions),
            tokens: keys.verifier.clone(),
            ended: ended.clone(),
            commands: commands.clone(),
            live: services.clone(),
            limits: Arc::new(http::Limits::new(rates(serve), metrics.clone()).behind(proxies.clone())),
            metrics,
            demo: demo.map(Arc::new),
            push,
            body_bytes: serve.limits.body_bytes as usize,
            base: http::Base::new(serve.public_url(), proxies),
            draining,
            faces: http::Faces { calls: serve.role != NodeRole::Realtime, rooms: serve.role != NodeRole::Api },
            redis: Arc::default(),
        };
        let plain = Plain::new(bounds(serve, division), services.metrics.clone());
        Self { store, ended, commands, services, state, directory, plain }
    }

    /// Starts what runs beside the connections.
    fn start_background(&self, keys: &Keys, serve: &Serve) -> anyhow::Result<()> {
        let registry = FeedRegistry::new(self.directory.clone(), Duration::from_secs(serve.head_comparison_s)).start();
        if let (Some(url), Some(key)) = (serve.redis(), &keys.messages) {
            let broker = broker::start(url, key, self.directory.clone(), registry)?;
            let health = broker.health.clone();
            // Set once, here; a node without Redis has nothing to tell of it.
            let _ = self.state.redis.set(Box::new(move || health.is_healthy()));
        }
        if let Some(push) = &self.state.push {
            push::start(push.clone(), &self.directory)?;
        }
        let (store, commands, ended) = (self.store.clone(), self.commands.clone(), self.ended.clone());
        housekeeping::start(store, commands, ended, self.state.limits.clone(), serve.retention.idle_visits());
        actix_rt::spawn(housekeeping::retention::keep(self.store.clone(), serve.retention.clone(), serve.access_token_life()));
        // Listens before the first connection is taken, so that no end goes unheard.
        actix_rt::spawn(close_ended(self.services.clone(), self.ended.listen()));
        actix_rt::spawn(close_idle(self.plain.clone()));
        actix_rt::spawn(housekeeping::writes::watch(self.store.clone(), self.state.metrics.clone()));
        let (store, commands) = (self.store.clone(), self.commands.clone());
        actix_rt::spawn(self.services.displays.clone().keep(store.clone(), commands.clone(), self.services.metrics.clone()));
        actix_rt::spawn(orphan_sweep::sweep(store.clone(), commands.clone(), serve.display_spans().lease));
        actix_rt::spawn(unseen_alarm::watch(store, commands, serve.display_alarm()));
        Ok(())
    }
}

/// Closes the connections of sessions that end, on this node or another.
async fn close_ended(services: Arc<Services>, mut listener: Listener) {
    while let Some(notice) = listener.next().await {
        match notice {
            Notice::Ended(session) => services.census.end_session(&session),
            Notice::Missed => services.census.check_all(),
        }
    }
}

/// Closes plain connections that have waited too long for a request.
async fn close_idle(plain: Plain) {
    loop {
        plain.sweep();
        tokio::time::sleep(SWEEP).await;
    }
}

/// Behind a proxy all connections are of its address, which is no share of anybody's.
fn bounds(serve: &Serve, division: Division) -> Bounds {
    let total = division.sockets as usize;
    let per_address = serve.limits.connections_per_address.map_or(total - total / 4, |most| most as usize);
    Bounds {
        total,
        per_address: (!serve.proxy.trust_forwarded_for).then_some(per_address),
        unread_bytes: usize::try_from(serve.limits.unread_bytes).unwrap_or(usize::MAX),
        write_timeout: Duration::from_millis(serve.limits.write_timeout_ms),
    }
}

/// Runs a node until it is told to stop.
///
/// # Errors
/// A refused configuration, a database that cannot be opened, an address that cannot be bound.
pub async fn serve(common: &Common, serve: &Serve) -> anyhow::Result<()> {
    serve.check(common)?;
    let division = descriptors::prepare(serve.limits.connections, common.database_connections);
    let settings = Settings { mode: Mode::Serve, connections: common.database_connections };
    let store = open(common.database_url.expose_secret(), settings).await?;
    let outcome = run(common, serve, division, store.clone()).await;
    if tokio::time::timeout(CLOSING, store.close()).await.is_err() {
        log::warn!("the database was not closed in time");
    }
    outcome
}

async fn run(common: &Common, serve: &Serve, division: Division, store: SharedStore) -> anyhow::Result<()> {
    let keys = Keys::of(&keyring(common)?, serve)?;
    let listener = server::listen(serve.bind)?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        demo::refuse_public(&store).await?;
    }
    let demo = match serve.demo {
        true => Some(banner::make_demo(&store, serve, address).await?),
        false => None,
    };
    let own = Level::new(serve.feature_level);
    let level = LevelInForce::new(if common.is_sqlite() { own } else { Level::ZERO });
    let node = Node::new(&keys, serve, division, store, demo, push(serve)?, level);
    housekeeping::read_ended(node.store.as_ref(), &node.ended).await.context(NOBODY_ADMITTED)?;
    if common.is_sqlite() {
        node.state.metrics.feature_level.set(i64::from(own.number()));
    } else {
        watch_levels(&node, serve).await.context("cannot register this node")?;
    }
    node.start_background(&keys, serve)?;
    let server = server::server(&node, serve, listener)?;
    let handle = server.handle();
    // Before anybody is told that it listens: from then on a signal is an orderly stop.
    let signals = drain::Signals::listen()?;
    let running = actix_rt::spawn(server);
    banner::warn_of_plain_http(serve, address);
    banner::announce(node.store.epoch(), address)?;
    let drained = tokio::select! {
        drained = drain::drain(&node.services.census, &handle, signals, Duration::from_secs(serve.drain_s)) => drained,
        // Nothing more can be acknowledged, so there is nothing to take leave for: clients come back to whoever is next.
        why = node.store.lost() => anyhow::bail!(why),
    };
    if drained {
        running.await.context("the server's task")??;
    }
    if !common.is_sqlite() && node.store.unregister(node.store.node(), None).await.is_err() {
        log::warn!("this node's row stays until other nodes find that it is gone");
    }
    log::info!(connections = node.services.census.count(); "stopped");
    Ok(())
}

/// Registers this node beside the others on its database, before it takes a connection, and watches them from then on.
async fn watch_levels(node: &Node, serve: &Serve) -> Result<(), StoreError> {
    let (store, in_force, metrics) = (node.store.clone(), node.services.level.clone(), node.state.metrics.clone());
    let lease = serve.display_spans().lease;
    let mut watcher = Watcher::new(store, Level::new(serve.feature_level), in_force, metrics, lease);
    watcher.look().await?;
    actix_rt::spawn(watcher.watch());
    Ok(())
}

fn rates(serve: &Serve) -> Rates {
    let limits = &serve.limits;
    Rates {
        logins: Rate::per_minute(limits.logins_per_minute),
        diners: Rate::new(limits.diner_sessions_per_second.saturating_mul(10), limits.diner_sessions_per_second),
        handshakes: Rate::new(limits.handshake_burst, limits.handshakes_per_second),
        guesses: Rate::per_hour(limits.wrong_passwords_per_hour),
        ..Rates::default()
    }
}
