//! The answers of long polls and their timing.

use crate::links::Polls;
use crate::server::{Server, eventually};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

struct Kitchen {
    server: Server,
    staff: String,
    order: String,
    room: String,
}

impl Kitchen {
    async fn open(flags: &[&str]) -> Self {
        let server = Server::start(flags).await;
        let (staff, diner, room) = (server.sign_in("staff").await, server.sit_down(1).await, server.room("kitchen"));
        let order = server.place(&diner, 1).await["id"].as_str().unwrap().to_owned();
        Self { server, staff, order, room }
    }

    async fn poll(&self, query: &str) -> (Value, Duration) {
        let begun = Instant::now();
        let answer = Polls::ask(&self.server, &self.staff, &self.room, query).await;
        assert_eq!(answer.status(), 200, "{query}: {answer:?}");
        (answer.json().await.unwrap(), begun.elapsed())
    }
}

fn kinds(answer: &Value) -> Vec<&str> {
    answer["frames"].as_array().unwrap().iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_poll_without_a_usable_cursor_gets_a_snapshot_at_once() {
    let kitchen = Kitchen::open(&[]).await;
    let (first, _) = kitchen.poll("").await;
    let (epoch, position) = (first["epoch"].as_str().unwrap(), first["position"].as_u64().unwrap());
    assert_eq!((kinds(&first), &first["room"]), (vec!["snapshot"], &json!(kitchen.room)));
    let page = kitchen.server.get("/kitchen", "").await.text().await.unwrap();
    let version = first["version"].as_str().unwrap();
    assert!(page.contains(&format!("content=\"{version}\"")), "{version}: the page that this node serves");
    assert_eq!(first["frames"][0]["documents"][0]["id"], kitchen.order);
    let far = position + 1000;
    for query in [format!("?since={position}&epoch=another"), format!("?since={far}&epoch={epoch}"), format!("?epoch={epoch}")] {
        let (answer, took) = kitchen.poll(&query).await;
        assert_eq!((kinds(&answer), &answer["position"]), (vec!["snapshot"], &json!(position)), "{query}");
        assert!(took < Duration::from_secs(10), "{query}: {took:?}");
    }
}

#[tokio::test]
async fn a_poll_waits_for_an_event_but_no_longer_than_requested() {
    let kitchen = Kitchen::open(&[]).await;
    let (first, _) = kitchen.poll("?wait=0").await;
    let cursor = |answer: &Value| format!("?since={}&epoch={}", answer["position"], answer["epoch"].as_str().unwrap());
    let (empty, took) = kitchen.poll(&format!("{}&wait=0", cursor(&first))).await;
    assert_eq!((kinds(&empty), &empty["position"]), (vec![], &first["position"]));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let (empty, took) = kitchen.poll(&format!("{}&wait=1", cursor(&first))).await;
    assert_eq!((kinds(&empty), &empty["position"]), (vec![], &first["position"]));
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");
    let query = format!("{}&wait=30", cursor(&first));
    let event = async {
        eventually("a poll in the room", || async { kitchen.server.connections("staff").await == 1 }).await;
        kitchen.server.rush(&kitchen.staff, &kitchen.order, true).await
    };
    let ((answer, took), position) = tokio::join!(kitchen.poll(&query), event);
    assert_eq!((kinds(&answer), &answer["position"]), (vec!["event"], &json!(position)));
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(answer["frames"][0]["position"], position);
    let (again, _) = kitchen.poll(&format!("{}&wait=0", cursor(&answer))).await;
    assert_eq!((kinds(&again), &again["position"]), (vec![], &json!(position)), "nothing comes twice");
}

#[tokio::test]
async fn the_cursor_of_a_quiet_room_advances_past_events_of_other_rooms() {
    let kitchen = Kitchen::open(&[]).await;
    let room = kitchen.server.room("menu");
    let first = Polls::ask(&kitchen.server, &kitchen.staff, &room, "").await.json::<Value>().await.unwrap();
    let position = kitchen.server.rush(&kitchen.staff, &kitchen.order, true).await;
    let query = format!("?wait=0&since={}&epoch={}", first["position"], first["epoch"].as_str().unwrap());
    let later = Polls::ask(&kitchen.server, &kitchen.staff, &room, &query).await.json::<Value>().await.unwrap();
    assert_eq!((kinds(&later), &later["position"]), (vec![], &json!(position)));
}

/// More missed events than one answer may hold arrive in several answers, without a gap.
#[tokio::test]
async fn after_a_long_absence_missed_events_come_in_answers_of_bounded_size() {
    let kitchen = Kitchen::open(&[]).await;
    let (first, _) = kitchen.poll("").await;
    let mut expected = Vec::new();
    for number in 0..700 {
        expected.push(kitchen.server.rush(&kitchen.staff, &kitchen.order, number % 2 == 0).await);
    }
    let (mut position, epoch) = (first["position"].as_u64().unwrap(), first["epoch"].as_str().unwrap());
    let (mut told, mut answers) = (Vec::new(), 0);
    loop {
        let (answer, _) = kitchen.poll(&format!("?wait=0&since={position}&epoch={epoch}")).await;
        let frames = answer["frames"].as_array().unwrap();
        assert!(frames.len() < 300 && answer.to_string().len() < 80_000, "{} frames", frames.len());
        told.extend(frames.iter().map(|frame| frame["position"].as_u64().unwrap()));
        position = answer["position"].as_u64().unwrap();
        if frames.is_empty() {
            break;
        }
        answers += 1;
    }
    assert_eq!(told, expected);
    assert!(answers >= 3, "{answers} answers");
}
