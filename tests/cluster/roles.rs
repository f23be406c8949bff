//! Nodes with partial roles.

use crate::test_cluster::{TestCluster, node};
use crate::watcher::spread;
use std::time::Instant;
use support::long::rounds;
use support::postgres;
use support::raw::Handshake;
use support::redis_server::Redis;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_node_serves_calls_a_realtime_node_serves_rooms_and_events_pass_between_them() {
    let (redis, database) = (Redis::start(), postgres::database().await);
    let api = TestCluster::open_on(&database, 1, Some(&redis.url()), &["--role", "api"]).await;
    let realtime = node(&database, Some(&redis.url()), &["--role", "realtime"]).await;
    api.wait_for_redis("healthy").await;
    let staff = api.staff.at(&realtime.base);
    let (room, order) = (api.menu.kitchen(), api.staff.place(&api.menu.basket()).await["id"].clone());

    for path in ["/ws".to_owned(), format!("/api/v1/rooms/{room}/events?wait=0")] {
        let answer = api.staff.get(&path).await;
        answer.problem(404, "not_found");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "as on every answer");
    }
    let (reply, _) = Handshake::new(&api.staff.token).send(&api.nodes[0].base, None).await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"), "an API node accepts no connection");
    let order_path = format!("/api/v1/orders/{}", order.as_str().unwrap());
    for path in ["/api/v1/restaurants/demo/menu", "/", order_path.as_str()] {
        staff.get(path).await.problem(404, "not_found");
    }
    for server in [&api.nodes[0], &realtime] {
        server.anybody().get("/readyz").await.expect(200);
    }

    let mut screen = staff.screen().await;
    screen.join(&room).await;
    let mut taps = Vec::new();
    for _ in 0..rounds(10) {
        let tap = Instant::now();
        let order = api.staff.place(&api.menu.basket()).await["id"].clone();
        screen.until("order.placed", |frame| frame["event"]["order"] == order).await;
        taps.push(tap.elapsed());
    }
    let (median, worst) = spread(taps);
    println!("an order placed at --role api shows at --role realtime after {median:.1?} in the median, {worst:.1?} at worst");
}
