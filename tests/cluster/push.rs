//! Push messages with several nodes: only the committing node sends them.

use crate::test_cluster::TestCluster;
use orderbell::push::vapid::VapidKey;
use secrecy::ExposeSecret;
use support::push_service::{Browser, PushService};
use support::redis_server::Redis;
use support::{PATIENCE, client::text, eventually};

const SENT: &str = "orderbell_pushes_total{fate=\"sent\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_node_that_committed_an_event_pushes_it() {
    let (redis, mut service, key) = (Redis::start(), PushService::start().await, VapidKey::random().secret());
    let flags = ["--vapid-key", key.expose_secret(), "--vapid-subject", "mailto:ops@example.com", "--push-hosts", "127.0.0.1"];
    let cluster = TestCluster::open(3, Some(&redis.url()), &flags).await;
    cluster.wait_for_redis("healthy").await;
    let guest = cluster.nodes[0].diner("4").await;
    let phone = Browser::subscribed_at(format!("{}/send/phone", service.base));
    assert_eq!(guest.put("/api/v1/push/subscription", &phone.subscription()).await.status, 204);
    let order = guest.place(&cluster.menu.basket()).await["id"].clone();
    let mut screens = Vec::new();
    for number in 0..3 {
        let mut screen = cluster.at(&guest, number).screen().await;
        screen.join(&format!("order:{}", text(&order))).await;
        screens.push(screen);
    }
    for (number, action, status) in [(1, "accept", "accepted"), (2, "ready", "ready"), (0, "cancel", "cancelled")] {
        let fields = if action == "cancel" { serde_json::json!({"reason": "other"}) } else { serde_json::json!({}) };
        cluster.at(&cluster.staff, number).command(&order, action, fields).await.expect(200);
        assert_eq!(phone.read(&service.next().await)["status"], status);
        // By now each node has the event, and could have sent it again.
        for screen in &mut screens {
            screen.until(status, |frame| frame["event"]["patch"]["status"] == status).await;
        }
    }
    let told = || async { (cluster.metric(SENT).await == 3.0).then_some(()) };
    eventually("three messages in all", PATIENCE, told).await;
    for node in &cluster.nodes {
        assert_eq!(node.metric(SENT).await, 1.0, "each node sends what it commits");
    }
    service.none_came();
}
