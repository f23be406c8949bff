//! The story of an order: who did what to it, when, from which screen, and what was undone.

use super::orders;
use crate::auth::policy;
use crate::domain::model::event::{Event, EventKind, Rule};
use crate::domain::model::principal::{Person, Principal, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::rules::story::{self, Step};
use crate::domain::values::ids::{CommandId, DeviceId, ItemId, OrderId};
use crate::domain::values::position::Position;
use crate::domain::values::reason::Reason;
use crate::domain::values::text::Name;
use crate::domain::values::time::Timestamp;
use crate::http::extract::AuthUser;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// The most events of an answer. A long evening with corrections has some dozens.
const MOST: u32 = 1000;
/// The most screens whose names are read.
const MOST_SCREENS: usize = 50;

#[derive(Serialize, ToSchema)]
#[schema(as = StoryScreen)]
struct Screen {
    id: DeviceId,
    /// The screen's current name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StoryAuthor)]
struct Author {
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Person>,
    /// The paired screen on which it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    screen: Option<Screen>,
    /// The rule of the restaurant, if nobody did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StoryEvent)]
struct Told {
    position: Position,
    #[schema(value_type = String)]
    kind: EventKind,
    at: Timestamp,
    by: Author,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<CommandId>,
    /// The lines that it changed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    items: BTreeSet<ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promised_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rush: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// The position of the event that undid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<Position>,
}

#[derive(Serialize, ToSchema)]
struct Story {
    order: OrderId,
    number: u32,
    /// Oldest first.
    events: Vec<Told>,
    /// Whether these are all events of the order.
    complete: bool,
}

/// `GET /api/v1/orders/{id}/story`: returns who did what to an order, when, from which screen, and
/// what was undone. 200.
///
/// # Errors
/// `forbidden` unless the caller is staff or a manager, `not_found` for an order that does not exist.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}/story",
    operation_id = "orderStory",
    tag = "orders",
    summary = "Read who did what to an order, when, from which screen, and what was undone",
    description = "For: staff, manager.",
    params(("id" = OrderId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The story.", body = Story),
        parts::WithToken,
        (status = 404, response = Problem),
    ),
)]
pub async fn read(state: web::Data<State>, AuthUser(who): AuthUser, id: web::Path<OrderId>) -> Result<HttpResponse, Problem> {
    if !policy::may_see_people(&who) {
        return Err(Problem::new(ErrorCode::Forbidden, "only staff may read who did what"));
    }
    let order = orders::visible(&state, &who, *id).await?;
    let store = &state.node.store;
    let mut events = store.events(who.restaurant, Some(RoomId::Order(*id)), Position::ZERO, order.position, MOST + 1).await?;
    let complete = events.len() <= MOST as usize;
    events.truncate(MOST as usize);
    let names = screen_names(&state, &who, &events).await?;
    let events = story::tell(&events).into_iter().map(|step| told(step, &names)).collect();
    Ok(HttpResponse::Ok().json(Story { order: order.id, number: order.number, events, complete }))
}

async fn screen_names(state: &State, who: &Principal, events: &[Event]) -> Result<BTreeMap<DeviceId, Name>, Problem> {
    let screens: BTreeSet<DeviceId> = events.iter().filter_map(|event| event.by.screen).collect();
    let mut names = BTreeMap::new();
    for screen in screens.into_iter().take(MOST_SCREENS) {
        if let Some(name) = state.node.store.device_name(who.restaurant, screen).await? {
            names.insert(screen, name);
        }
    }
    Ok(names)
}

fn told(step: Step, names: &BTreeMap<DeviceId, Name>) -> Told {
    let Step { position, kind, at, by, command, items, promised_at, rush, reason, undone_by } = step;
    let screen = by.screen.map(|id| Screen { id, name: names.get(&id).cloned() });
    let by = Author { role: by.role, person: by.person, screen, rule: by.rule };
    Told { position, kind, at, by, command, items, promised_at, rush, reason, undone_by }
}
