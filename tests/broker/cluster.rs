//! A Redis Cluster, with sharded channels.

use crate::nodes::{Node, Screen, TestDatabase, TestRestaurant, figure, until};
use orderbell::broker::channels::Channels;
use std::time::Duration;
use support::redis_server::Redis;
use uuid::Uuid;

/// The hash slots of a cluster.
const SLOTS: u16 = 16384;
/// The longest time to become healthy.
const RECOVERY: Duration = Duration::from_secs(20);
/// The longest delay of an event while Redis is known to be down.
const LATE: Duration = Duration::from_secs(3);

struct Cluster(Vec<Redis>);

impl Cluster {
    /// Three servers that share the slots.
    async fn start() -> Self {
        let settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"];
        let mut servers: Vec<_> = (0..3).map(|_| Redis::prepare(&settings)).collect();
        servers.iter_mut().for_each(Redis::restart);
        for (number, server) in (0_u16..).zip(&servers) {
            let (first, last) = (SLOTS / 3 * number, if number == 2 { SLOTS - 1 } else { SLOTS / 3 * (number + 1) - 1 });
            server.ask(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            server.ask(&["CLUSTER", "MEET", "127.0.0.1", &servers[0].address().port().to_string()]);
        }
        let cluster = Self(servers);
        until(Duration::from_secs(20), || async { cluster.is_whole() }).await.expect("the cluster forms");
        cluster
    }

    fn is_whole(&self) -> bool {
        let says = |server: &Redis| format!("{:?}", server.ask(&["CLUSTER", "INFO"]));
        self.0.iter().all(|server| {
            let info = says(server);
            info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384") && info.contains("cluster_known_nodes:3")
        })
    }

    /// Moves the slot of a channel to another server, as in a rebalance at run time.
    fn move_slot_of(&self, channel: &str) {
        let id = |server: &Redis| redis::from_redis_value::<String>(server.ask(&["CLUSTER", "MYID"])).unwrap();
        let slot: u16 = redis::from_redis_value(self.0[0].ask(&["CLUSTER", "KEYSLOT", channel])).unwrap();
        let owner = usize::from(slot / (SLOTS / 3)).min(2);
        let (new, slot) = ((owner + 1) % 3, slot.to_string());
        for server in [new, owner, (owner + 2) % 3] {
            self.0[server].ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &id(&self.0[new])]);
        }
    }

    fn url(&self) -> String {
        let hosts: Vec<_> = self.0.iter().map(|server| server.address().to_string()).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }
}

#[actix_rt::test]
async fn events_cross_a_cluster_at_once_and_the_death_of_a_server_loses_nothing() {
    let mut cluster = Cluster::start().await;
    let database = TestDatabase::build().await;
    let (one, other) = (Node::join(&database, cluster.url()), Node::join(&database, cluster.url()));
    let mut rooms = Vec::new();
    for number in 0..8 {
        let restaurant = TestRestaurant::open(&database, &format!("demo-{number}")).await;
        rooms.push((Screen::open(&other, &restaurant).await, restaurant));
    }
    one.wait_until_healthy(true, RECOVERY).await;
    other.wait_until_healthy(true, RECOVERY).await;
    act(&rooms, &one, 10).await;
    let late = check(&rooms, &database).await;
    figure("a healthy cluster", late);
    assert!(late.worst < Duration::from_secs(1));
    assert_eq!(other.metric("orderbell_feed_repairs_total"), 0, "no event waited for a comparison of heads");

    for (_, restaurant) in &rooms {
        cluster.move_slot_of(&Channels::new(database.store.epoch(), Uuid::nil(), 16).feed(restaurant.id));
    }
    act(&rooms, &one, 40).await;
    let late = check(&rooms, &database).await;
    figure("slots of a cluster moved", late);
    assert!(late.worst < LATE);
    assert!(other.metric("orderbell_redis_rebuilds_total") > 0, "the revoked subscription was detected");
    one.wait_until_healthy(true, RECOVERY).await;
    other.wait_until_healthy(true, RECOVERY).await;

    cluster.0[1].kill();
    other.wait_until_healthy(false, Duration::from_secs(6)).await;
    act(&rooms, &one, 40).await;
    let late = check(&rooms, &database).await;
    figure("one server of a cluster dead", late);
    assert!(late.worst < LATE);
    cluster.0[1].restart();
    one.wait_until_healthy(true, RECOVERY).await;
    other.wait_until_healthy(true, RECOVERY).await;
    act(&rooms, &one, 10).await;
    check(&rooms, &database).await;
}

async fn act(rooms: &[(Screen, TestRestaurant)], node: &Node, rounds: usize) {
    for _ in 0..rounds {
        for (_, restaurant) in rooms {
            restaurant.act(node).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn check(rooms: &[(Screen, TestRestaurant)], database: &TestDatabase) -> crate::nodes::Lateness {
    let mut worst: Option<crate::nodes::Lateness> = None;
    for (screen, restaurant) in rooms {
        let late = screen.check(database, restaurant, LATE).await;
        worst = Some(worst.map_or(late, |worst| if worst.worst > late.worst { worst } else { late }));
    }
    worst.unwrap()
}
