//! A room that somebody follows on every transport: on a live connection, and after a return with the cursor of an earlier
//! state.

use super::client::{Client, text};
use super::followed::Followed;
use super::screen::Screen;
use super::wait::soon;
use reqwest::Method;
use serde_json::Value;

/// Somebody who follows a room.
pub struct Watch {
    name: &'static str,
    room: String,
    live: Screen,
    left: Followed,
    /// The client that returns with the earlier cursor, maybe at another node.
    back: Client,
}

impl Watch {
    /// Joins a room. The returning client uses the same node.
    pub async fn new(name: &'static str, client: &Client, room: String) -> Self {
        Self::crossing(name, client, client.clone(), room).await
    }

    /// Joins a room at one node. The returning client uses another node.
    pub async fn crossing(name: &'static str, client: &Client, back: Client, room: String) -> Self {
        let mut live = client.screen().await;
        let left = live.join(&room).await.clone();
        Self { name, room, live, left, back }
    }

    /// Returns the live room.
    pub fn room(&self) -> &Followed {
        self.live.room(&self.room)
    }

    /// Checks on every transport that the patches up to a position give the documents of the server.
    pub async fn check(&mut self, position: u64, orders: &[Value], calls: Option<&Value>) {
        let own = orders.iter().find(|order| self.room.ends_with(text(&order["id"])));
        let is_order = self.room.starts_with("order:");
        let position = own.filter(|_| is_order).map_or(position, |order| order["position"].as_u64().unwrap());
        let mut resumed = self.back.screen().await;
        resumed.resume(&self.room, self.left.clone()).await;
        let states = [
            ("live", self.live.see(&self.room, position).await.clone()),
            ("resumed", resumed.see(&self.room, position).await.clone()),
            ("long poll", soon("the events", self.polled(position)).await),
            ("stream", soon("the stream", self.streamed(position)).await),
        ];
        for (way, state) in &states {
            for order in orders {
                let id = text(&order["id"]);
                let known = state.documents.get(id);
                if is_order && !self.room.ends_with(id) {
                    assert_eq!(known, None, "{} {way}: nothing of other orders", self.name);
                } else if known.is_some() || order.get("closed_at").is_none() {
                    assert_eq!(known, Some(order), "{} {way}", self.name);
                }
            }
            if let Some(calls) = calls.filter(|_| self.room.starts_with("floor:")) {
                assert_eq!(&state.calls, calls, "{} {way}", self.name);
            }
        }
    }

    fn path(&self, way: &str, since: Option<u64>) -> String {
        let (since, epoch) = (since.unwrap(), text(self.live.epoch()));
        format!("/api/v1/rooms/{}/{way}?since={since}&epoch={epoch}&wait=1", self.room)
    }

    async fn polled(&self, position: u64) -> Followed {
        let mut state = self.left.clone();
        loop {
            let answer = self.back.get(&self.path("events", state.cursor)).await.expect(200);
            answer["frames"].as_array().unwrap().iter().for_each(|frame| state.take(frame).unwrap());
            state.cursor = answer["position"].as_u64();
            if state.cursor >= Some(position) {
                return state;
            }
        }
    }

    async fn streamed(&self, position: u64) -> Followed {
        let mut stream = self.back.request(Method::GET, &self.path("stream", self.left.cursor)).send().await.unwrap();
        let (mut read, mut state) = (String::new(), self.left.clone());
        loop {
            read += std::str::from_utf8(&stream.chunk().await.unwrap().expect("the stream continues")).unwrap();
            let Some(whole) = read.rfind("\n\n") else { continue };
            let rest = read.split_off(whole);
            for json in read.lines().filter_map(|line| line.strip_prefix("data: ")) {
                let frame: Value = serde_json::from_str(json).unwrap();
                if frame.get("room").is_some() {
                    state.take(&frame).unwrap();
                }
            }
            if state.cursor >= Some(position) && state.types().contains(&"live") {
                return state;
            }
            read = rest;
        }
    }
}
