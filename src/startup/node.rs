//! The parts of a node, and its background tasks.

use super::descriptors::Division;
use super::keys::Keys;
use crate::auth::ended::{EndedSessions, Listener, Notice};
use crate::auth::management::Management;
use crate::auth::password::Passwords;
use crate::auth::session::{Lifetimes, Sessions, SignInRules};
use crate::commands::Commands;
use crate::config::Serve;
use crate::connection::sockets::registry::{Bounds, Plain};
use crate::connection::{ConnectionRegistry, Node};
use crate::feed::{FeedRegistry, HeadChecker};
use crate::http::rate_limit::Rates;
use crate::http::rate_limit::gate::Rate;
use crate::http::{self, State};
use crate::outbound::client::Client;
use crate::outbound::hosts::Hosts;
use crate::outbound::targets::Targets;
use crate::pictures::Workshop;
use crate::push::{self, Push};
use crate::screens::reporter::Displays;
use crate::screens::{orphan_sweep, unseen_alarm};
use crate::store::SharedStore;
use crate::store::nodes::LevelInForce;
use crate::telemetry::Metrics;
use crate::tls::reload::Reloader;
use crate::webhooks::{self, sender::Sender};
use crate::{broker, housekeeping};
use actix::Actor;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The period of checks for idle connections.
const SWEEP: Duration = Duration::from_secs(2);

/// A node with its server parts: the state of HTTP, and its plain connections.
pub(super) struct Parts {
    pub(super) node: Arc<Node>,
    pub(super) state: State,
    pub(super) plain: Plain,
    pub(super) tls: Option<Reloader>,
}

impl Parts {
    pub(super) fn new(
        keys: &Keys,
        serve: &Serve,
        division: Division,
        store: SharedStore,
        demo: Option<http::Demo>,
        push: Option<Arc<Push>>,
        level: LevelInForce,
    ) -> anyhow::Result<Self> {
        let metrics = Metrics::new();
        let ended = Arc::new(EndedSessions::new(Duration::from_millis(serve.ended_patience_ms)));
        let snapshot_bytes = usize::try_from(serve.limits.snapshot_bytes).unwrap_or(usize::MAX);
        let feeds = FeedRegistry::with_budget(store.clone(), metrics.clone(), snapshot_bytes);
        let commands = Commands::new(feeds.clone(), serve.limits.orders.rates()).at_level(level.clone());
        let proxies = Arc::new(serve.proxy.proxies(metrics.clone()));
        let access = serve.access_token_life();
        let staff_idle = Duration::from_secs(serve.staff_idle_hours * 60 * 60);
        let lifetimes = Lifetimes { access, staff_idle, ..Lifetimes::default() };
        let rules = SignInRules {
            managers_need_totp: serve.require_manager_totp,
            secret_tries: serve.limits.secret_tries,
            proof_life: Duration::from_secs(serve.confirm_password_minutes * 60),
        };
        let passwords = Passwords::default();
        let sessions = |issuer| {
            let sessions = Sessions::new(store.clone(), issuer, ended.clone(), lifetimes);
            sessions.counting(metrics.clone()).sharing(passwords.clone()).with_rules(rules)
        };
        let node = Arc::new(Node {
            store: store.clone(),
            feeds,
            commands,
            tokens: keys.verifier.clone(),
            ended: ended.clone(),
            connections: ConnectionRegistry::default(),
            screens: Displays::new(store.node(), serve.display_spans()),
            limits: serve.limits.connection(division.connections),
            origins: serve.allowed_origins(),
            proxies: proxies.clone(),
            keep_addresses: !serve.retention.no_audit_addresses,
            is_public_over_tls: serve.is_over_tls(),
            version: http::version(),
            level,
            role: serve.role,
            metrics: metrics.clone(),
        });
        let state = State {
            node: node.clone(),
            sessions: keys.issuer.clone().map(sessions),
            webhooks: Arc::new(Sender::new(receivers(serve)?, store.clone(), metrics.webhooks.clone())),
            pings: Arc::new(Semaphore::new(http::state::PINGS)),
            management: Management::new(store, ended, passwords),
            limits: Arc::new(http::Limits::new(rates(serve), metrics.clone()).behind(proxies.clone())),
            body_bytes: serve.limits.body_bytes as usize,
            menus: Arc::default(),
            workshop: Workshop::start().context("no thread for pictures")?,
            uploads: Arc::new(Semaphore::new(http::state::UPLOADS)),
            base: http::PublicUrl::new(serve.public_url(), proxies).over_tls(serve.is_over_tls()),
            demo: demo.map(Arc::new),
            push,
            redis: Arc::default(),
            has_metrics_address: serve.metrics_bind.is_some(),
        };
        let tls = serve.tls.files()?.map(|files| Reloader::new(files, serve.public_host(), metrics.clone())).transpose()?;
        let plain = Plain::new(bounds(serve, division), metrics);
        Ok(Self { node, state, plain, tls })
    }

    /// Starts the background tasks.
    pub(super) fn start_background(&self, keys: &Keys, serve: &Serve) -> anyhow::Result<()> {
        let Node { store, feeds, commands, ended, screens, metrics, .. } = &*self.node;
        let head_checker = HeadChecker::new(feeds.clone(), Duration::from_secs(serve.head_comparison_s)).start();
        if let (Some(url), Some(key)) = (serve.redis(), &keys.messages) {
            let broker = broker::start(url, key, feeds.clone(), head_checker)?;
            let health = broker.health.clone();
            // Set only here; a node without Redis has no health to report.
            let _ = self.state.redis.set(Box::new(move || health.is_healthy()));
        }
        if let Some(push) = &self.state.push {
            push::start(push.clone(), feeds)?;
        }
        if serve.role.serves_api() {
            webhooks::start(self.state.webhooks.clone(), feeds);
        }
        let limits = self.state.limits.clone();
        housekeeping::start(store.clone(), commands.clone(), ended.clone(), limits, serve.retention.idle_visits());
        actix_rt::spawn(housekeeping::retention::run(store.clone(), serve.retention.clone(), serve.access_token_life()));
        // Listens before the first connection is accepted, so that no ended session is missed.
        actix_rt::spawn(close_ended(self.node.clone(), ended.listen()));
        actix_rt::spawn(close_idle(self.plain.clone()));
        actix_rt::spawn(housekeeping::origin::keep(store.clone()));
        actix_rt::spawn(housekeeping::writes::watch(store.clone(), metrics.clone()));
        actix_rt::spawn(screens.clone().run(store.clone(), commands.clone(), metrics.clone()));
        actix_rt::spawn(orphan_sweep::sweep(store.clone(), commands.clone(), serve.display_spans().lease));
        actix_rt::spawn(unseen_alarm::watch(store.clone(), commands.clone(), serve.display_alarm()));
        Ok(())
    }
}

/// Closes the connections of sessions that end on any node.
async fn close_ended(node: Arc<Node>, mut listener: Listener) {
    while let Some(notice) = listener.next().await {
        match notice {
            Notice::Ended(session) => node.connections.end_session(&session),
            Notice::Missed => node.connections.check_all(),
        }
    }
}

/// Closes plain connections that have been idle too long.
async fn close_idle(plain: Plain) {
    loop {
        plain.sweep();
        tokio::time::sleep(SWEEP).await;
    }
}

/// Returns the bounds of sockets. Behind a proxy, no bound applies to an address, since all connections come from the proxy's
/// address.
fn bounds(serve: &Serve, division: Division) -> Bounds {
    let total = division.sockets as usize;
    let per_address = serve.limits.connections_per_address.map_or(total - total / 4, |most| most as usize);
    Bounds {
        total,
        per_address: (!serve.proxy.trust_forwarded_for).then_some(per_address),
        unread_bytes: usize::try_from(serve.limits.unread_bytes).unwrap_or(usize::MAX),
        write_timeout: Duration::from_millis(serve.limits.write_timeout_ms),
        head_timeout: Duration::from_millis(serve.limits.head_timeout_ms),
    }
}

/// Returns the client for receivers of webhooks.
fn receivers(serve: &Serve) -> anyhow::Result<Client> {
    Client::new(Targets::Public { internal: Hosts::new(serve.webhook_internal_hosts.clone()) })
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
