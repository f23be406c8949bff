//! The feature level in force: the lowest of all nodes on the database (docs/decisions/0015).
//!
//! A node of an older version has no row in `nodes`. It is detected by its other rows: write probes
//! when it is idle, and leases of its kitchen screens. Such a node has level 0.

use crate::clock;
use crate::domain::values::ids::NodeId;
use crate::domain::values::level::Level;
use crate::domain::values::time::Timestamp;
use crate::screens::beats::Beats;
use crate::store::nodes::{LevelInForce, NodeRow};
use crate::store::{Result, SharedStore};
use crate::telemetry::Metrics;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most rows read of each kind. The connections of a database are enough for far fewer nodes.
const MOST: u32 = 1000;
/// The number of checks in a lease period.
const CHECKS: u32 = 6;
/// The lease periods after which the row of a dead or stopped node is removed. By then its leases of screens
/// are gone; without the row, they would be taken for those of an older node.
const KEPT_PERIODS: u32 = 10;

/// A trace of a running node, which the node renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Trace {
    Row(NodeId),
    Probe(NodeId),
    Lease(NodeId),
}

/// The traces read in one check.
#[derive(Debug, Default)]
struct Seen {
    rows: Vec<NodeRow>,
    probes: Vec<(NodeId, i64)>,
    /// For each node that holds screens, the sum of its leases' counters.
    leases: BTreeMap<NodeId, i64>,
}

impl Seen {
    fn traces(&self) -> impl Iterator<Item = (Trace, i64)> {
        let rows = self.rows.iter().map(|row| (Trace::Row(row.node), row.beat));
        let probes = self.probes.iter().map(|(node, at)| (Trace::Probe(*node), *at));
        rows.chain(probes).chain(self.leases.iter().map(|(node, beats)| (Trace::Lease(*node), *beats)))
    }

    /// Returns the lowest level of the running nodes, `own` included.
    fn level(&self, own: Level, is_expired: impl Fn(&Trace) -> bool) -> Level {
        let is_registered = |node: &NodeId| self.rows.iter().any(|row| row.node == *node);
        let rows = self.rows.iter().filter(|row| !is_expired(&Trace::Row(row.node))).map(|row| row.level);
        let others = self.traces().filter(|(trace, _)| match trace {
            Trace::Row(_) => false,
            Trace::Probe(node) | Trace::Lease(node) => !is_registered(node) && !is_expired(trace),
        });
        rows.chain(others.map(|_| Level::ZERO)).chain([own]).min().unwrap_or(own)
    }
}

/// The watcher of feature levels, which also registers this node.
pub struct Watcher {
    store: SharedStore,
    own: Level,
    in_force: LevelInForce,
    metrics: Metrics,
    lease: Duration,
    beats: Beats<Trace>,
}

impl Watcher {
    /// Makes a watcher that counts a node as gone if it renews nothing for `lease`.
    #[must_use]
    pub fn new(store: SharedStore, own: Level, in_force: LevelInForce, metrics: Metrics, lease: Duration) -> Self {
        Self { store, own, in_force, metrics, lease, beats: Beats::default() }
    }

    /// Renews this node's row, and sets the level in force to the lowest of all running nodes.
    ///
    /// # Errors
    /// An error of the store; the level then does not change.
    pub async fn check(&mut self) -> Result<()> {
        self.store.register(self.own).await?;
        let seen = self.read().await?;
        let now = clock::uptime();
        self.beats.record(seen.traces(), now);
        self.set_level(seen.level(self.own, |trace| self.beats.is_expired(trace, now, self.lease)));
        self.remove_gone(now).await
    }

    /// Checks until the process ends.
    pub async fn watch(mut self) {
        loop {
            // With jitter, so that nodes do not check at once.
            tokio::time::sleep((self.lease / CHECKS).mul_f32(rand::random_range(0.8..1.2))).await;
            if let Err(error) = self.check().await {
                log::warn!(error:% = error; "cannot read the feature levels of other nodes; will try again");
            }
        }
    }

    async fn read(&self) -> Result<Seen> {
        let mut seen = Seen { probes: self.store.probes(MOST).await?, ..Seen::default() };
        for (lease, beat) in crate::screens::orphan_sweep::all_leases(&self.store).await? {
            let beats = seen.leases.entry(lease.node).or_default();
            *beats = beats.wrapping_add(beat);
        }
        // After the other traces, which a starting node leaves once it has its row.
        seen.rows = self.store.nodes(MOST).await?;
        Ok(seen)
    }

    fn set_level(&self, level: Level) {
        self.metrics.feature_level.set(i64::from(level.number()));
        let before = self.in_force.set(level);
        if before != level {
            log::info!(before = before.number(), now = level.number(), own = self.own.number(); "the feature level changed");
        }
    }

    async fn remove_gone(&self, now: Timestamp) -> Result<()> {
        for (trace, beat) in self.beats.expired(now, self.lease * KEPT_PERIODS) {
            if let Trace::Row(node) = trace {
                self.store.unregister(node, beat).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn node(number: u128) -> NodeId {
        NodeId::from_uuid(Uuid::from_u128(number))
    }

    fn row(number: u128, level: u16) -> NodeRow {
        NodeRow { node: node(number), level: Level::new(level), beat: 1 }
    }

    fn level(seen: &Seen, expired: &[Trace]) -> u16 {
        seen.level(Level::new(3), |trace| expired.contains(trace)).number()
    }

    #[test]
    fn the_lowest_level_of_running_nodes_is_in_force() {
        let seen = Seen { rows: vec![row(1, 3), row(2, 2), row(3, 5)], ..Seen::default() };
        assert_eq!(level(&seen, &[]), 2);
        assert_eq!(level(&seen, &[Trace::Row(node(2))]), 3, "a dead node does not count, and this node has level 3");
        assert_eq!(level(&Seen::default(), &[]), 3);
    }

    #[test]
    fn an_unregistered_node_is_detected_by_its_probe_and_its_screens() {
        let probe = Seen { rows: vec![row(1, 3)], probes: vec![(node(1), 5), (node(8), 5)], ..Seen::default() };
        assert_eq!(level(&probe, &[]), 0);
        assert_eq!(level(&probe, &[Trace::Probe(node(8))]), 3, "the other probe is a registered node's");
        let screens = Seen { rows: vec![row(1, 3)], leases: [(node(1), 5), (node(9), 5)].into(), ..Seen::default() };
        assert_eq!(level(&screens, &[]), 0);
        assert_eq!(level(&screens, &[Trace::Lease(node(9))]), 3);
    }

    #[test]
    fn traces_of_a_dead_registered_node_do_not_count() {
        let seen = Seen { rows: vec![row(1, 2)], probes: vec![(node(1), 5)], leases: [(node(1), 5)].into() };
        assert_eq!(level(&seen, &[Trace::Row(node(1))]), 3);
    }
}
