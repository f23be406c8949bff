//! The registry of nodes.

use crate::database::TestDatabase;
use orderbell::clock;
use orderbell::domain::values::level::Level;

pub async fn a_node_registers_its_level_advances_its_counter_and_unregisters(database: TestDatabase) {
    let (store, other) = (&database.store, database.beside().await);
    let beats = async || {
        let rows = store.nodes(9).await.unwrap();
        let of = |node| rows.iter().find(|row| row.node == node).map(|row| (row.level, row.beat));
        (of(store.node()), of(other.node()))
    };
    store.register(Level::ONE).await.unwrap();
    other.register(Level::ZERO).await.unwrap();
    store.register(Level::ONE).await.unwrap();
    assert_eq!(beats().await, (Some((Level::ONE, 2)), Some((Level::ZERO, 1))));
    other.register(Level::ONE).await.unwrap();
    assert_eq!(beats().await.1, Some((Level::ONE, 2)), "a node may return with another level");
    store.unregister(other.node(), 1).await.unwrap();
    assert!(beats().await.1.is_some(), "its counter has advanced");
    store.unregister(other.node(), 2).await.unwrap();
    assert_eq!(beats().await.1, None);
    other.register(Level::ONE).await.unwrap();
    assert_eq!(beats().await.1, Some((Level::ONE, 1)), "a node that counted as gone registers again");
}

/// The leases of a stopped node last longer than it does.
pub async fn a_node_that_stops_keeps_its_row_and_lowers_no_level(database: TestDatabase) {
    let store = &database.store;
    store.register(Level::ONE).await.unwrap();
    store.leave().await.unwrap();
    let rows = store.nodes(1000).await.unwrap();
    let row = rows.iter().find(|row| row.node == store.node()).unwrap();
    assert!(row.level > Level::CURRENT && row.beat == 1);
    store.unregister(store.node(), 1).await.unwrap();
    assert!(store.nodes(1000).await.unwrap().iter().all(|row| row.node != store.node()));
}

pub async fn unregistering_a_node_removes_its_probe(database: TestDatabase) {
    let store = &database.store;
    store.probe_write(0, clock::now()).await.unwrap();
    store.register(Level::ONE).await.unwrap();
    let probed = store.probes(9).await.unwrap();
    assert_eq!(probed.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [store.node()], "with the id of its row");
    store.unregister(store.node(), 1).await.unwrap();
    assert_eq!(store.probes(9).await.unwrap(), []);
}
