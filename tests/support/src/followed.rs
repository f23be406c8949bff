//! A room as a client follows it: "The cursor rule" in docs/protocol.md to the letter, and the
//! documents folded from patches.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A screen's state of a room, and how the screen got it.
#[derive(Debug, Clone, Default)]
pub struct Followed {
    /// The position up to which everything was seen; `None` before the first snapshot.
    pub cursor: Option<u64>,
    /// Order documents by id; in a menu room the menu, under its restaurant's id.
    pub documents: BTreeMap<String, Value>,
    /// Raised calls by id, and displays by device.
    pub calls: Value,
    pub displays: Value,
    /// The events that were applied, in order.
    pub events: Vec<Value>,
    /// Every frame of the room, in order of arrival.
    pub frames: Vec<Value>,
    /// Events that arrived again.
    pub repeats: usize,
}

/// A frame that violates the cursor rule.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// An event between the cursor and this frame's `prev` is missing.
    Hole { cursor: u64, prev: u64, position: u64 },
}

impl Followed {
    /// Returns the state of a screen that has seen everything up to a position, but has no documents.
    pub fn since(cursor: u64) -> Self {
        Self { cursor: Some(cursor), ..Self::default() }
    }

    /// Applies frames to an empty state.
    pub fn of(frames: &[Value]) -> Result<Self, Fault> {
        let mut followed = Self::default();
        frames.iter().try_for_each(|frame| followed.take(frame))?;
        Ok(followed)
    }

    /// Applies a frame of the room.
    pub fn take(&mut self, frame: &Value) -> Result<(), Fault> {
        self.frames.push(frame.clone());
        let position = frame["position"].as_u64();
        match frame["type"].as_str().unwrap() {
            "snapshot" => self.snapshot(frame),
            "event" if self.passes(frame)? => self.apply(frame),
            "event" if self.cursor.is_some() => self.repeats += 1,
            "sync" => drop(self.passes(frame)?),
            "live" => {
                assert!(position >= self.cursor, "`live` is before the cursor: {frame}");
                self.cursor = position;
            }
            _ => {}
        }
        Ok(())
    }

    fn snapshot(&mut self, frame: &Value) {
        self.cursor = frame["position"].as_u64();
        let documents = frame["documents"].as_array().unwrap().iter().cloned();
        self.documents = documents.map(|document| (key(&document), document)).collect();
        (self.calls, self.displays) = (frame["calls"].clone(), frame["displays"].clone());
    }

    fn passes(&mut self, frame: &Value) -> Result<bool, Fault> {
        let (position, prev) = (frame["position"].as_u64().unwrap(), frame["prev"].as_u64().unwrap());
        // A room that was left and joined again may still receive events of the first join before its snapshot.
        let Some(cursor) = self.cursor else { return Ok(false) };
        assert!(prev <= position && (prev < position || frame["type"] == "sync"), "{frame}");
        if position <= cursor {
            return Ok(false);
        }
        if prev > cursor {
            return Err(Fault::Hole { cursor, prev, position });
        }
        self.cursor = Some(position);
        Ok(true)
    }

    fn apply(&mut self, frame: &Value) {
        let event = &frame["event"];
        let target = match event["kind"].as_str().unwrap().split('.').next().unwrap() {
            "call" => &mut self.calls,
            "display" => &mut self.displays,
            "menu" => self.documents.values_mut().next().expect("a menu room has the menu"),
            _ => self.documents.entry(event["order"].as_str().unwrap().to_owned()).or_default(),
        };
        merge(target, &event["patch"]);
        self.events.push(frame.clone());
    }

    /// Returns the document of an order.
    pub fn document(&self, order: &Value) -> &Value {
        self.documents.get(order.as_str().unwrap()).unwrap_or(&Value::Null)
    }

    /// Returns the kinds of the applied events.
    pub fn kinds(&self) -> Vec<&str> {
        self.events.iter().map(|frame| frame["event"]["kind"].as_str().unwrap()).collect()
    }

    /// Returns the positions of the applied events.
    pub fn positions(&self) -> Vec<u64> {
        self.events.iter().map(|frame| frame["position"].as_u64().unwrap()).collect()
    }

    /// Returns the types of the frames in order of arrival.
    pub fn types(&self) -> Vec<&str> {
        self.frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
    }
}

fn key(document: &Value) -> String {
    let id = document.get("id").unwrap_or(&document["restaurant"]);
    id.as_str().unwrap().to_owned()
}

/// Applies a merge patch (RFC 7396, section 2).
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let target = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
