//! The composition root: makes the parts of a node, connects them, runs them, and stops them in
//! order.

mod banner;
mod database;
pub mod descriptors;
mod drain;
pub mod healthcheck;
mod keys;
mod node;
mod server;

pub use keys::{check_key_file, key_file, keyring};
pub use server::listen;

use crate::config::{Common, Serve};
use crate::connection::Node;
use crate::domain::values::level::Level;
use crate::housekeeping::levels::Watcher;
use crate::outbound::hosts::Hosts;
use crate::push::Push;
use crate::push::vapid::{Vapid, VapidKey};
use crate::store::nodes::LevelInForce;
use crate::store::{SharedStore, StoreError};
use crate::tls::Certificate;
use crate::{clock, demo, housekeeping};
use anyhow::Context;
use descriptors::Division;
use keys::Keys;
use node::Parts;
use std::sync::Arc;
use std::time::Duration;

/// The error of a node that cannot verify sessions.
const ENDED_UNKNOWN: &str = "cannot read the ended sessions, without which no session can be verified";

/// The longest time for closing the database.
const CLOSING: Duration = Duration::from_secs(5);

/// Returns the push settings; `None` without a key.
fn push(serve: &Serve) -> anyhow::Result<Option<Arc<Push>>> {
    let Some((key, subject)) = serve.vapid()? else { return Ok(None) };
    let vapid = Vapid::new(&VapidKey::parse(key)?, subject)?;
    Ok(Some(Arc::new(Push::new(vapid, Hosts::new(serve.push_hosts.clone())))))
}

/// Checks the settings of a node as its start does, and its certificate, without a database or an address.
///
/// # Errors
/// An error if the configuration is refused.
pub fn check(common: &Common, serve: &Serve) -> anyhow::Result<()> {
    serve.check(common)?;
    if common.jwt_keys.is_some() {
        Keys::of(&keyring(common)?, serve)?;
    }
    certificate(serve)?;
    push(serve).map(drop)
}

/// Reads the certificate of a node, if it serves TLS.
///
/// # Errors
/// An error if it cannot be used.
pub fn certificate(serve: &Serve) -> anyhow::Result<Option<Certificate>> {
    let read = |files| Certificate::read(&files, serve.public_host().as_deref(), clock::now());
    Ok(serve.tls.files()?.map(read).transpose()?)
}

/// Runs a node until a signal stops it.
///
/// # Errors
/// An error if the configuration is refused, the database cannot be opened, or the address cannot
/// be bound.
pub async fn serve(common: &Common, serve: &Serve) -> anyhow::Result<()> {
    serve.check(common)?;
    // Before the wait for the database.
    certificate(serve)?;
    let division = descriptors::prepare(serve.limits.connections, common.database_connections);
    // Checks configured keys before it waits for the database, which may take a minute. The key file beside a SQLite database
    // is made once the database is open.
    let keys = common.jwt_keys.as_ref().map(|_| Keys::of(&keyring(common)?, serve)).transpose()?;
    let store = database::open(common, Duration::from_secs(serve.database_wait_s)).await?;
    let outcome = run(common, serve, division, keys, store.clone()).await;
    if tokio::time::timeout(CLOSING, store.close()).await.is_err() {
        log::warn!("the database was not closed in time");
    }
    outcome
}

async fn run(common: &Common, serve: &Serve, division: Division, keys: Option<Keys>, store: SharedStore) -> anyhow::Result<()> {
    let keys = keys.map_or_else(|| Keys::of(&keyring(common)?, serve), Ok)?;
    housekeeping::origin::examine(&store).await.context("cannot examine where the database comes from")?;
    let listener = server::listen(serve.bind, "--bind")?;
    let metrics = serve.metrics_bind.map(|address| server::listen(address, "--metrics-bind")).transpose()?;
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
    let mut parts = Parts::new(&keys, serve, division, store, demo, push(serve)?, level)?;
    let node = parts.node.clone();
    housekeeping::read_ended(node.store.as_ref(), &node.ended).await.context(ENDED_UNKNOWN)?;
    if common.is_sqlite() {
        node.metrics.feature_level.set(i64::from(own.number()));
    } else {
        watch_levels(&node, serve).await.context("cannot register this node")?;
    }
    parts.start_background(&keys, serve)?;
    let server = server::server(&parts, serve, listener)?;
    if let Some(reloader) = parts.tls.take() {
        actix_rt::spawn(reloader.run(serve.tls.look()));
    }
    let handle = server.handle();
    // Before the `listening` line, after which a signal has to start an orderly shutdown.
    let signals = drain::Signals::listen()?;
    let running = actix_rt::spawn(server);
    if let Some(listener) = metrics {
        log::info!(address:% = listener.local_addr()?; "serving metrics");
        actix_rt::spawn(server::metrics(&parts, listener)?);
    }
    banner::note_plain_http(serve, address);
    banner::announce(node.store.epoch(), serve, address)?;
    let times = drain::Times { unready: Duration::from_secs(serve.drain_min_s), window: Duration::from_secs(serve.drain_s) };
    let drained = tokio::select! {
        drained = drain::drain(&node.connections, &handle, signals, times) => drained,
        // No command can be acknowledged any longer, so end without draining; clients reconnect to
        // the next node.
        why = node.store.lost() => anyhow::bail!(why),
    };
    if drained {
        running.await.context("the server's task")??;
    }
    if !common.is_sqlite() && node.store.leave().await.is_err() {
        log::warn!("cannot mark this node as stopped; others will notice");
    }
    log::info!(connections = node.connections.count(); "stopped");
    Ok(())
}

/// Registers this node in the database before it accepts connections, and starts to watch the
/// others.
async fn watch_levels(node: &Node, serve: &Serve) -> Result<(), StoreError> {
    let (store, in_force, metrics) = (node.store.clone(), node.level.clone(), node.metrics.clone());
    let lease = serve.display_spans().lease;
    let mut watcher = Watcher::new(store, Level::new(serve.feature_level), in_force, metrics, lease);
    watcher.check().await?;
    actix_rt::spawn(watcher.watch());
    Ok(())
}
