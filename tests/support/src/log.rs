//! The feed as a fresh screen is told it from its beginning, and what must hold of it.

use super::client::Client;
use super::followed::Followed;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every event of a room that carries all of the feed.
pub async fn whole(client: &Client, room: &str) -> Followed {
    let mut screen = client.screen().await;
    screen.resume(room, Followed::since(0)).await.clone()
}

/// What somebody believes of a command.
#[derive(Debug, Clone)]
pub struct Believed {
    /// Its id.
    pub id: String,
    /// The position it was acknowledged with.
    pub position: u64,
}

/// What is wrong between a feed and those who acted on it; empty when nothing is.
pub fn faults(feed: &Followed, acknowledged: &[Believed], seen: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let positions = feed.positions();
    if positions != (1..=positions.len() as u64).collect::<Vec<_>>() {
        faults.push(format!("the feed is not 1 to {} without a hole", positions.len()));
    }
    let mut by_command: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for frame in &feed.events {
        if let Some(command) = frame["event"]["command"].as_str() {
            by_command.entry(command).or_default().push(frame["position"].as_u64().unwrap());
        }
    }
    for Believed { id, position } in acknowledged {
        match by_command.get(id.as_str()).map(Vec::as_slice) {
            Some([only]) if only == position => {}
            found => faults.push(format!("{id} was acknowledged at {position}; in the feed: {found:?}")),
        }
    }
    if seen != feed.events {
        faults.push(format!("the screen saw {} events and not the feed's {}", seen.len(), feed.events.len()));
    }
    faults
}

/// How many orders carry each note; a note names what somebody wanted, once.
pub fn orders_by_note(feed: &Followed) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for note in feed.documents.values().filter_map(|document| document["note"].as_str()) {
        *counts.entry(note).or_default() += 1;
    }
    counts
}
