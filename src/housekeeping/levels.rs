//! The feature level in force: the least of all nodes that run on the database (docs/decisions/0015).
//!
//! A node of a version before this has no row in `nodes`. It is seen by what it does: it probes for writes when it is idle,
//! and holds a lease of each kitchen screen that is connected to it. Such a node knows level 0.

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

/// Rows read of each kind. A database has as many nodes as it has connections for: far fewer.
const MOST: u32 = 1000;
/// Looks within the length of a lease.
const LOOKS: u32 = 6;
/// Leases after which the row of a node that is gone is removed. Its display leases are gone by then; without the row they
/// would count as those of a node that registers nothing.
const KEEP: u32 = 10;

/// A row that a running node renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sign {
    Row(NodeId),
    Probe(NodeId),
    Lease(NodeId),
}

/// What is read in one look.
#[derive(Debug, Default)]
struct Seen {
    rows: Vec<NodeRow>,
    probes: Vec<(NodeId, i64)>,
    /// Of each node that holds screens, the sum of its leases' beats.
    leases: BTreeMap<NodeId, i64>,
}

impl Seen {
    fn signs(&self) -> impl Iterator<Item = (Sign, i64)> {
        let rows = self.rows.iter().map(|row| (Sign::Row(row.node), row.beat));
        let probes = self.probes.iter().map(|(node, at)| (Sign::Probe(*node), *at));
        rows.chain(probes).chain(self.leases.iter().map(|(node, beats)| (Sign::Lease(*node), *beats)))
    }

    /// The least level of the nodes that run, of which `own` is one.
    fn level(&self, own: Level, is_still: impl Fn(&Sign) -> bool) -> Level {
        let is_registered = |node: &NodeId| self.rows.iter().any(|row| row.node == *node);
        let rows = self.rows.iter().filter(|row| !is_still(&Sign::Row(row.node))).map(|row| row.level);
        let others = self.signs().filter(|(sign, _)| match sign {
            Sign::Row(_) => false,
            Sign::Probe(node) | Sign::Lease(node) => !is_registered(node) && !is_still(sign),
        });
        rows.chain(others.map(|_| Level::ZERO)).chain([own]).min().unwrap_or(own)
    }
}

/// Registers this node and watches the others.
pub struct Watcher {
    store: SharedStore,
    own: Level,
    in_force: LevelInForce,
    metrics: Metrics,
    lease: Duration,
    beats: Beats<Sign>,
}

impl Watcher {
    /// A watcher that takes a node whose rows stand still for `lease` for gone.
    #[must_use]
    pub fn new(store: SharedStore, own: Level, in_force: LevelInForce, metrics: Metrics, lease: Duration) -> Self {
        Self { store, own, in_force, metrics, lease, beats: Beats::default() }
    }

    /// Renews this node's row and puts the level in force that all running nodes know.
    ///
    /// # Errors
    /// The store's; the level then stays as it is.
    pub async fn look(&mut self) -> Result<()> {
        self.store.register(self.own).await?;
        let seen = self.read().await?;
        let now = clock::uptime();
        self.beats.take(seen.signs(), now);
        self.put(seen.level(self.own, |sign| self.beats.is_still(sign, now, self.lease)));
        self.remove_gone(now).await
    }

    /// Looks for as long as the process lives.
    pub async fn watch(mut self) {
        loop {
            // Not in step with other nodes.
            tokio::time::sleep((self.lease / LOOKS).mul_f32(rand::random_range(0.8..1.2))).await;
            if let Err(error) = self.look().await {
                log::warn!(error:% = error; "cannot look which feature level the other nodes know; will try again");
            }
        }
    }

    async fn read(&self) -> Result<Seen> {
        let mut seen =
            Seen { rows: self.store.nodes(MOST).await?, probes: self.store.probes(MOST).await?, leases: BTreeMap::new() };
        for (lease, beat) in crate::screens::orphan_sweep::all_leases(&self.store).await? {
            let beats = seen.leases.entry(lease.node).or_default();
            *beats = beats.wrapping_add(beat);
        }
        Ok(seen)
    }

    fn put(&self, level: Level) {
        self.metrics.feature_level.set(i64::from(level.number()));
        let before = self.in_force.set(level);
        if before != level {
            log::info!(before = before.number(), now = level.number(), own = self.own.number(); "the feature level changed");
        }
    }

    async fn remove_gone(&self, now: Timestamp) -> Result<()> {
        for (sign, beat) in self.beats.still(now, self.lease * KEEP) {
            if let Sign::Row(node) = sign {
                self.store.unregister(node, Some(beat)).await?;
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

    fn level(seen: &Seen, still: &[Sign]) -> u16 {
        seen.level(Level::new(3), |sign| still.contains(sign)).number()
    }

    #[test]
    fn the_least_of_the_nodes_that_run_is_in_force() {
        let seen = Seen { rows: vec![row(1, 3), row(2, 2), row(3, 5)], ..Seen::default() };
        assert_eq!(level(&seen, &[]), 2);
        assert_eq!(level(&seen, &[Sign::Row(node(2))]), 3, "one that is gone does not count, and this node knows 3");
        assert_eq!(level(&Seen::default(), &[]), 3);
    }

    #[test]
    fn a_node_that_registers_nothing_is_seen_by_its_probe_and_by_its_screens() {
        let probe = Seen { rows: vec![row(1, 3)], probes: vec![(node(1), 5), (node(8), 5)], ..Seen::default() };
        assert_eq!(level(&probe, &[]), 0);
        assert_eq!(level(&probe, &[Sign::Probe(node(8))]), 3, "its own probe is of a registered node");
        let screens = Seen { rows: vec![row(1, 3)], leases: [(node(1), 5), (node(9), 5)].into(), ..Seen::default() };
        assert_eq!(level(&screens, &[]), 0);
        assert_eq!(level(&screens, &[Sign::Lease(node(9))]), 3);
    }

    #[test]
    fn what_a_dead_registered_node_left_does_not_count() {
        let seen = Seen { rows: vec![row(1, 2)], probes: vec![(node(1), 5)], leases: [(node(1), 5)].into() };
        assert_eq!(level(&seen, &[Sign::Row(node(1))]), 3);
    }
}
