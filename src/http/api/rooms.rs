//! Rooms over plain HTTP, for networks that block WebSockets: a stream of server-sent events, and
//! the long poll. Either may name several rooms, so that a page needs only one request.

use crate::connection::sockets::handle::SocketHandle;
use crate::connection::sse::actor as event_stream;
use crate::connection::sse::last_event_id::Cursor;
use crate::connection::subscription::Subscription;
use crate::connection::{long_poll, sse};
use crate::domain::model::principal::Role;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::domain::values::schema;
use crate::domain::values::text::Station;
use crate::http::body::Body;
use crate::http::extract::Bearer;
use crate::http::occupancy;
use crate::http::openapi::parts;
use crate::http::openapi::shapes;
use crate::http::problem::Problem;
use crate::http::query::{Number, Query};
use crate::http::rate_limit::{Action, too_many};
use crate::http::state::State;
use crate::protocol::client_frame::Subscribe;
use crate::protocol::snapshot::PART_BYTES;
use crate::protocol::{ErrorCode, Failure};
use crate::store::screens::Receipt;
use actix_web::body::SizedStream;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ContentEncoding, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{AnyOfBuilder, Object, Schema};
use utoipa::{IntoParams, ToSchema};

/// The header that requests a snapshot in parts.
const SNAPSHOT_HEADER: &str = "orderbell-snapshot";
/// The most bytes in one piece of an answer.
const PIECE: usize = 16 * 1024;

/// The query of a stream: its reader's cursor in each of its rooms. Libraries for streams add parameters of their own, which
/// are ignored.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// The cursor. For several rooms, one cursor each in the same sequence, empty for a room
    /// without one.
    #[param(schema_with = since_schema)]
    since: Option<String>,
    /// The cursor's epoch, with the tag of its event if that is known: `EPOCH~TAG`. For several rooms, one for all, or one
    /// each in the same sequence.
    epoch: Option<String>,
}

fn since_schema() -> Schema {
    let cursors = schema::text("^[0-9]*(,[0-9]*)+$");
    AnyOfBuilder::new().item(Ref::from_schema_name(Position::name())).item(cursors).build().into()
}

/// Reads the rooms of an address, and their cursors in the same sequence: `ROOM,ROOM` and
/// `POSITION,POSITION`, with an empty entry for a room without a cursor. One epoch is of all cursors.
fn asked(rooms: &str, since: Option<&str>, epoch: Option<&String>, paged: bool) -> Result<Vec<Subscribe>, Problem> {
    let rooms: Vec<&str> = rooms.split(',').collect();
    let cursors: Vec<&str> = since.map_or_else(|| vec![""; rooms.len()], |since| since.split(',').collect());
    if cursors.len() != rooms.len() {
        return Err(Problem::invalid("since: expected a position, or nothing, for each room"));
    }
    let several = rooms.len() > 1;
    let epochs = epoch.map(|epoch| epoch.split(',').collect::<Vec<_>>()).filter(|epochs| epochs.len() == rooms.len());
    let epoch_of = |at: usize| epochs.as_ref().map(|epochs| epochs[at].to_owned()).or_else(|| epoch.cloned());
    let read = |(at, (room, cursor)): (usize, (&str, &str))| {
        let since = match cursor {
            "" if several || since.is_none() => None,
            text => Some(position(text)?),
        };
        Ok(Subscribe { room: room.to_owned(), since, epoch: epoch_of(at), paged })
    };
    rooms.iter().copied().zip(cursors).enumerate().map(read).collect()
}

fn position(text: &str) -> Result<Position, Problem> {
    let number = text.parse().ok().and_then(Position::new);
    number.ok_or_else(|| Problem::invalid(format!("since: expected a whole number from 0 to {}", Position::MAX)))
}

/// `GET /api/v1/rooms/{room}/stream`: streams the room, or several, as server-sent events. For a
/// single room, `Last-Event-ID` takes precedence over the query: a reader that reconnects by itself
/// repeats the query of its first request.
///
/// # Errors
/// `forbidden` for a single room that the caller may not join, `invalid` for an invalid cursor.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/stream",
    operation_id = "streamRoom",
    tag = "rooms",
    summary = "Follow a room, or several, as server-sent events",
    description = "For: the roles that the protocol's table of rooms names.",
    params(
        ("room" = String, Path, description = "The room: `order:<id>`, `kitchen:<id>`, `floor:<id>` or `menu:<id>`; or \
            several, separated by commas."),
        ("Last-Event-ID" = Option<String>, Header, description = "`EPOCH.POSITION`; takes precedence over the query."),
        parts::PagedSnapshot,
        Since,
    ),
    responses(
        (status = 200, description = "Frames, until the stream ends.", body = String, content_type = "text/event-stream"),
        parts::WithLink,
        (status = 403, response = Problem),
        (status = 422, response = Problem),
    ),
)]
pub async fn stream(
    state: web::Data<State>,
    Bearer(verified): Bearer,
    room: web::Path<String>,
    Query(query): Query<Since>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Since { since, epoch } = query;
    let mut asked = asked(&room, since.as_deref(), epoch.as_ref(), wants_parts(&request)?)?;
    if let ([only], Some(Cursor { epoch, position })) = (&mut asked[..], last_event_id(&request)?) {
        (only.since, only.epoch) = (Some(position), Some(epoch));
    }
    state.limits.admit(Action::Handshake, &verified.principal).map_err(too_many)?;
    let socket = request.conn_data::<Rc<SocketHandle>>().cloned();
    let body = event_stream::open(state.node.clone(), verified, &asked, socket).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, sse::encoding::EVENT_STREAM)).insert_header((CACHE_CONTROL, "no-store"));
    // A proxy that buffers responses, as nginx does by default, would hold back each event.
    Ok(response.insert_header(("X-Accel-Buffering", "no")).streaming(body))
}

/// Reads the `Last-Event-ID`. An empty one counts as absent: a reader that has not seen an id sends
/// it.
fn last_event_id(request: &HttpRequest) -> Result<Option<Cursor>, Problem> {
    let Some(header) = request.headers().get("last-event-id").filter(|value| !value.is_empty()) else { return Ok(None) };
    // A header that is not text fails like an invalid cursor.
    let cursor = header.to_str().unwrap_or_default().parse::<Cursor>();
    cursor.map(Some).map_err(|error| Problem::invalid(error.to_string()))
}

/// The query of a poll. Unknown parameters are ignored, as in a stream's.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wait {
    /// The cursor. For several rooms, one cursor each in the same sequence, empty for a room
    /// without one.
    #[param(schema_with = since_schema)]
    since: Option<String>,
    /// The cursor's epoch, with the tag of its event if that is known: `EPOCH~TAG`. For several rooms, one for all, or one
    /// each in the same sequence.
    epoch: Option<String>,
    /// The longest wait in seconds; more than 30 counts as 30.
    #[param(schema_with = wait_schema)]
    wait: Option<Number<0, { u32::MAX }>>,
}

fn wait_schema() -> Object {
    let default = long_poll::actor::DEFAULT_WAIT.as_secs();
    schema::integer(0, u32::MAX).default(Some(default.into())).build()
}

/// `GET /api/v1/rooms/{room}/events`: waits for the next frames of the room, or of several, and
/// returns as soon as there is one. `wait` is in seconds; more than 30 counts as 30.
///
/// # Errors
/// `forbidden` for a single room that the caller may not join, `invalid` for an invalid query.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/events",
    operation_id = "pollRoom",
    tag = "rooms",
    summary = "Wait for the next frames of a room, or of several",
    description = "For: the roles that the protocol's table of rooms names.",
    params(
        ("room" = String, Path, description = "The room: `order:<id>`, `kitchen:<id>`, `floor:<id>` or `menu:<id>`; or \
            several, separated by commas."),
        parts::PagedSnapshot,
        Wait,
    ),
    responses(
        (status = 200, description = "The frames; none if the wait ended without one.", body = shapes::AnyPoll),
        parts::WithLink,
        (status = 403, response = Problem),
        (status = 422, response = Problem),
    ),
)]
pub async fn events(
    state: web::Data<State>,
    Bearer(verified): Bearer,
    room: web::Path<String>,
    Query(query): Query<Wait>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Wait { since, epoch, wait } = query;
    let wait = wait.map_or(long_poll::actor::DEFAULT_WAIT, |Number(seconds)| Duration::from_secs(seconds.into()));
    let asked = asked(&room, since.as_deref(), epoch.as_ref(), wants_parts(&request)?)?;
    let pieces = long_poll::actor::wait_for(state.node.clone(), verified, &asked, wait).await?;
    let length: usize = pieces.iter().map(Bytes::len).sum();
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    if length <= PART_BYTES {
        return Ok(response.body(pieces.concat()));
    }
    // Shared bytes stay shared: a piece is copied only when its reader takes it, and no compressor
    // holds megabytes of it.
    response.insert_header(ContentEncoding::Identity);
    let cuts = pieces.into_iter().flat_map(|piece| {
        (0..piece.len()).step_by(PIECE).map(move |from| Ok::<_, Infallible>(piece.slice(from..piece.len().min(from + PIECE))))
    });
    let mut response = response.body(SizedStream::new(length as u64, stream::iter(cuts)));
    response.extensions_mut().insert(occupancy::Shared);
    Ok(response)
}

/// Returns whether the request asks for a snapshot in parts.
fn wants_parts(request: &HttpRequest) -> Result<bool, Problem> {
    match request.headers().get(SNAPSHOT_HEADER).map(HeaderValue::as_bytes) {
        None => Ok(false),
        Some(b"paged") => Ok(true),
        Some(_) => Err(Problem::invalid("Orderbell-Snapshot: expected `paged`, or no such header")),
    }
}

/// A report of what a screen has drawn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SeenReport)]
pub struct Seen {
    position: Position,
    /// The only station that the report covers. Absent: all stations of the screen.
    station: Option<Station>,
}

/// `POST /api/v1/rooms/{room}/seen`: reports like the frame `seen`, for a screen that follows its
/// room without a WebSocket.
///
/// # Errors
/// `forbidden` for a room that the caller may not join, `invalid` for an invalid body,
/// `unavailable` until the screen has requested its room.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/seen",
    operation_id = "reportSeen",
    tag = "rooms",
    summary = "Report what a kitchen screen or a page of the floor has drawn if it follows its room without a WebSocket",
    description = "For: the roles that the protocol's table of rooms names. The report of a kitchen screen in its \
        kitchen room, and of staff, managers and services in their floor room, is kept; any other is accepted and ignored.",
    params(("room" = String, Path, description = "The room: `kitchen:<id>` or `floor:<id>`.")),
    request_body = Seen,
    responses(
        (status = 204, description = "Accepted."),
        parts::WithLink,
        parts::WithBody,
        (status = 403, response = Problem),
    ),
)]
pub async fn seen(
    state: web::Data<State>,
    Bearer(verified): Bearer,
    room: web::Path<String>,
    Body(Seen { position, station }): Body<Seen>,
) -> Result<HttpResponse, Problem> {
    let (principal, asked) = (&verified.principal, Subscribe { room: room.into_inner(), since: None, epoch: None, paged: false });
    let subscription = Subscription::of(principal, &asked, state.node.store.epoch()).ok_or_else(Failure::forbidden_room)?;
    // Any other report is accepted and ignored, as is one for the room of a menu or of an order.
    if principal.role == Role::Kitchen && matches!(subscription.room, RoomId::Kitchen(_)) {
        record(&state, state.node.screens.drawn(principal, position, station)).await?;
    }
    if matches!(subscription.room, RoomId::Floor(_)) {
        state.node.screens.floor_drawn(principal.restaurant, position);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Records a report at once if the screen's connections are on another node.
async fn record(state: &State, elsewhere: Option<Receipt>) -> Result<(), Problem> {
    let Some(receipt) = elsewhere else { return Ok(()) };
    let known = state.node.store.record_seen(vec![receipt]).await?;
    state.node.metrics.seen.inc_by(known);
    if known == 0 {
        let detail = "no such screen yet: follow the room, and report again";
        return Err(Problem::new(ErrorCode::Unavailable, detail).after(Duration::from_secs(1)));
    }
    Ok(())
}
