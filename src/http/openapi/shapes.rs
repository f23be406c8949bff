//! Shapes of answers that are written as text, since frames are encoded once and shared.

use crate::domain::model::history::Tag;
use crate::domain::values::ids::CommandId;
use crate::domain::values::position::Position;
use crate::domain::values::schema::{self, wire_schema};
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{AnyOfBuilder, Object};

/// The answer to a command.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ack {
    /// Always `ack`.
    #[schema(schema_with = type_schema)]
    pub r#type: String,
    /// The id of the command.
    pub id: CommandId,
    /// The position of the last event of the command.
    pub position: Position,
    /// Whether the command changed anything.
    pub changed: bool,
    /// The order; for calls, the call.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
}

fn type_schema() -> Object {
    schema::word(["ack"]).build()
}

/// The answer to a long poll of one room.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// The room.
    pub room: String,
    /// The epoch of the position.
    pub epoch: String,
    /// The version of the pages that the node serves, as in `welcome`.
    pub version: String,
    /// The cursor of the next poll.
    pub position: Position,
    /// The end of the id of the event at it.
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{12}$")]
    pub tag: Option<Tag>,
    /// Frames as the AsyncAPI document has them.
    #[schema(value_type = Vec<Object>)]
    pub frames: Vec<serde_json::Value>,
}

/// The answer to a long poll of several rooms: each frame names its room.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollOfRooms {
    /// The epoch of the positions.
    pub epoch: String,
    /// The version of the pages that the node serves, as in `welcome`.
    pub version: String,
    /// Frames as the AsyncAPI document has them.
    #[schema(value_type = Vec<Object>)]
    pub frames: Vec<serde_json::Value>,
}

/// The answer to a long poll: [`Poll`] or [`PollOfRooms`].
#[derive(Debug)]
pub struct AnyPoll;

wire_schema!(
    AnyPoll,
    "AnyPoll",
    AnyOfBuilder::new().item(Ref::from_schema_name(Poll::name())).item(Ref::from_schema_name(PollOfRooms::name()))
);
