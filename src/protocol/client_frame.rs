//! Frames from the client.

use super::error_code::ErrorCode;
use super::fields;
use crate::domain::model::basket::Basket;
use crate::domain::model::command::{Command, RawCommand};
use crate::domain::values::as_text::or_default;
use crate::domain::values::ids::{CommandId, ShiftId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A nonce that a client sends in a `ping` to recognize the `pong`: a text of up to 64 bytes or a
/// number. The server returns it unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Nonce(Value);

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text.len() > 64 => Err(serde::de::Error::custom("must have at most 64 bytes")),
            nonce @ (Value::String(_) | Value::Number(_)) => Ok(Self(nonce)),
            _ => Err(serde::de::Error::custom("must be a string or a number")),
        }
    }
}

/// A parsed frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// Join a room, from a cursor if the client has one.
    Subscribe(Subscribe),
    /// Leave a room.
    Unsubscribe {
        /// The room's name as the client wrote it.
        room: String,
    },
    /// Carry out a command.
    Command(Box<Command>),
    /// Place an order.
    Place {
        /// The command's id. A repeat under the same id places no second order.
        id: CommandId,
        /// The order's content.
        basket: Box<Basket>,
        /// On a shared device: the shift of the person who acts.
        shift: Option<ShiftId>,
    },
    /// Continue under a new token.
    Refresh {
        /// The new token.
        token: String,
    },
    /// Report that a screen has drawn everything up to a position.
    Seen {
        /// The room's name as the client wrote it.
        room: String,
        /// The last position drawn.
        position: Position,
        /// The station that a screen of all stations shows at present.
        station: Option<Station>,
    },
    /// Ask for a sign of life.
    Ping {
        /// A value to return in the `pong`.
        nonce: Option<Nonce>,
    },
}

/// The fields of `subscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The room's name as the client wrote it. A name that is not a room's is `forbidden`, like a room that the client may not
    /// join.
    pub room: String,
    /// The client's cursor.
    pub since: Option<Position>,
    /// The epoch of the cursor.
    pub epoch: Option<String>,
    /// Whether the client accepts snapshots in parts.
    #[serde(default, deserialize_with = "or_default")]
    pub paged: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsubscribe {
    room: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    id: CommandId,
    order: Box<Basket>,
    #[serde(default)]
    shift: Option<ShiftId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    room: String,
    position: Position,
    station: Option<Station>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ping {
    nonce: Option<Nonce>,
}

/// An invalid frame, with the details to report to its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFrame {
    /// `bad_frame`, or `invalid` for a command or an order whose fields are wrong.
    pub code: ErrorCode,
    /// The fault, worded for the sender.
    pub message: String,
    /// The id of the command, if it was readable.
    pub id: Option<CommandId>,
}

impl BadFrame {
    fn new(code: ErrorCode, message: impl Into<String>, id: Option<CommandId>) -> Self {
        Self { code, message: message.into(), id }
    }
}

impl ClientFrame {
    /// Every type of client frame.
    pub const TYPES: [&str; 7] = ["subscribe", "unsubscribe", "command", "place", "refresh", "seen", "ping"];

    /// Reads one text message.
    ///
    /// # Errors
    /// `invalid` for a `command` or `place` with wrong fields; `bad_frame` for any other frame with
    /// wrong fields, and for a text that is not a JSON object with a known `type`.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let mut members: Map<String, Value> = serde_json::from_str(text).map_err(|error| not_an_object(&error))?;
        let kind = match members.remove("type") {
            Some(Value::String(kind)) => kind,
            _ => return Err(BadFrame::new(ErrorCode::BadFrame, "a frame has a `type`, a string", None)),
        };
        let id = members.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let value = Value::Object(members);
        match kind.as_str() {
            "subscribe" => control(value).map(Self::Subscribe),
            "unsubscribe" => control(value).map(|Unsubscribe { room }| Self::Unsubscribe { room }),
            "refresh" => control(value).map(|Refresh { token }| Self::Refresh { token }),
            "seen" => control(value).map(|Seen { room, position, station }| Self::Seen { room, position, station }),
            "ping" => control(value).map(|Ping { nonce }| Self::Ping { nonce }),
            "command" => command(value, id),
            "place" => request(value, id).map(|Place { id, order, shift }| Self::Place { id, basket: order, shift }),
            _ => Err(BadFrame::new(ErrorCode::BadFrame, format!("type must be one of {}", Self::TYPES.join(", ")), id)),
        }
    }
}

fn not_an_object(error: &serde_json::Error) -> BadFrame {
    BadFrame::new(ErrorCode::BadFrame, format!("a frame is a JSON object: {}", fields::json_error(error)), None)
}

fn control<T: DeserializeOwned>(value: Value) -> Result<T, BadFrame> {
    fields::from_value(value).map_err(|error| BadFrame::new(ErrorCode::BadFrame, error.to_string(), None))
}

fn request<T: DeserializeOwned>(value: Value, id: Option<CommandId>) -> Result<T, BadFrame> {
    fields::from_value(value).map_err(|error| BadFrame::new(ErrorCode::Invalid, error.to_string(), id))
}

fn command(value: Value, id: Option<CommandId>) -> Result<ClientFrame, BadFrame> {
    let raw: RawCommand = request(value, id)?;
    let command = Command::try_from(raw).map_err(|error| BadFrame::new(ErrorCode::Invalid, error.to_string(), id))?;
    Ok(ClientFrame::Command(Box::new(command)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const ID: &str = "0193a5f0-7c1e-7000-8000-000000000001";

    #[test]
    fn every_frame_of_the_contract_parses() {
        let good = [
            r#"{"type":"subscribe","room":"order:x"}"#.to_owned(),
            r#"{"type":"subscribe","room":"order:x","since":7,"epoch":"e"}"#.to_owned(),
            r#"{"type":"subscribe","room":"order:x","paged":true}"#.to_owned(),
            r#"{"type":"unsubscribe","room":"order:x"}"#.to_owned(),
            format!(r#"{{"type":"command","id":"{ID}","order":"{ID}","action":"ready"}}"#),
            format!(
                r#"{{"type":"place","id":"{ID}","order":{{"service":"dine_in","items":[{{"menu_item":"{ID}","quantity":1}}]}}}}"#
            ),
            r#"{"type":"refresh","token":"t"}"#.to_owned(),
            r#"{"type":"seen","room":"kitchen:x","position":9}"#.to_owned(),
            r#"{"type":"seen","room":"kitchen:x","position":9,"station":"hot"}"#.to_owned(),
            r#"{"type":"ping"}"#.to_owned(),
            r#"{"type":"ping","nonce":"n"}"#.to_owned(),
            r#"{"type":"ping","nonce":17}"#.to_owned(),
        ];
        for text in good {
            assert!(ClientFrame::parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn null_means_absent_except_where_absence_means_everything() {
        let read = |frame: &Value| ClientFrame::parse(&frame.to_string());
        let command = json!({"type": "command", "id": ID, "order": ID, "action": "ready"});
        let void = json!({"type": "command", "id": ID, "order": ID, "action": "void_item", "item": ID, "reason": "out_of_stock"});
        let items = json!([{"menu_item": ID, "quantity": 1}]);
        let place = place_of(&items);
        for (frame, fields) in [
            (json!({"type": "subscribe", "room": "r"}), &["/since", "/epoch"][..]),
            (json!({"type": "seen", "room": "r", "position": 9}), &["/station"]),
            (json!({"type": "ping"}), &["/nonce"]),
            (command, &["/expected_position", "/minutes", "/reason", "/detail", "/item", "/rush", "/call"]),
            (place, &["/order/note", "/order/table", "/order/external_id", "/order/items/0/note"]),
        ] {
            for path in fields {
                assert_eq!(read(&with_null(&frame, path)), read(&frame), "{path}");
            }
            assert!(read(&frame).is_ok(), "{frame}");
        }
        for (frame, path) in [(void, "/quantity"), (place_of(&items), "/order/expected_total")] {
            assert!(read(&frame).is_ok(), "{frame}");
            let refused = read(&with_null(&frame, path)).unwrap_err();
            assert!(refused.code == ErrorCode::Invalid && refused.message.contains("null"), "{path}: {refused:?}");
        }
    }

    fn place_of(items: &Value) -> Value {
        json!({"type": "place", "id": ID, "order": {"service": "dine_in", "items": items}})
    }

    /// A frame with one more member, which is `null`.
    fn with_null(frame: &Value, path: &str) -> Value {
        let mut frame = frame.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        frame.pointer_mut(parent).unwrap()[name] = Value::Null;
        frame
    }

    #[test]
    fn errors_carry_their_code_and_the_commands_id() {
        let cases = [
            ("", ErrorCode::BadFrame, false),
            ("[]", ErrorCode::BadFrame, false),
            ("{}", ErrorCode::BadFrame, false),
            (r#"{"type":7}"#, ErrorCode::BadFrame, false),
            (r#"{"type":"dance"}"#, ErrorCode::BadFrame, false),
            (r#"{"type":"subscribe"}"#, ErrorCode::BadFrame, false),
            (r#"{"type":"subscribe","room":"r","since":-1}"#, ErrorCode::BadFrame, false),
            (r#"{"type":"subscribe","room":"r","since":9007199254740992}"#, ErrorCode::BadFrame, false),
            (r#"{"type":"ping","nonce":{}}"#, ErrorCode::BadFrame, false),
            (r#"{"type":"ping","colour":"red"}"#, ErrorCode::BadFrame, false),
            (r#"{"type":"command","action":"ready"}"#, ErrorCode::Invalid, false),
            (r#"{"type":"command","id":"0193a5f0-7c1e-7000-8000-000000000001","action":"ready"}"#, ErrorCode::Invalid, true),
            (r#"{"type":"command","id":"0193a5f0-7c1e-7000-8000-000000000001","action":"explode"}"#, ErrorCode::Invalid, true),
            (r#"{"type":"place","id":"0193a5f0-7c1e-7000-8000-000000000001","order":{}}"#, ErrorCode::Invalid, true),
        ];
        for (text, code, has_id) in cases {
            let bad = ClientFrame::parse(text).unwrap_err();
            assert_eq!((bad.code, bad.id.is_some()), (code, has_id), "{text}: {}", bad.message);
        }
    }

    proptest! {
        #[test]
        fn the_parser_survives_any_text(text in ".{0,200}") {
            let _ = ClientFrame::parse(&text);
        }

        #[test]
        fn the_parser_survives_any_json(kind in "(subscribe|unsubscribe|command|place|refresh|seen|ping)", key in "[a-z_]{1,12}", number in any::<i64>()) {
            let _ = ClientFrame::parse(&format!(r#"{{"type":"{kind}","{key}":{number}}}"#));
            let _ = ClientFrame::parse(&format!(r#"{{"type":"{kind}","id":"{ID}","order":"{ID}","{key}":[{number}]}}"#));
        }
    }
}
