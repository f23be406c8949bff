//! A command that its sender repeats until it is answered.

use super::client::{Client, text};
use super::menu::Menu;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the sender waits for an answer: longer than a node takes to report that none will come.
const PATIENCE: Duration = Duration::from_secs(20);

/// An unanswered command. Its id stays the same however often it is sent.
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

    /// Returns the request for this command.
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
