//! All transports deliver the same events.

use crate::follower::Follower;
use crate::links::Link;
use crate::server::Server;

#[tokio::test]
async fn the_same_events_arrive_over_a_websocket_a_stream_and_polls() {
    let server = Server::start(&[]).await;
    let staff = server.sign_in("staff").await;
    let diner = server.sit_down(1).await;
    let order = server.place(&diner, 1).await["id"].as_str().unwrap().to_owned();
    let room = server.room("floor");
    let mut clients = Vec::new();
    for which in 0..3 {
        let mut follower = Follower::default();
        let mut link = Link::open(which, &server, &staff, &room, &follower).await;
        // No event has happened so far.
        while follower.cursor.is_none() {
            follower.take(&link.next(&server, &staff, &room, &follower).await).unwrap();
        }
        clients.push((follower, link));
    }
    let mut expected = Vec::new();
    for number in 0..40 {
        expected.push(server.rush(&staff, &order, number % 2 == 0).await);
    }
    for (follower, link) in &mut clients {
        while follower.events.len() < expected.len() {
            follower.take(&link.next(&server, &staff, &room, follower).await).unwrap();
        }
        assert_eq!((follower.positions(), follower.snapshots), (expected.clone(), 1));
    }
    let all: Vec<_> = clients.iter().map(|(follower, _)| &follower.events).collect();
    assert!(all[0] == all[1] && all[1] == all[2], "one event differs between two transports");
}
