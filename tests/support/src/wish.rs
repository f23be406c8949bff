//! Something that somebody wants to happen, once, whatever it takes.

use super::client::{Client, text};
use super::menu::Menu;
use serde_json::{Value, json};
use std::time::Duration;

/// How long its sender waits for an answer: longer than a node takes to say that there will be none.
const PATIENCE: Duration = Duration::from_secs(20);

/// A command before it is answered: its id stays the same however often it is sent.
#[derive(Debug, Clone)]
pub enum Wish {
    Place { id: String, note: String },
    Act { id: String, order: Value, action: &'static str },
}

impl Wish {
    pub fn id(&self) -> &str {
        match self {
            Self::Place { id, .. } | Self::Act { id, .. } => id,
        }
    }

    /// The request that asks a server for it.
    pub fn request(&self, staff: &Client, menu: &Menu) -> reqwest::RequestBuilder {
        let request = match self {
            Self::Place { id, note } => staff.placing(id, &menu.noted(note)),
            Self::Act { id, order, action } => {
                let path = format!("/api/v1/orders/{}/commands", text(order));
                staff.request(reqwest::Method::POST, &path).json(&json!({"id": id, "action": action}))
            }
        };
        request.timeout(PATIENCE)
    }
}
