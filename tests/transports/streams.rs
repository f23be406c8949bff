//! The format of streams of server-sent events.

use crate::follower::Follower;
use crate::links::Events;
use crate::server::{PATIENCE, Server};
use std::time::{Duration, Instant};

const HEARTBEAT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_stream_begins_with_welcome_and_each_message_names_the_cursor() {
    let server = Server::start(&["--heartbeat-ms", "200"]).await;
    let (staff, diner, room) = (server.sign_in("staff").await, server.sit_down(1).await, server.room("kitchen"));
    let order = server.place(&diner, 1).await;
    let begun = Instant::now();
    let mut stream = Events::open(&server, &staff, &room, "").await;
    let header = |name: &str| stream.response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!(header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
    assert_eq!(header("content-encoding"), None, "an encoder would hold events back");
    let welcome = stream.next().await.unwrap();
    let epoch = welcome.data["epoch"].as_str().unwrap().to_owned();
    assert_eq!((welcome.event.as_str(), welcome.id), ("welcome", Some(format!("{epoch}.0"))), "nothing seen yet");
    let page = reqwest::get(format!("{}/kitchen", server.base)).await.unwrap().text().await.unwrap();
    let version = welcome.data["version"].as_str().unwrap();
    assert!(page.contains(&format!("content=\"{version}\"")), "{version}: the page that this node serves");
    assert!(stream.retry_ms.is_some_and(|retry| (1000..3000).contains(&retry)), "{:?}", stream.retry_ms);
    for expected in ["snapshot", "live"] {
        let message = stream.next().await.unwrap();
        assert_eq!((message.event.as_str(), &message.data["room"]), (expected, &serde_json::json!(room)));
        assert_eq!(message.id, Some(format!("{epoch}.{}", message.data["position"])));
    }
    let position = server.rush(&staff, order["id"].as_str().unwrap(), true).await;
    let message = stream.next().await.unwrap();
    assert_eq!((message.event.as_str(), message.id), ("event", Some(format!("{epoch}.{position}"))));
    assert_eq!((&message.data["type"], &message.data["position"]), (&"event".into(), &position.into()));
    let (before, silent) = (stream.heartbeats, Instant::now());
    while stream.heartbeats < before + 2 {
        let quiet = tokio::time::timeout(HEARTBEAT, stream.next()).await;
        assert!(quiet.is_err(), "nothing but heartbeats: {:?}", quiet.map(|message| message.map(|message| message.event)));
        assert!(silent.elapsed() < PATIENCE, "{} heartbeats", stream.heartbeats);
    }
    server.rush(&staff, order["id"].as_str().unwrap(), false).await;
    stream.next().await.unwrap();
    let most = begun.elapsed().as_millis() / HEARTBEAT.as_millis() + 1;
    assert!(stream.heartbeats as u128 <= most, "{} heartbeats, but at most {most} fit", stream.heartbeats);
}

#[tokio::test]
async fn last_event_id_takes_precedence_over_the_query_and_another_epoch_gets_a_snapshot() {
    let server = Server::start(&[]).await;
    let (staff, diner, room) = (server.sign_in("staff").await, server.sit_down(1).await, server.room("kitchen"));
    let order = server.place(&diner, 1).await["id"].as_str().unwrap().to_owned();
    let mut stream = Events::open(&server, &staff, &room, "").await;
    let epoch = stream.next().await.unwrap().data["epoch"].as_str().unwrap().to_owned();
    drop(stream);
    let mut positions = Vec::new();
    for number in 0..4 {
        positions.push(server.rush(&staff, &order, number % 2 == 0).await);
    }
    let far = positions[3] + 1000;
    let (first, second) = (positions[0], positions[1]);
    let cases = [
        (format!("?since={first}&epoch={epoch}"), String::new(), "event", positions[1]),
        (format!("?since={first}"), String::new(), "event", positions[1]),
        (format!("?since={first}&epoch={epoch}"), format!("{epoch}.{second}"), "event", positions[2]),
        (String::new(), format!("{epoch}.{}", positions[3]), "live", positions[3]),
        (format!("?since={first}&epoch=another"), String::new(), "snapshot", positions[3]),
        (String::new(), format!("another.{first}"), "snapshot", positions[3]),
        (String::new(), format!("{epoch}.{far}"), "snapshot", positions[3]),
        (format!("?epoch={epoch}"), String::new(), "snapshot", positions[3]),
    ];
    for (query, last_id, kind, position) in cases {
        let response = Events::ask(&server, &staff, &room, &query, &last_id).await;
        let mut stream = Events::reading(response);
        assert_eq!(stream.next().await.unwrap().event, "welcome");
        let first = stream.next().await.unwrap();
        assert_eq!((first.event.as_str(), &first.data["position"]), (kind, &position.into()), "{query} {last_id}");
    }
}

/// More missed events than a backlog arrive at the reader's pace, complete and in order.
#[tokio::test]
async fn a_long_absence_is_replayed_to_a_slow_reader() {
    let server = Server::start(&[]).await;
    let (staff, diner, room) = (server.sign_in("staff").await, server.sit_down(1).await, server.room("kitchen"));
    let mut follower = Follower::default();
    let mut stream = Events::open(&server, &staff, &room, "").await;
    while follower.cursor.is_none() {
        follower.take(&stream.next().await.unwrap().data).unwrap();
    }
    let last_id = stream.last_id.clone();
    drop(stream);
    let mut placed = Vec::new();
    for _ in 0..60 {
        placed.push(server.place(&diner, 60).await["position"].as_u64().unwrap());
    }
    let mut stream = Events::open(&server, &staff, &room, &last_id).await;
    while follower.events.len() < placed.len() {
        follower.take(&stream.next().await.expect("the server waits for a slow reader").data).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!((follower.positions(), follower.snapshots), (placed, 1));
    assert!(follower.bytes > 1_000_000, "{} bytes are several times the backlog", follower.bytes);
}
