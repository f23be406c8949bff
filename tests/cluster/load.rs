//! Waiters who write continuously, like an application that must not lose an order: they repeat
//! each unanswered command under its id on the next node.

use crate::test_cluster::{Addresses, TestCluster};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::log::Believed;
use support::{Client, Menu, PATIENCE, Wish, new_id};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The delay before a repeat.
const PAUSE: Duration = Duration::from_millis(20);

/// An acknowledged command.
#[derive(Debug, Clone)]
pub struct Done {
    pub believed: Believed,
    /// When the answer arrived.
    pub at: Instant,
}

/// The result of the load.
#[derive(Default)]
pub struct Work {
    pub done: Vec<Done>,
    /// Commands whose connection ended without an answer.
    pub unanswered: usize,
    /// Commands that were answered with 503.
    pub unavailable: usize,
    /// The longest time for which a command had to be repeated.
    pub longest: Duration,
    /// The longest time of any answer.
    pub slowest: Duration,
}

impl Work {
    pub fn believed(&self) -> Vec<Believed> {
        self.done.iter().map(|done| done.believed.clone()).collect()
    }

    /// Returns the position of the last acknowledged command.
    pub fn last(&self) -> u64 {
        self.done.iter().map(|done| done.believed.position).max().unwrap_or(0)
    }
}

/// Running waiters.
pub struct Load {
    stop: watch::Sender<bool>,
    waiters: Vec<JoinHandle<Work>>,
}

struct Waiter {
    staff: Client,
    menu: Arc<Menu>,
    nodes: Addresses,
    /// The node that the waiter uses.
    at: usize,
    /// Whether the waiter moves to the next node when this one does not answer.
    moves: bool,
    name: String,
    work: Work,
}

impl Load {
    /// Starts waiters, spread over the nodes, who pause between two commands.
    pub fn start(cluster: &TestCluster, waiters: usize, rest: Duration) -> Self {
        Self::begin(cluster, (0..waiters).map(|at| (at, true)).collect(), rest)
    }

    /// Starts waiters, all at the first node.
    pub fn start_on_first(cluster: &TestCluster, waiters: usize, rest: Duration) -> Self {
        Self::begin(cluster, vec![(0, false); waiters], rest)
    }

    fn begin(cluster: &TestCluster, waiters: Vec<(usize, bool)>, rest: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let of_this = new_id();
        let begin = |(number, (at, moves)): (usize, (usize, bool))| {
            let name = format!("{of_this}, waiter {number}");
            let (staff, menu, nodes) = (cluster.staff.clone(), cluster.menu.clone(), cluster.addresses.clone());
            let waiter = Waiter { staff, menu, nodes, at, moves, name, work: Work::default() };
            tokio::spawn(waiter.work(rest, stopped.clone()))
        };
        Self { waiters: waiters.into_iter().enumerate().map(begin).collect(), stop }
    }

    /// Stops the waiters after their current orders.
    pub async fn stop(self) -> Work {
        self.stop.send_replace(true);
        let mut all = Work::default();
        for waiter in self.waiters {
            let work = waiter.await.unwrap();
            all.done.extend(work.done);
            all.unanswered += work.unanswered;
            all.unavailable += work.unavailable;
            all.longest = all.longest.max(work.longest);
            all.slowest = all.slowest.max(work.slowest);
        }
        all
    }
}

impl Waiter {
    /// Takes one order after another through its life, until stopped.
    async fn work(mut self, rest: Duration, stopped: watch::Receiver<bool>) -> Work {
        for round in 0.. {
            let place = Wish::Place { id: new_id(), note: format!("{}, {round}", self.name) };
            let order = self.insist(&place).await["id"].clone();
            for action in ["accept", "start", "ready", "serve"] {
                tokio::time::sleep(rest).await;
                self.insist(&Wish::Act { id: new_id(), order: order.clone(), action }).await;
            }
            if *stopped.borrow() {
                break;
            }
        }
        self.work
    }

    /// Sends a command until it is acknowledged.
    async fn insist(&mut self, wish: &Wish) -> Value {
        let begun = Instant::now();
        loop {
            let (staff, sent) = (self.staff.at(&self.nodes.of(self.at)), Instant::now());
            let answer = Client::attempt(wish.request(&staff, &self.menu)).await;
            self.work.slowest = self.work.slowest.max(sent.elapsed());
            match answer {
                Ok(answer) if matches!(answer.status, 200 | 201) => {
                    let answer = answer.json();
                    let position = answer["position"].as_u64().unwrap();
                    self.work.done.push(Done { believed: Believed { id: wish.id().into(), position }, at: Instant::now() });
                    self.work.longest = self.work.longest.max(begun.elapsed());
                    return answer;
                }
                Ok(answer) => {
                    answer.problem(503, "unavailable");
                    self.work.unavailable += 1;
                }
                Err(_) => self.work.unanswered += 1,
            }
            assert!(begun.elapsed() < 2 * PATIENCE, "{wish:?}: no node accepts it");
            self.at += usize::from(self.moves);
            tokio::time::sleep(PAUSE).await;
        }
    }
}
