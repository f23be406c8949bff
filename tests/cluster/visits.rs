//! Visits that move, merge and are split on a node that ends around the commit. At the other nodes, the kitchen, the floor, both
//! guests and a shared link follow on every transport, and each command has one effect.

use crate::test_cluster::{TestCluster, node_with, until_redis_is};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use support::redis_server::Redis;
use support::watch::Watch;
use support::{Client, client::text, new_id};

const COMMANDS: &str = "/api/v1/restaurants/demo/commands";

/// When a node ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// At a failpoint after the commit.
    At(&'static str),
    /// At some moment after the request was sent, before the commit or after it.
    Soon(Duration),
}

/// Two guests at table 3 with an order each, one at table 5, and everybody who follows them.
struct Evening {
    redis: Redis,
    cluster: TestCluster,
    orders: Vec<Value>,
    watches: Vec<Watch>,
}

async fn scan(node: &str, table: u32) -> Client {
    let body = json!({"table_key": format!("demo-table-{table}")});
    let seat = Client::new(node, "").post("/api/v1/diner-sessions", &body).await.expect(200);
    Client::new(node, text(&seat["access_token"]))
}

async fn visits(staff: &Client) -> Vec<Value> {
    staff.get("/api/v1/restaurants/demo/visits").await.expect(200)["visits"].as_array().unwrap().clone()
}

async fn visit_at(staff: &Client, table: &str) -> Value {
    visits(staff).await.into_iter().find(|visit| visit["table"] == table).unwrap_or_default()
}

fn amount(visit: &Value) -> i64 {
    visit["total"]["amount"].as_i64().unwrap_or(0)
}

impl Evening {
    async fn open() -> Self {
        let redis = Redis::start();
        let cluster = TestCluster::open(2, Some(&redis.url()), &[]).await;
        for node in &cluster.nodes {
            until_redis_is(node, "healthy").await;
        }
        let (first, second) = (scan(&cluster.addresses.of(0), 3).await, scan(&cluster.addresses.of(1), 3).await);
        let host = scan(&cluster.addresses.of(1), 5).await;
        let dish = cluster.menu.basket()["items"][0]["menu_item"].clone();
        let basket =
            json!({"service": "dine_in", "items": [{"menu_item": dish, "quantity": 3}, {"menu_item": dish, "quantity": 1}]});
        let mut orders = Vec::new();
        for (guest, basket) in [(&first, &basket), (&second, &cluster.menu.basket()), (&host, &cluster.menu.basket())] {
            let order = guest.place(basket).await;
            orders.push(cluster.staff.act(&order["id"], "accept").await["document"]["id"].clone());
        }
        let share = first.post(&format!("/api/v1/orders/{}/share", text(&orders[0])), &json!({})).await.expect(200);
        let link = Client::new(&first.base, text(&share["token"]));
        let room = |at: usize| format!("order:{}", text(&orders[at]));
        let cook = cluster.nodes[0].client(&["kitchen"]).await;
        let mut watches = Vec::new();
        for (name, client, room) in [
            ("kitchen", &cook, cluster.menu.kitchen()),
            ("floor", &cluster.staff, cluster.menu.floor()),
            ("guest", &first, room(0)),
            ("second guest", &second, room(1)),
            ("shared link", &link, room(0)),
        ] {
            for (here, there) in [(0, 1), (1, 0)] {
                let (here, there) = (cluster.at(client, here), cluster.at(client, there));
                watches.push(Watch::crossing(name, &here, there, room.clone()).await);
            }
        }
        Self { redis, cluster, orders, watches }
    }

    /// Sends a command to a node that ends meanwhile, and then to both other ones. Returns the one answer, once everybody has
    /// what it changed.
    async fn send(&mut self, end: End, mut command: Value) -> Value {
        command["id"] = new_id().into();
        let redis = self.redis.url();
        let point = match end {
            End::At(point) => vec![("ORDERBELL_FAILPOINT".into(), point.into())],
            End::Soon(_) => Vec::new(),
        };
        let mut doomed = node_with(&self.cluster.database, Some(&redis), &[], &point).await;
        until_redis_is(&doomed, "healthy").await;
        let request = self.cluster.staff.at(&doomed.base).request(reqwest::Method::POST, COMMANDS).json(&command);
        match end {
            End::At(_) => {
                assert!(Client::attempt(request).await.is_err(), "the command was answered");
                doomed.exit().await;
            }
            End::Soon(after) => {
                let sent = tokio::spawn(async move { Client::attempt(request).await.is_ok() });
                tokio::time::sleep(after).await;
                doomed.kill().await;
                sent.await.unwrap();
            }
        }
        let answer = self.cluster.at(&self.cluster.staff, 1).post(COMMANDS, &command).await.expect(200);
        assert_eq!(self.cluster.staff.post(COMMANDS, &command).await.expect(200), answer);
        self.check(answer["position"].as_u64().unwrap()).await;
        answer
    }

    async fn undo(&mut self, end: End, done: &Value) {
        let undoing = json!({"action": "undo", "change": done["document"]["last_change"]["id"]});
        self.send(end, undoing).await;
    }

    /// Checks everybody against the documents, and those against the feed, in which each command did each thing once.
    async fn check(&mut self, position: u64) {
        let feed = self.cluster.feed().await;
        let mut documents = Vec::new();
        for (id, folded) in &feed.documents {
            let order = self.cluster.staff.order(&json!(id)).await;
            assert_eq!(*folded, order, "the patches give the document");
            documents.push(order);
        }
        let mut done = BTreeSet::new();
        for frame in &feed.events {
            let event = &frame["event"];
            assert!(done.insert((event["command"].to_string(), event["order"].to_string())), "twice: {event}");
        }
        for watch in &mut self.watches {
            watch.check(position, &documents, None).await;
        }
    }
}

#[tokio::test]
async fn what_nodes_do_with_visits_around_their_end_is_done_once_and_everywhere() {
    let mut evening = Evening::open().await;
    let staff = evening.cluster.staff.clone();
    let (visit, host) = (visit_at(&staff, "3").await, visit_at(&staff, "5").await);
    let facts = |visit: &Value| [visit["id"].clone(), visit["opened_at"].clone(), visit["total"].clone()];

    let moving = json!({"action": "move", "visit": visit["id"], "table": "8"});
    let moved = evening.send(End::At("committed"), moving).await;
    assert_eq!(facts(&visit_at(&staff, "8").await), facts(&visit));
    evening.undo(End::At("announced"), &moved).await;

    let merging = json!({"action": "merge", "visit": visit["id"], "into": host["id"]});
    let merged = evening.send(End::Soon(Duration::from_millis(3)), merging).await;
    let both = visit_at(&staff, "5").await;
    assert_eq!((amount(&both), visits(&staff).await.len()), (amount(&visit) + amount(&host), 1));
    evening.undo(End::At("committed"), &merged).await;
    assert_eq!(facts(&visit_at(&staff, "3").await), facts(&visit));

    // Some portions of one guest's order, and all of the other's.
    let (big, small) = (staff.order(&evening.orders[0]).await, staff.order(&evening.orders[1]).await);
    let mut lines = vec![json!({"order": big["id"], "item": big["items"].as_object().unwrap().keys().next(), "quantity": 2})];
    lines.extend(small["items"].as_object().unwrap().keys().map(|item| json!({"order": small["id"], "item": item})));
    for (end, undone, to) in [
        (End::At("committed"), End::At("announced"), json!({"table": "8"})),
        (End::Soon(Duration::from_millis(5)), End::Soon(Duration::ZERO), json!({"into": host["id"]})),
    ] {
        let mut splitting = json!({"action": "split", "visit": visit["id"], "lines": lines});
        splitting.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
        let split = evening.send(end, splitting).await;
        let all = visits(&staff).await;
        assert_eq!(all.iter().map(amount).sum::<i64>(), amount(&visit) + amount(&host), "nothing is paid twice, or by nobody");
        assert_eq!(amount(&visit_at(&staff, "3").await), amount(&split["document"]));
        evening.undo(undone, &split).await;
        assert_eq!(facts(&visit_at(&staff, "3").await), facts(&visit));
        assert_eq!((facts(&visit_at(&staff, "5").await), visits(&staff).await.len()), (facts(&host), 2));
        assert_eq!(staff.order(&evening.orders[0]).await["items"], big["items"], "undo is exact");
    }
}
