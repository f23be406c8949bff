//! The ends of streams and polls.

use crate::follower::Follower;
use crate::links::{Events, Polls, since};
use crate::server::{Server, eventually};
use serde_json::Value;
use std::time::{Duration, Instant};
use support::wait::soon;

/// Reads a stream to its end. Returns the last message.
async fn to_the_end(stream: &mut Events) -> (String, Value) {
    let mut last = (String::new(), Value::Null);
    while let Some(message) = stream.next().await {
        last = (message.event, message.data);
    }
    last
}

/// Opens a stream and reads until it is live. Returns it with its position.
async fn settled(server: &Server, token: &str, room: &str) -> (Events, Follower) {
    let (mut stream, mut follower) = (Events::open(server, token, room, "").await, Follower::default());
    loop {
        let message = stream.next().await.unwrap();
        follower.take(&message.data).unwrap();
        if message.event == "live" {
            return (stream, follower);
        }
    }
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_streams_and_polls_and_no_others() {
    let server = Server::start(&[]).await;
    let (leaving, staying, room) = (server.sign_in("staff").await, server.sign_in("staff").await, server.room("menu"));
    let (mut stream, follower) = settled(&server, &leaving, &room).await;
    let (mut other, _) = settled(&server, &staying, &room).await;
    let query = format!("?wait=30{}", since(&follower));
    let poll = Polls::ask(&server, &leaving, &room, &query);
    let end = async {
        eventually("all three", || async { server.connections("staff").await == 3 }).await;
        server.sign_out(&leaving).await;
    };
    let (poll, ()) = tokio::join!(poll, end);
    assert_eq!(poll.status(), 401);
    let (event, data) = soon("the end of the stream", to_the_end(&mut stream)).await;
    assert_eq!((event.as_str(), &data["code"]), ("error", &"unauthorized".into()));
    assert_eq!(Events::ask(&server, &leaving, &room, "", "").await.status(), 401);
    assert_eq!(server.connections("staff").await, 1);
    let quiet = tokio::time::timeout(Duration::from_millis(500), other.next()).await;
    assert!(quiet.is_err(), "the other session stays open");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let server = Server::start(&[]).await;
    let token = server.token("kitchen", "6s").await;
    let (mut stream, follower) = settled(&server, &token, &server.room("kitchen")).await;
    let query = format!("?wait=30{}", since(&follower));
    let begun = Instant::now();
    let room = server.room("kitchen");
    let (poll, (event, data)) = tokio::join!(Polls::ask(&server, &token, &room, &query), to_the_end(&mut stream));
    assert_eq!((event.as_str(), &data["code"]), ("error", &"unauthorized".into()));
    assert_eq!((poll.status().as_u16(), poll.json::<Value>().await.unwrap()["frames"].as_array().map(Vec::len)), (200, Some(0)));
    assert!(begun.elapsed() < Duration::from_secs(15), "long before the poll's wait ends");
    assert_eq!(Polls::ask(&server, &token, &room, "").await.status(), 401);
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_the_room_at_once() {
    let server = Server::start(&[]).await;
    let (staff, room) = (server.sign_in("staff").await, server.room("menu"));
    let (stream, follower) = settled(&server, &staff, &room).await;
    let query = format!("?wait=30{}", since(&follower));
    tokio::select! {
        answer = Polls::ask(&server, &staff, &room, &query) => panic!("nothing has happened: {answer:?}"),
        () = eventually("both", || async { server.metric("orderbell_members{kind=\"menu\"}").await == 2 }) => {}
    }
    drop(stream);
    let begun = Instant::now();
    eventually("an empty room", || async { server.metric("orderbell_members{kind=\"menu\"}").await == 0 }).await;
    eventually("no connection", || async { server.connections("staff").await == 0 }).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "long before its wait ends: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stopping_node_sends_each_connection_its_slot() {
    let server = Server::start(&["--drain-s", "2"]).await;
    let (staff, room) = (server.sign_in("staff").await, server.room("menu"));
    let (mut stream, follower) = settled(&server, &staff, &room).await;
    let query = format!("?wait=30{}", since(&follower));
    let term = async {
        eventually("both", || async { server.connections("staff").await == 2 }).await;
        let kill = std::process::Command::new("kill").args(["-TERM", &server.pid().to_string()]).status().unwrap();
        assert!(kill.success());
    };
    let (poll, ()) = tokio::join!(Polls::ask(&server, &staff, &room, &query), term);
    assert_eq!(poll.status(), 200, "a poll is answered in its slot");
    assert_eq!(soon("the end of the stream", to_the_end(&mut stream)).await.0, "going_away");
}
