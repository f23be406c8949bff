//! Frames from the client, parsed at the edge.

use super::error_code::ErrorCode;
use super::fields;
use crate::domain::model::basket::Basket;
use crate::domain::model::command::{Command, RawCommand};
use crate::domain::values::ids::CommandId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a client may write in a `ping`, to know its `pong` by: a text of up to 64 bytes or a number. It comes back as it
/// was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Nonce(Value);

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text.len() > 64 => Err(serde::de::Error::custom("a nonce has at most 64 bytes")),
            nonce @ (Value::String(_) | Value::Number(_)) => Ok(Self(nonce)),
            _ => Err(serde::de::Error::custom("a nonce is a text or a number")),
        }
    }
}

/// A frame of section 6, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// Join a room, from a cursor when there is one.
    Subscribe(Subscribe),
    /// Leave a room.
    Unsubscribe {
        /// Its name as written.
        room: String,
    },
    /// Do something.
    Command(Box<Command>),
    /// Place an order.
    Place {
        /// Makes it safe to send again.
        id: CommandId,
        /// The basket.
        basket: Box<Basket>,
    },
    /// Go on under a new token.
    Refresh {
        /// The token.
        token: String,
    },
    /// A screen has drawn everything up to a position.
    Seen {
        /// The room's name as written.
        room: String,
        /// Up to where.
        position: Position,
        /// The one station it shows, of a screen that may show all.
        station: Option<Station>,
    },
    /// Are you there.
    Ping {
        /// Comes back in the `pong`.
        nonce: Option<Nonce>,
    },
}

/// The fields of `subscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The room's name as written; one that names no room is `forbidden` like any other that may not be joined.
    pub room: String,
    /// The cursor.
    pub since: Option<Position>,
    /// The epoch the cursor is of.
    pub epoch: Option<String>,
    /// A snapshot is to come in parts.
    #[serde(default)]
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

/// Why a text is not a frame, with what of it can be told back to its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFrame {
    /// `bad_frame`, or `invalid` for a command or an order whose fields are wrong.
    pub code: ErrorCode,
    /// What is wrong.
    pub message: String,
    /// The id of the command, when it had a readable one.
    pub id: Option<CommandId>,
}

impl BadFrame {
    fn new(code: ErrorCode, message: impl Into<String>, id: Option<CommandId>) -> Self {
        Self { code, message: message.into(), id }
    }
}

impl ClientFrame {
    /// Every type of a client frame.
    pub const TYPES: [&str; 7] = ["subscribe", "unsubscribe", "command", "place", "refresh", "seen", "ping"];

    /// Reads one text message.
    ///
    /// # Errors
    /// `bad_frame` for what is not a JSON object with a known `type`, or a frame of control whose fields are wrong;
    /// `invalid` for a `command` or `place` whose fields are wrong.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let mut members: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| BadFrame::new(ErrorCode::BadFrame, "a frame is a JSON object", None))?;
        let kind = match members.remove("type") {
            Some(Value::String(kind)) => kind,
            _ => return Err(BadFrame::new(ErrorCode::BadFrame, "a frame has a type", None)),
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
            "place" => request(value, id).map(|Place { id, order }| Self::Place { id, basket: order }),
            _ => Err(BadFrame::new(ErrorCode::BadFrame, "no frame of this type", id)),
        }
    }
}

fn control<T: DeserializeOwned>(value: Value) -> Result<T, BadFrame> {
    fields::from_value(value).map_err(|error| BadFrame::new(ErrorCode::BadFrame, error, None))
}

fn request<T: DeserializeOwned>(value: Value, id: Option<CommandId>) -> Result<T, BadFrame> {
    fields::from_value(value).map_err(|error| BadFrame::new(ErrorCode::Invalid, error, id))
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

    const ID: &str = "0193a5f0-7c1e-7000-8000-000000000001";

    #[test]
    fn every_frame_of_the_contract_is_read() {
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
    fn what_is_wrong_gets_its_code_and_its_id_back() {
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
        fn no_text_whatever_breaks_the_reader(text in ".{0,200}") {
            let _ = ClientFrame::parse(&text);
        }

        #[test]
        fn no_json_whatever_breaks_the_reader(kind in "(subscribe|unsubscribe|command|place|refresh|seen|ping)", key in "[a-z_]{1,12}", number in any::<i64>()) {
            let _ = ClientFrame::parse(&format!(r#"{{"type":"{kind}","{key}":{number}}}"#));
            let _ = ClientFrame::parse(&format!(r#"{{"type":"{kind}","id":"{ID}","order":"{ID}","{key}":[{number}]}}"#));
        }
    }
}
