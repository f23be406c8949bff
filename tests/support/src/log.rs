//! The feed as a new screen receives it from the beginning, and checks on it.

use super::client::Client;
use super::followed::Followed;
use serde_json::Value;
use std::collections::BTreeMap;

/// Returns all events of a room that carries the whole feed.
pub async fn whole(client: &Client, room: &str) -> Followed {
    let mut screen = client.screen().await;
    screen.resume(room, Followed::since(0)).await.clone()
}

/// An acknowledged command.
#[derive(Debug, Clone)]
pub struct Believed {
    pub id: String,
    /// The position in its ack.
    pub position: u64,
}

/// Returns the contradictions between a feed, the acknowledged commands and what a screen has seen.
pub fn faults(feed: &Followed, acknowledged: &[Believed], seen: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let positions = feed.positions();
    if positions != (1..=positions.len() as u64).collect::<Vec<_>>() {
        faults.push(format!("the feed is not 1 to {} without a gap", positions.len()));
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

/// Counts the orders with each note. A test uses a note for one order only.
pub fn orders_by_note(feed: &Followed) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for note in feed.documents.values().filter_map(|document| document["note"].as_str()) {
        *counts.entry(note).or_default() += 1;
    }
    counts
}
