//! Several rooms in one request, by a stream and by long polls: one connection, the same frames, a cursor for each room.

use crate::follower::Follower;
use crate::links::{Events, Polls};
use crate::server::{Server, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A staff member, one order, and the rooms of a staff page.
struct Page {
    server: Server,
    staff: String,
    order: String,
    rooms: [String; 3],
}

/// A page's state of its rooms.
type Followers = BTreeMap<String, Follower>;

impl Page {
    async fn open() -> Self {
        let server = Server::start(&[]).await;
        let (staff, diner) = (server.sign_in("staff").await, server.sit_down(1).await);
        let order = server.place(&diner, 1).await["id"].as_str().unwrap().to_owned();
        let rooms = [server.room("floor"), server.room("menu"), format!("order:{order}")];
        Self { server, staff, order, rooms }
    }

    fn names(&self) -> String {
        self.rooms.join(",")
    }

    /// Returns the cursors of these followers for a query.
    fn since(&self, followers: &Followers) -> String {
        let cursor = |room| followers.get(room).and_then(|follower: &Follower| follower.cursor);
        let cursors = self.rooms.each_ref().map(|room| cursor(room).map_or_else(String::new, |cursor| cursor.to_string()));
        let epoch = followers.values().next().map_or("", |follower| follower.epoch.as_str());
        format!("since={}&epoch={epoch}", cursors.join(","))
    }

    async fn stream(&self, query: &str) -> Events {
        Events::reading(Events::ask(&self.server, &self.staff, &self.names(), query, "").await)
    }

    async fn poll(&self, query: &str) -> Value {
        let answer = Polls::ask(&self.server, &self.staff, &self.names(), query).await;
        assert_eq!(answer.status(), 200, "{query}: {answer:?}");
        answer.json().await.unwrap()
    }

    async fn rush(&self, rush: bool) -> u64 {
        self.server.rush(&self.staff, &self.order, rush).await
    }
}

/// Applies a frame to the follower of its room.
fn take(followers: &mut Followers, epoch: &str, frame: &Value) {
    let room = frame["room"].as_str().unwrap().to_owned();
    let follower = followers.entry(room).or_insert_with(|| Follower { epoch: epoch.to_owned(), ..Follower::default() });
    follower.take(frame).unwrap();
}

/// Reads a stream until each of its rooms is live.
async fn catch_up(stream: &mut Events, rooms: usize, followers: &mut Followers) {
    let welcome = stream.next().await.unwrap();
    assert_eq!((welcome.event.as_str(), &welcome.id), ("welcome", &None));
    let epoch = welcome.data["epoch"].as_str().unwrap().to_owned();
    let mut live = 0;
    while live < rooms {
        let message = stream.next().await.unwrap();
        assert_eq!(message.id, None, "one id cannot hold the cursors of several rooms");
        take(followers, &epoch, &message.data);
        live += usize::from(message.event == "live");
    }
}

fn take_answer(followers: &mut Followers, answer: &Value) {
    let epoch = answer["epoch"].as_str().unwrap();
    answer["frames"].as_array().unwrap().iter().for_each(|frame| take(followers, epoch, frame));
}

fn kinds(answer: &Value) -> Vec<&str> {
    answer["frames"].as_array().unwrap().iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn one_stream_carries_several_rooms_each_from_its_own_cursor() {
    let page = Page::open().await;
    let mut followers = Followers::new();
    let mut stream = page.stream("").await;
    catch_up(&mut stream, 3, &mut followers).await;
    assert!(page.rooms.iter().all(|room| followers[room].snapshots == 1), "{followers:?}");
    eventually("one connection", || async { page.server.connections("staff").await == 1 }).await;

    let first = page.rush(true).await;
    for _ in 0..2 {
        let message = stream.next().await.unwrap();
        take(&mut followers, "", &message.data);
    }
    let [floor, menu, order] = &page.rooms;
    assert_eq!((followers[floor].positions(), followers[order].positions()), (vec![first], vec![first]));
    drop(stream);
    eventually("none", || async { page.server.connections("staff").await == 0 }).await;

    // Two rooms resume, and one starts again.
    let second = page.rush(false).await;
    followers.remove(floor);
    let query = format!("?{}", page.since(&followers));
    catch_up(&mut page.stream(&query).await, 3, &mut followers).await;
    assert_eq!(followers[order].positions(), [first, second]);
    assert_eq!((followers[floor].snapshots, followers[menu].snapshots, followers[order].snapshots), (1, 1, 1));
}

#[tokio::test]
async fn one_poll_waits_for_any_of_several_rooms() {
    let page = Page::open().await;
    let mut followers = Followers::new();
    let answer = page.poll("?wait=0").await;
    take_answer(&mut followers, &answer);
    assert!(page.rooms.iter().all(|room| followers[room].snapshots == 1), "{answer}");

    let silent = page.poll(&format!("?wait=0&{}", page.since(&followers))).await;
    assert_eq!(kinds(&silent), ["live"; 3]);
    let query = format!("?wait=30&{}", page.since(&followers));
    let event = async {
        eventually("a poll in the rooms", || async { page.server.connections("staff").await == 1 }).await;
        page.rush(true).await
    };
    let (answer, position) = tokio::join!(page.poll(&query), event);
    take_answer(&mut followers, &answer);
    let [floor, menu, order] = &page.rooms;
    // The room that was not in this answer is in the next one.
    let rest = page.poll(&format!("?wait=0&{}", page.since(&followers))).await;
    take_answer(&mut followers, &rest);
    assert_eq!((followers[floor].positions(), followers[order].positions()), (vec![position], vec![position]));
    assert!(followers[menu].positions().is_empty());
}

#[tokio::test]
async fn a_refused_room_is_reported_as_an_error_among_the_frames_of_the_other_rooms() {
    let page = Page::open().await;
    let other = "order:01890000-0000-7000-8000-000000000000";
    for names in [format!("{},{other}", page.rooms[1]), format!("nonsense,{}", page.rooms[1])] {
        let answer = Events::ask(&page.server, &page.staff, &names, "", "").await;
        let mut stream = Events::reading(answer);
        let mut seen = Vec::new();
        while seen.len() < 4 {
            let message = stream.next().await.unwrap();
            seen.push(format!("{} {}", message.event, message.data["code"].as_str().unwrap_or_default()));
        }
        seen.sort();
        assert_eq!(seen, ["error forbidden", "live ", "snapshot ", "welcome "], "{names}");
        let answer: Value = Polls::ask(&page.server, &page.staff, &names, "?wait=30").await.json().await.unwrap();
        assert!(kinds(&answer).contains(&"error") && kinds(&answer).contains(&"live"), "{answer}");
    }
    let mut alone = Events::reading(Events::ask(&page.server, &page.staff, &format!("nonsense,{other}"), "", "").await);
    let mut codes = Vec::new();
    while let Some(message) = alone.next().await {
        codes.extend(message.data["code"].as_str().map(str::to_owned));
    }
    assert_eq!(codes, ["forbidden"; 2], "a stream without rooms ends");
}

#[tokio::test]
async fn the_rooms_of_one_request_are_limited_and_each_needs_a_cursor() {
    let page = Page::open().await;
    let many = vec![page.rooms[1].as_str(); 65].join(",");
    let two = format!("{},{}", page.rooms[0], page.rooms[1]);
    for (names, query, code) in [
        (&many, "", json!("too_many_rooms")),
        (&two, "?since=1", json!("invalid")),
        (&two, "?since=1,2,3", json!("invalid")),
        (&two, "?since=1,x", json!("invalid")),
        (&page.rooms[0], "?since=", json!("invalid")),
    ] {
        let stream = Events::ask(&page.server, &page.staff, names, query, "").await;
        let poll = Polls::ask(&page.server, &page.staff, names, query).await;
        for answer in [stream, poll] {
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], code, "{query}: {problem}");
        }
    }
    assert_eq!(page.server.metric("orderbell_limit_hits_total{limit=\"rooms\"}").await, 2);
}
