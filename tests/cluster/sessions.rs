//! A session ends on one node, and its connections are on another.

use crate::test_cluster::TestCluster;
use serde_json::json;
use std::time::{Duration, Instant};
use support::long::rounds;
use support::postgres::Cluster;
use support::raw::Handshake;
use support::redis_server::Redis;
use support::{Client, Close, PATIENCE, client::text, eventually};
use tokio::task::block_in_place;

/// Signs in at the first node, connects to one, and signs out at another. Returns the time until
/// the connection closes.
pub async fn ends_after(cluster: &TestCluster, connected: usize, signs_out: usize) -> Duration {
    let sign_in = json!({"restaurant": "demo", "username": "staff", "password": "staff-demo"});
    let answer = cluster.nodes[0].anybody().post("/api/v1/sessions", &sign_in).await.expect(200);
    let here = Client::new(&cluster.addresses.of(0), text(&answer["access_token"]));
    let mut screen = cluster.at(&here, connected).screen().await;
    let mut other = cluster.at(&cluster.staff, connected).screen().await;
    let begun = Instant::now();
    assert_eq!(cluster.at(&here, signs_out).delete("/api/v1/sessions/current").await.status, 204);
    assert_eq!(screen.until_close().await, Close::Code(4401));
    let took = begun.elapsed();
    other.alive().await;
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_session_closes_its_connections_on_other_nodes() {
    let mut redis = Redis::start();
    let cluster = TestCluster::open(2, Some(&redis.url()), &[]).await;
    cluster.wait_for_redis("healthy").await;
    for (what, most) in [("Redis is well", Duration::from_secs(2)), ("Redis is dead", Duration::from_secs(10))] {
        let (ends, mut worst) = (rounds(5), Duration::ZERO);
        for _ in 0..ends {
            worst = worst.max(ends_after(&cluster, 1, 0).await);
        }
        println!("{ends} × a session ended on one node while {what}: its connection on another closed within {worst:.1?}");
        assert!(worst <= most, "{what}: {worst:?}");
        redis.kill();
        cluster.wait_for_redis("degraded").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_admits_nobody_until_it_can_read_the_ended_sessions() {
    let mut postgres = block_in_place(Cluster::start);
    let flags = ["--ended-patience-ms", "2000"];
    let cluster = TestCluster::open_on(&postgres.database().await, 1, None, &flags).await;
    let (node, base) = (&cluster.nodes[0], cluster.addresses.of(0));
    let shakes = || async { Handshake::new(&cluster.staff.token).send(&base, None).await.0 };
    let mut open = cluster.staff.screen().await;
    assert_eq!(shakes().await.status, 101);
    block_in_place(|| postgres.stop());
    let refused = || async { Some(shakes().await).filter(|reply| reply.status == 503) };
    let refused = eventually("a refused handshake", PATIENCE, refused).await;
    assert_eq!(refused.code(), "unavailable");
    assert!(refused.body.contains("which sessions have ended"), "{}", refused.body);
    assert!(!refused.header("retry-after").is_empty());
    let problem = cluster.staff.get("/api/v1/rooms/menu:x/events").await.problem(503, "unavailable");
    assert!(text(&problem["detail"]).contains("which sessions have ended"), "{problem}");
    let problem = node.anybody().get("/readyz").await.problem(503, "unavailable");
    assert!(text(&problem["detail"]).contains("which sessions have ended"), "{problem}");
    open.alive().await;
    block_in_place(|| postgres.start_again());
    eventually("a handshake", PATIENCE, || async { (shakes().await.status == 101).then_some(()) }).await;
    node.anybody().get("/readyz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_table_on_one_node_ends_sessions_of_its_phones_on_another() {
    let cluster = TestCluster::open(2, None, &[]).await;
    let sign_in = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    let answer = cluster.nodes[0].anybody().post("/api/v1/sessions", &sign_in).await.expect(200);
    let manager = Client::new(&cluster.addresses.of(0), text(&answer["access_token"]));
    let tables = "/api/v1/restaurants/demo/tables";
    let table = manager.post(tables, &json!({"label": "Garden"})).await.expect(201);
    let seated = json!({"table_key": table["key"]});
    let answer = cluster.nodes[1].anybody().post("/api/v1/diner-sessions", &seated).await.expect(200);
    let phone = Client::new(&cluster.addresses.of(1), text(&answer["access_token"]));
    let mut screen = phone.screen().await;
    let begun = Instant::now();
    assert_eq!(manager.delete(&format!("{tables}/{}", text(&table["id"]))).await.status, 204);
    assert_eq!(cluster.at(&phone, 0).get("/api/v1/diner-sessions/current").await.status, 401, "immediately on this node");
    assert_eq!(screen.until_close().await, Close::Code(4401));
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
    phone.get("/api/v1/diner-sessions/current").await.problem(401, "unauthorized");
}
