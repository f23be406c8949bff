//! Switches of the transport during events.

use crate::follower::{Follower, Stray};
use crate::links::Link;
use crate::server::Server;
use std::sync::Arc;

const EVENTS: usize = 300;

struct Scene {
    server: Arc<Server>,
    staff: String,
    order: String,
    room: String,
}

async fn scene() -> Scene {
    let server = Arc::new(Server::start(&[]).await);
    let (staff, diner) = (server.sign_in("staff").await, server.sit_down(3).await);
    let order = server.place(&diner, 1).await["id"].as_str().unwrap().to_owned();
    let room = server.room("kitchen");
    Scene { server, staff, order, room }
}

impl Scene {
    /// A follower that has the snapshot, from a link that is then closed.
    async fn arrive(&self) -> Follower {
        let mut follower = Follower::default();
        let mut link = Link::open(0, &self.server, &self.staff, &self.room, &follower).await;
        while follower.cursor.is_none() {
            self.read(&mut link, &mut follower).await.unwrap();
        }
        follower
    }

    async fn open(&self, which: usize, from: &Follower) -> Link {
        Link::open(which, &self.server, &self.staff, &self.room, from).await
    }

    async fn read(&self, link: &mut Link, follower: &mut Follower) -> Result<(), Stray> {
        let frame = link.next(&self.server, &self.staff, &self.room, follower).await;
        follower.take(&frame)
    }

    /// Makes events over HTTP. Returns their positions.
    fn make_events(&self, count: usize) -> tokio::task::JoinHandle<Vec<u64>> {
        let (server, staff, order) = (self.server.clone(), self.staff.clone(), self.order.clone());
        tokio::spawn(async move {
            let mut positions = Vec::new();
            for number in 0..count {
                positions.push(server.rush(&staff, &order, number % 2 == 0).await);
            }
            positions
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_changes_transports_during_events_loses_and_repeats_nothing() {
    let scene = scene().await;
    let mut follower = scene.arrive().await;
    let events = scene.make_events(EVENTS);
    let (mut switches, mut used) = (0_usize, [0_usize; 3]);
    while follower.events.len() < EVENTS {
        // The sequence has every change from one transport to another. Each link lasts for one to seven events.
        let which = [0, 1, 2, 0, 2, 1][switches % 6];
        let until = (follower.events.len() + 1 + switches * 5 % 7).min(EVENTS);
        let mut link = scene.open(which, &follower).await;
        while follower.events.len() < until {
            scene.read(&mut link, &mut follower).await.unwrap();
        }
        switches += 1;
        used[which] += 1;
        // Drop the link here, with frames in flight.
    }
    assert_eq!(follower.positions(), events.await.unwrap());
    assert_eq!(follower.snapshots, 1, "a usable cursor is never answered with a snapshot");
    assert!(switches >= 60 && used.iter().all(|times| *times >= 20), "{switches} switches, {used:?}");
}

/// The control: the check detects a client whose cursor is off by one, over each transport.
#[tokio::test]
async fn a_cursor_that_is_off_by_one_is_detected_over_each_transport() {
    let scene = scene().await;
    let start = scene.arrive().await;
    let made = scene.make_events(6).await.unwrap();
    for which in 0..3 {
        let mut follower = start.clone();
        let mut link = scene.open(which, &follower).await;
        while follower.events.len() < 3 {
            scene.read(&mut link, &mut follower).await.unwrap();
        }
        let behind = Follower { cursor: Some(made[1]), ..follower.clone() };
        let repeat = strayed(&scene, which, &behind, follower.clone()).await;
        assert_eq!(repeat, Stray::Repeat { cursor: made[2], position: made[2] });
        let ahead = Follower { cursor: Some(made[3]), ..follower.clone() };
        let hole = strayed(&scene, which, &ahead, follower).await;
        assert_eq!(hole, Stray::Hole { cursor: made[2], prev: made[3] });
    }
}

/// Requests from one cursor and continues from another.
async fn strayed(scene: &Scene, which: usize, asked: &Follower, mut follower: Follower) -> Stray {
    let mut link = scene.open(which, asked).await;
    loop {
        let frame = link.next(&scene.server, &scene.staff, &scene.room, asked).await;
        if let Err(stray) = follower.take(&frame) {
            return stray;
        }
    }
}
