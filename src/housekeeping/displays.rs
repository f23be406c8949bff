//! Kitchen screens whose node is gone. Every node looks at every node's leases; a beat that stands still for the length of
//! a lease, by the looker's own clock that nobody sets, is a lease of nobody. Wall clocks of nodes are never compared.

use crate::clock;
use crate::commands::{CommandError, Commands};
use crate::domain::display::Change;
use crate::domain::time::Timestamp;
use crate::store::SharedStore;
use crate::store::displays::Lease;
use std::collections::HashMap;
use std::time::Duration;

/// Leases read in one query.
const PAGE: u32 = 1000;
/// Leases are looked at so many times within the length of one.
const LOOKS: u32 = 6;

/// What was last seen of each lease, and since when.
#[derive(Debug, Default)]
struct Watch(HashMap<Lease, (i64, Timestamp)>);

impl Watch {
    /// Takes all leases as they stand; gives those that have stood still for as long as `patience`.
    fn look(&mut self, leases: Vec<(Lease, i64)>, now: Timestamp, patience: Duration) -> Vec<(Lease, i64)> {
        let before = std::mem::take(&mut self.0);
        let since = |lease: &Lease, beat| before.get(lease).filter(|(old, _)| *old == beat).map_or(now, |(_, since)| *since);
        let now_seen = leases.into_iter().map(|(lease, beat)| (since(&lease, beat), lease, beat));
        self.0 = now_seen.map(|(since, lease, beat)| (lease, (beat, since))).collect();
        let still = self.0.iter().filter(|(_, (_, since))| now.since(*since) >= patience);
        still.map(|(lease, (beat, _))| (lease.clone(), *beat)).collect()
    }
}

/// Looks for as long as the process lives.
pub async fn sweep(store: SharedStore, commands: Commands, lease: Duration) {
    let mut watch = Watch::default();
    loop {
        if let Err(error) = look(&store, &commands, &mut watch, lease).await {
            log::warn!(error:% = error; "cannot look for kitchen screens whose node is gone, will try again");
        }
        // Not in step with other nodes, which would all do the same work.
        tokio::time::sleep((lease / LOOKS).mul_f32(rand::random_range(0.8..1.2))).await;
    }
}

async fn look(store: &SharedStore, commands: &Commands, watch: &mut Watch, patience: Duration) -> Result<(), CommandError> {
    for (lease, beat) in watch.look(all(store).await?, clock::uptime(), patience) {
        store.lapse(&lease, beat).await?;
    }
    // Two nodes may find the same: the transaction decides, and the second finds it done.
    for place in store.unheld().await? {
        commands.display(place.restaurant, place.display, Change::Lost { left: None }).await?;
    }
    Ok(())
}

async fn all(store: &SharedStore) -> Result<Vec<(Lease, i64)>, CommandError> {
    let mut leases: Vec<(Lease, i64)> = Vec::new();
    loop {
        let page = store.leases(leases.last().map(|(lease, _)| lease.clone()), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        leases.extend(page);
        if is_last {
            return Ok(leases);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{NodeId, RestaurantId};
    use crate::store::displays::Place;
    use uuid::Uuid;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn lease(node: u128) -> Lease {
        let restaurant = RestaurantId::from_uuid(Uuid::nil());
        Lease { place: Place { restaurant, display: "grill".parse().unwrap() }, node: NodeId::from_uuid(Uuid::from_u128(node)) }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn a_beat_that_goes_on_is_alive_and_one_that_stands_still_is_not() {
        let mut watch = Watch::default();
        let mut look = |alive, second| watch.look(vec![(lease(1), alive), (lease(2), 7)], at(second), PATIENCE);
        assert_eq!(look(1, 0), []);
        assert_eq!(look(2, 29), []);
        assert_eq!(look(3, 30), [(lease(2), 7)]);
        assert_eq!(look(3, 59), [(lease(2), 7)], "until it is taken away");
        assert_eq!(look(3, 60).len(), 2);
        assert_eq!(look(4, 61), [(lease(2), 7)], "a node that comes to itself again");
    }

    #[test]
    fn what_was_away_begins_anew_and_nothing_is_kept_of_it() {
        let mut watch = Watch::default();
        watch.look(vec![(lease(1), 1)], at(0), PATIENCE);
        assert_eq!(watch.look(vec![], at(10), PATIENCE), []);
        assert!(watch.0.is_empty());
        assert_eq!(watch.look(vec![(lease(1), 1)], at(60), PATIENCE), []);
    }
}
