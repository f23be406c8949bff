//! The composition root: makes the parts of a node, joins them, runs them, and lets them go in order.

mod banner;
mod descriptors;
mod drain;
pub mod healthcheck;
mod keys;
mod node;
mod server;

pub use keys::keyring;

use crate::config::{Common, Serve};
use crate::domain::values::level::Level;
use crate::housekeeping::levels::Watcher;
use crate::push::Push;
use crate::push::hosts::Hosts;
use crate::push::vapid::{Vapid, VapidKey};
use crate::store::nodes::LevelInForce;
use crate::store::open::open;
use crate::store::options::{Mode, Settings};
use crate::store::{SharedStore, StoreError};
use crate::{demo, housekeeping};
use anyhow::Context;
use descriptors::Division;
use keys::Keys;
use node::Node;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

/// Why a node does not start that cannot tell whom to admit.
const NOBODY_ADMITTED: &str = "cannot read which sessions have ended, and nobody is admitted without it";

/// The most time for closing the database.
const CLOSING: Duration = Duration::from_secs(5);

/// What messages to phones are signed with and where they may go; none without a key.
fn push(serve: &Serve) -> anyhow::Result<Option<Arc<Push>>> {
    let Some((key, subject)) = serve.vapid()? else { return Ok(None) };
    let vapid = Vapid::new(&VapidKey::parse(key)?, subject)?;
    Ok(Some(Arc::new(Push::new(vapid, Hosts::new(serve.push_hosts.clone())))))
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
