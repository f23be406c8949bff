//! The rule for kitchen screens.

use super::decision::{Decision, Write};
use crate::domain::model::display::{Change, Display, Known};
use crate::domain::model::draft::{Draft, Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use serde_json::{Map, Value};

/// Decides on a change of one screen. A repeated report changes nothing, so that several
/// connections, nodes and repetitions have one effect. A screen that any node still holds is not
/// lost.
#[must_use]
pub fn decide(known: Known, id: Key, change: Change, moment: Moment) -> Decision {
    let Known { display, is_held } = known;
    match (change, display) {
        (Change::Connected { name, station }, None) => {
            let (connected, last_seen_at, position) = (true, moment.now, Position::ZERO);
            replace(EventKind::DisplayConnected, Display { id, name, station, connected, last_seen_at, position })
        }
        (Change::Connected { name, station }, Some(old)) => {
            if (old.connected, &old.name, &old.station) == (true, &name, &station) {
                return unchanged(&old, moment);
            }
            let last_seen_at = moment.now.max(old.last_seen_at);
            replace(EventKind::DisplayConnected, Display { name, station, connected: true, last_seen_at, ..old })
        }
        (Change::Lost { left }, Some(old)) if old.connected && !is_held => {
            let last_seen_at = left.map_or(old.last_seen_at, |left| left.max(old.last_seen_at));
            replace(EventKind::DisplayLost, Display { connected: false, last_seen_at, ..old })
        }
        (Change::Renamed { name, station }, Some(old)) if (&name, &station) != (&old.name, &old.station) => {
            let kind = if old.connected { EventKind::DisplayConnected } else { EventKind::DisplayLost };
            replace(kind, Display { name, station, ..old })
        }
        (Change::Removed, Some(old)) => {
            let draft = Draft { rule: None, kind: EventKind::DisplayLost, order: None, patch: patch(&old.id, Value::Null) };
            Decision::Change { drafts: vec![draft], document: to_json(&old), write: Write::DisplayRemoved(old.id) }
        }
        (_, Some(old)) => unchanged(&old, moment),
        (_, None) => Decision::Keep { document: Value::Object(Map::new()), position: moment.head },
    }
}

fn unchanged(display: &Display, moment: Moment) -> Decision {
    Decision::Keep { document: to_json(display), position: moment.head }
}

/// Returns a change with the whole entry as its patch, since receipts move an entry without an
/// event.
fn replace(kind: EventKind, display: Display) -> Decision {
    let document = to_json(&display);
    let mut entry = document.clone();
    if let (None, Value::Object(members)) = (&display.station, &mut entry) {
        members.insert("station".into(), Value::Null);
    }
    let draft = Draft { rule: None, kind, order: None, patch: patch(&display.id, entry) };
    Decision::Change { drafts: vec![draft], write: Write::Display(display), document }
}

/// Returns the patch of the `displays` object that sets or removes one entry.
fn patch(id: &Key, value: Value) -> Value {
    Value::Object(Map::from_iter([(id.to_string(), value)]))
}
