//! The exact fields of each server frame, as listed under "Frames" in docs/protocol.md.

use serde_json::Value;

/// A frame's type, its required fields and its optional fields.
const FRAMES: [(&str, &[&str], &[&str]); 9] = [
    (
        "welcome",
        &["connection", "epoch", "role", "restaurant", "expires_at", "server_time", "version", "limits"],
        // The first version sends neither of these optional fields.
        &["paged", "feature_level"],
    ),
    ("snapshot", &["room", "position", "documents"], &["tag", "calls", "displays", "part", "more"]),
    ("event", &["room", "position", "prev", "event"], &[]),
    ("sync", &["room", "position", "prev", "server_time"], &["tag"]),
    ("live", &["room", "position"], &["tag", "rewritten"]),
    ("ack", &["id", "position", "changed", "document"], &[]),
    ("error", &["code", "message"], &["id", "room", "reason", "retry_after_ms", "document"]),
    ("pong", &["server_time"], &["nonce"]),
    ("going_away", &["reconnect_in_ms"], &[]),
];

const ORDER: (&[&str], &[&str]) = (
    &["id", "restaurant", "number", "position", "status", "service", "rush", "placed_at", "total", "items"],
    &[
        "table",
        "diner",
        "note",
        "accepted_at",
        "auto_accepted",
        "started_at",
        "promised_at",
        "due_at",
        "starts_at",
        "upcoming",
        "ready_at",
        "served_at",
        "closed_at",
        "reason",
        "detail",
        "external_id",
        "allergy",
        "guest_name",
        "firing",
        "firing_minutes",
        "fires_at",
        "ticket",
        "split_from",
    ],
);

/// Asserts the fields of a frame.
pub fn check(frame: &Value) {
    let kind = frame["type"].as_str().unwrap_or_else(|| panic!("a frame without a type: {frame}"));
    let (_, must, may) = FRAMES.iter().find(|(name, ..)| *name == kind).unwrap_or_else(|| panic!("no such frame: {frame}"));
    fields(frame, &[&["type"], *must].concat(), may);
    match kind {
        "welcome" => {
            fields(&frame["limits"], &["frame_bytes", "rooms", "messages_per_second", "heartbeat_ms"], &[]);
            assert_eq!(frame.get("paged").is_some(), frame.get("feature_level").is_some(), "{frame}");
        }
        "event" => event(&frame["event"], frame["room"].as_str().unwrap()),
        "snapshot" => snapshot(frame),
        _ => {}
    }
    for name in ["server_time", "expires_at"] {
        frame.get(name).iter().for_each(|value| time(value));
    }
}

fn event(event: &Value, room: &str) {
    fields(event, &["id", "kind", "at", "by", "patch"], &["order", "command"]);
    let is_of_staff = ["kitchen:", "floor:"].iter().any(|kind| room.starts_with(kind));
    fields(&event["by"], &["role"], if is_of_staff { &["person", "rule"] } else { &[] });
    event["by"].get("person").iter().for_each(|person| fields(person, &["id", "name"], &[]));
    time(&event["at"]);
    let is_of_order = ["order.", "item."].iter().any(|topic| event["kind"].as_str().unwrap().starts_with(topic));
    assert_eq!(event.get("order").is_some(), is_of_order, "{event}");
}

fn snapshot(frame: &Value) {
    let room = frame["room"].as_str().unwrap();
    assert_eq!(frame.get("calls").is_some() && frame.get("displays").is_some(), room.starts_with("floor:"), "{frame}");
    if !room.starts_with("menu:") {
        frame["documents"].as_array().unwrap().iter().for_each(order);
    }
}

/// Asserts the fields of an order document.
pub fn order(document: &Value) {
    fields(document, ORDER.0, ORDER.1);
    fields(&document["total"], &["amount", "currency"], &[]);
    for item in document["items"].as_object().unwrap().values() {
        let must = ["menu_item", "name", "quantity", "station", "status", "price"];
        fields(
            item,
            &must,
            &[
                "options",
                "choices",
                "note",
                "allergy",
                "round",
                "added_at",
                "course",
                "seat",
                "held",
                "fired_at",
                "served_at",
                "reason",
                "detail",
            ],
        );
    }
    time(&document["placed_at"]);
}

fn fields(value: &Value, must: &[&str], may: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("not an object: {value}"));
    for name in must {
        assert!(object.contains_key(*name), "{name} is missing in {value}");
    }
    for (name, value) in object {
        assert!(must.contains(&name.as_str()) || may.contains(&name.as_str()), "unexpected {name} in {object:?}");
        assert!(!value.is_null(), "{name} is null in {object:?}");
    }
}

/// Asserts RFC 3339 in UTC with milliseconds, such as `2026-11-24T10:00:00.123Z`.
fn time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not a time"));
    let is_right = |(at, c): (usize, char)| match at {
        4 | 7 => c == '-',
        10 => c == 'T',
        13 | 16 => c == ':',
        19 => c == '.',
        23 => c == 'Z',
        _ => c.is_ascii_digit(),
    };
    assert!(text.len() == 24 && text.chars().enumerate().all(is_right), "{text} is not a time of the contract");
}
