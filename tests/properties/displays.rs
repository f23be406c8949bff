//! Display patches fold to the floor's `displays`.

use crate::support::{at, has_null, position};
use orderbell::domain::model::display::{Change, Display, Known};
use orderbell::domain::model::draft::{Moment, to_json};
use orderbell::domain::model::event::EventKind;
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::screen;
use orderbell::domain::values::merge_patch;
use orderbell::domain::values::text::Key;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The screens, and a client's fold of their events.
struct Floor {
    displays: BTreeMap<Key, Display>,
    folded: Value,
    second: i64,
}

impl Floor {
    fn new() -> Self {
        Self { displays: BTreeMap::new(), folded: json!({}), second: 0 }
    }

    fn put(&mut self, id: &Key, change: Change, is_held: bool) -> Option<EventKind> {
        self.second += 1;
        let moment = Moment { now: at(self.second * 1000), head: position(7) };
        let known = Known { display: self.displays.get(id).cloned(), is_held };
        match screen::decide(known, id.clone(), change, moment) {
            Decision::Change { drafts, write, document } => {
                assert_eq!((drafts.len(), drafts[0].order), (1, None));
                merge_patch::apply(&mut self.folded, &drafts[0].patch);
                match write {
                    Write::Display(display) => {
                        assert_eq!(to_json(&display), document);
                        drop(self.displays.insert(display.id.clone(), display));
                    }
                    Write::DisplayRemoved(id) => assert!(self.displays.remove(&id).is_some()),
                    other => panic!("a screen writes {other:?}"),
                }
                Some(drafts[0].kind)
            }
            Decision::Keep { position: kept, .. } => {
                assert_eq!(kept, position(7));
                None
            }
        }
    }
}

fn renamed(name: &str, station: Option<&str>) -> Change {
    Change::Renamed { name: name.parse().unwrap(), station: station.map(|station| station.parse().unwrap()) }
}

fn connected(name: &str, station: Option<&str>) -> Change {
    Change::Connected { name: name.parse().unwrap(), station: station.map(|station| station.parse().unwrap()) }
}

fn change(kind: u8, name: u8) -> Change {
    let (words, station) = (format!("Screen {name}"), [None, Some("hot"), Some("cold")][usize::from(name)]);
    match kind {
        0 | 1 => connected(&words, station),
        4 => renamed(&words, station),
        2 => Change::Lost { left: None },
        3 => Change::Lost { left: Some(at(i64::from(name) * 7000)) },
        _ => Change::Removed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patches_fold_to_the_screens(moves in prop::collection::vec((0_u8..3, 0_u8..6, 0_u8..3, any::<bool>()), 0..60)) {
        let mut floor = Floor::new();
        for (screen, kind, name, is_held) in moves {
            let id: Key = format!("screen-{screen}").parse().unwrap();
            floor.put(&id, change(kind, name), is_held);
            prop_assert_eq!(&floor.folded, &to_json(&floor.displays));
            prop_assert!(!has_null(&floor.folded));
            prop_assert_eq!(floor.put(&id, change(kind, name), is_held), None, "a repeated change has no effect");
        }
    }

    #[test]
    fn a_screen_is_lost_only_if_no_node_holds_it(is_held in any::<bool>(), is_known in any::<bool>(), left in any::<bool>()) {
        let (mut floor, id) = (Floor::new(), "screen-1".parse().unwrap());
        if is_known {
            floor.put(&id, connected("Grill", None), true);
        }
        let lost = floor.put(&id, Change::Lost { left: left.then(|| at(60_000)) }, is_held);
        prop_assert_eq!(lost, (is_known && !is_held).then_some(EventKind::DisplayLost));
    }
}

#[test]
fn a_screen_has_the_contracts_fields() {
    let (mut floor, id) = (Floor::new(), "screen-1".parse().unwrap());
    assert_eq!(floor.put(&id, connected("Grill", Some("hot")), true), Some(EventKind::DisplayConnected));
    let entry = json!({"id": "screen-1", "name": "Grill", "station": "hot", "connected": true,
        "last_seen_at": "2026-11-24T10:00:01.000Z", "position": 0});
    assert_eq!(floor.folded, json!({"screen-1": entry}));
    assert_eq!(floor.put(&id, Change::Lost { left: Some(at(90_000)) }, false), Some(EventKind::DisplayLost));
    assert_eq!(floor.folded["screen-1"]["connected"], false);
    assert_eq!(floor.folded["screen-1"]["last_seen_at"], "2026-11-24T10:01:30.000Z");
    assert_eq!(floor.put(&id, connected("Grill", None), true), Some(EventKind::DisplayConnected));
    assert_eq!(floor.folded["screen-1"].get("station"), None, "it is no longer bound to a station");
    assert_eq!(floor.put(&id, Change::Removed, true), Some(EventKind::DisplayLost));
    assert_eq!(floor.folded, json!({}));
}

#[test]
fn renaming_does_not_change_the_connection() {
    let (mut floor, id) = (Floor::new(), "screen-1".parse().unwrap());
    assert_eq!(floor.put(&id, renamed("Grill", None), false), None, "an unknown screen");
    floor.put(&id, connected("Grill", Some("hot")), true);
    assert_eq!(floor.put(&id, renamed("Hot line", None), true), Some(EventKind::DisplayConnected));
    floor.put(&id, Change::Lost { left: None }, false);
    assert_eq!(floor.put(&id, renamed("Cold line", None), false), Some(EventKind::DisplayLost));
    assert_eq!((&floor.folded["screen-1"]["name"], &floor.folded["screen-1"]["connected"]), (&json!("Cold line"), &json!(false)));
}

/// Receipts change an entry without an event, so the next event has the whole entry.
#[test]
fn a_patch_is_independent_of_the_clients_copy() {
    let (mut floor, id): (_, Key) = (Floor::new(), "screen-1".parse().unwrap());
    floor.put(&id, connected("Grill", None), true);
    floor.displays.get_mut(&id).unwrap().position = position(5);
    floor.folded = json!({});
    floor.put(&id, Change::Lost { left: None }, false);
    assert_eq!(floor.folded, to_json(&floor.displays));
    assert_eq!(floor.folded["screen-1"]["position"], 5);
}
