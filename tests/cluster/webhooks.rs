//! Webhooks with several nodes: one sends, and another takes over when it dies.

use crate::test_cluster::TestCluster;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;
use support::client::text;
use support::push_service::PushService;
use support::{Client, eventually};

const BASE: &str = "/api/v1/restaurants/demo/webhooks";
/// The lease of the dead node, and the time to find that it is over.
const TAKEOVER: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_takes_over_and_repeats_only_under_the_same_id() {
    let mut receiver = PushService::start().await;
    let flags = ["--webhook-internal-hosts", "127.0.0.1"];
    let mut cluster = TestCluster::open(1, None, &flags).await;
    let manager = cluster.nodes[0].manager().await;
    let url = format!("{}/hook", receiver.base);
    let webhook = manager.post(BASE, &json!({"url": url})).await.expect(201);
    let (secret, mut cursor) = (text(&webhook["secret"]), webhook["head"].as_u64().unwrap());
    // The receiver has the message, and the node dies before it learns that.
    let held = receiver.hold_next("200 OK");
    cluster.staff.place(&cluster.menu.basket()).await;
    let first = receiver.next().await;
    cluster.add(crate::test_cluster::node(&cluster.database, None, &flags).await);
    cluster.nodes[0].kill().await;
    drop(held);
    let staff: Client = cluster.at(&cluster.staff, 1);
    let mut ids = HashMap::from([(first.header("webhook-id").to_owned(), first.body.clone())]);
    cursor = first.of_webhook(secret)["data"]["through"].as_u64().unwrap().max(cursor);
    for _ in 0..3 {
        staff.place(&cluster.menu.basket()).await;
    }
    let reader = cluster.at(&manager, 1);
    let address = format!("{BASE}/{}", text(&webhook["id"]));
    let all = || async { Some(reader.get(&address).await.expect(200)).filter(|read| read["position"] == read["head"]) };
    let read = eventually("the other node to send everything", TAKEOVER, all).await;
    let mut repeats = 0;
    while cursor < read["head"].as_u64().unwrap() {
        let posted = receiver.next().await;
        let data = posted.of_webhook(secret)["data"].clone();
        if let Some(body) = ids.insert(posted.header("webhook-id").to_owned(), posted.body.clone()) {
            assert_eq!(body, posted.body, "the same message");
            repeats += 1;
            continue;
        }
        assert_eq!(data["after"], cursor, "in order, without a gap, and no repeat under another id");
        cursor = data["through"].as_u64().unwrap();
    }
    assert_eq!(repeats, 1, "the message whose sender died");
}
