//! A client's view of a room by the contract's cursor rule, which reports each violation by the
//! server.

use serde_json::Value;

/// A lost or repeated event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stray {
    /// `prev` is after the cursor, so an event in between is missing.
    Hole { cursor: u64, prev: u64 },
    /// The event was seen already.
    Repeat { cursor: u64, position: u64 },
}

/// A client's state of a room, on any transport.
#[derive(Debug, Clone, Default)]
pub struct Follower {
    pub epoch: String,
    pub cursor: Option<u64>,
    /// The events in their order of arrival: `(position, event)`.
    pub events: Vec<(u64, Value)>,
    pub snapshots: usize,
    /// Bytes of all frames.
    pub bytes: u64,
}

impl Follower {
    pub fn positions(&self) -> Vec<u64> {
        self.events.iter().map(|(position, _)| *position).collect()
    }

    /// Applies a received frame.
    pub fn take(&mut self, frame: &Value) -> Result<(), Stray> {
        let number = |name: &str| frame[name].as_u64().unwrap();
        self.bytes += frame.to_string().len() as u64;
        match frame["type"].as_str().unwrap() {
            "welcome" => self.epoch = frame["epoch"].as_str().unwrap().to_owned(),
            "snapshot" => {
                self.snapshots += 1;
                self.cursor = Some(number("position"));
            }
            "event" => {
                let (position, cursor) = (number("position"), self.follows(number("prev"))?);
                if position <= cursor {
                    return Err(Stray::Repeat { cursor, position });
                }
                self.cursor = Some(position);
                self.events.push((position, frame["event"].clone()));
            }
            "sync" => self.advance(self.follows(number("prev"))?.max(number("position"))),
            "live" => self.advance(number("position")),
            other => panic!("no frame for a follower: {other}"),
        }
        Ok(())
    }

    fn follows(&self, prev: u64) -> Result<u64, Stray> {
        let cursor = self.cursor.expect("a snapshot, or a cursor of its own, comes first");
        if prev > cursor { Err(Stray::Hole { cursor, prev }) } else { Ok(cursor) }
    }

    fn advance(&mut self, position: u64) {
        self.cursor = self.cursor.max(Some(position));
    }
}

#[test]
fn holes_and_repeats_are_reported() {
    let event = |position: u64, prev: u64| serde_json::json!({"type": "event", "position": position, "prev": prev, "event": {}});
    let mut follower = Follower { cursor: Some(5), ..Follower::default() };
    assert_eq!(follower.take(&event(7, 5)), Ok(()));
    assert_eq!(follower.take(&event(7, 5)), Err(Stray::Repeat { cursor: 7, position: 7 }));
    assert_eq!(follower.take(&event(9, 8)), Err(Stray::Hole { cursor: 7, prev: 8 }));
    assert_eq!(follower.positions(), [7]);
}
