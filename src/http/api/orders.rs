//! Orders: placing, reading, sharing, and commands. [`super::order_lists`] lists them.

use crate::auth::policy;
use crate::auth::share::Shared;
use crate::domain::model::basket::Basket;
use crate::domain::model::command::{ActionName, Command, RawCommand, Subject};
use crate::domain::model::order::Order;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{CommandId, OrderId};
use crate::http::body::Body;
use crate::http::extract::{Acting, AuthUser, Bearer, IdempotencyKey, TenantUser};
use crate::http::openapi::parts;
use crate::http::openapi::shapes;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::{ErrorCode, ServerFrame};
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

fn no_such_order() -> Problem {
    Problem::not_found("no such order")
}

/// `POST /api/v1/restaurants/{slug}/orders`: places an order under the `Idempotency-Key`. 201 with
/// the document, or 200 with the existing order if its `external_id` was placed before.
///
/// # Errors
/// `forbidden`, `invalid`, `paused`; `conflict` for the same key or `external_id` with another
/// basket.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/orders",
    operation_id = "placeOrder",
    tag = "orders",
    summary = "Place an order",
    description = "For: diner, staff, manager, service.",
    params(
        parts::RestaurantPath,
        ("Idempotency-Key" = CommandId, Header, description = "The command's id: the same key gets the same answer and \
            places no second order."),
        parts::Shift,
    ),
    request_body = Basket,
    responses(
        (status = 200, description = "The existing order with the same `external_id`.", body = Order,
            headers(("Location" = String, description = "The order's address."))),
        (status = 201, description = "The order.", body = Order, headers(("Location" = String, description = "The order's \
            address."))),
        parts::OfRestaurant,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn place(
    state: web::Data<State>,
    Acting(who): Acting,
    IdempotencyKey(id): IdempotencyKey,
    body: Body<Basket>,
) -> Result<HttpResponse, Problem> {
    let ack = state.node.commands.place(&who, id, body.0).await?;
    let order: OrderName = serde_json::from_str(ack.document.get()).map_err(|error| {
        log::error!(error:% = error; "an order document has no id");
        Problem::new(ErrorCode::Internal, "the order was placed; its document could not be read")
    })?;
    // An order that a POS placed before under the same number is not placed again.
    let mut response = if ack.changed { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.insert_header((LOCATION, format!("/api/v1/orders/{}", order.id))).json(&ack.document))
}

#[derive(Deserialize)]
struct OrderName {
    id: OrderId,
}

/// `GET /api/v1/orders/{id}`: returns the document.
///
/// # Errors
/// `not_found` for an order that does not exist or that the caller may not see.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}",
    operation_id = "readOrder",
    tag = "orders",
    summary = "Read an order",
    description = "For: its diner, anyone with a link to it, kitchen, staff, manager, service.",
    params(("id" = OrderId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The document.", body = Order),
        parts::WithLink,
        (status = 404, response = Problem),
    ),
)]
pub async fn read(state: web::Data<State>, Bearer(verified): Bearer, id: web::Path<OrderId>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(visible(&state, &verified.principal, *id).await?))
}

/// `POST /api/v1/orders/{id}/share`: issues a token that shows this order to anyone who has it, and
/// that ends with the session. 200.
///
/// # Errors
/// `forbidden` unless the caller is a guest, `not_found` for an order that is not theirs.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/share",
    operation_id = "shareOrder",
    tag = "orders",
    summary = "Issue a token that shows one order to anyone who has it",
    description = "For: its diner. The token may read this order and join its room, and nothing else. It cannot be \
        renewed, and ends with the diner's session. A page reads it from the fragment of /orders/{id}#share=TOKEN.",
    params(("id" = OrderId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The token.", body = Shared),
        parts::WithLink,
        (status = 403, response = Problem),
        (status = 404, response = Problem),
    ),
)]
pub async fn share(state: web::Data<State>, Bearer(verified): Bearer, id: web::Path<OrderId>) -> Result<HttpResponse, Problem> {
    if !policy::is_guest(&verified.principal) {
        return Err(Problem::new(ErrorCode::Forbidden, "only the guest who placed the order can share it"));
    }
    state.node.commands.admit(&verified.principal)?;
    visible(&state, &verified.principal, *id).await?;
    Ok(HttpResponse::Ok().json(state.sessions()?.share(&verified, *id).await?))
}

/// Returns the order, or `not_found` if the principal may not see it.
pub async fn visible(state: &State, who: &Principal, id: OrderId) -> Result<Order, Problem> {
    let order = state.node.store.order(who.restaurant, id).await?;
    order.filter(|order| policy::owns(who, order)).ok_or_else(no_such_order)
}

/// `POST /api/v1/orders/{id}/commands`: carries out a command about an order, or a call from its
/// table. 200 with the ack.
///
/// # Errors
/// The codes under "Commands" in docs/protocol.md.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/commands",
    operation_id = "command",
    tag = "orders",
    summary = "Send a command about an order",
    description = "For: the roles that the protocol's table of commands names.",
    params(("id" = OrderId, Path, description = "The id.")),
    request_body = RawCommand,
    responses(
        (status = 200, description = "The ack.", body = shapes::Ack),
        parts::WithToken,
        parts::WithBody,
        (status = 404, response = Problem),
        (status = 409, response = Problem),
    ),
)]
pub async fn command(
    state: web::Data<State>,
    AuthUser(who): AuthUser,
    id: web::Path<OrderId>,
    body: Body<RawCommand>,
) -> Result<HttpResponse, Problem> {
    let mut raw = body.0;
    if raw.order.is_some_and(|order| order != *id) {
        return Err(Problem::invalid("order differs from the one in the address; leave it out"));
    }
    // A call concerns a table; the order in the address only says from which page it was sent.
    let name = ActionName::of_word(&raw.action);
    if matches!(name, Some(ActionName::Move | ActionName::Merge | ActionName::Split | ActionName::Undo)) {
        return Err(Problem::invalid("send a command about a visit to /api/v1/restaurants/{slug}/commands"));
    }
    let is_call = matches!(name, Some(ActionName::CallWaiter | ActionName::AnswerCall));
    raw.order = if is_call { None } else { Some(*id) };
    if is_call {
        visible(&state, &who, *id).await?;
    }
    execute(&state, &who, raw.try_into()?).await
}

/// `POST /api/v1/restaurants/{slug}/commands`: carries out a command that concerns no order
/// (`call_waiter`, `answer_call`, `move`, `merge`, `split`, `undo`). 200 with the ack.
///
/// # Errors
/// The codes under "Commands" in docs/protocol.md.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/commands",
    operation_id = "commandCall",
    tag = "orders",
    summary = "Send a command that concerns no order: `call_waiter`, `answer_call`, `move`, `merge`, `split`, `undo`",
    description = "For: diner, staff, manager.",
    params(parts::RestaurantPath),
    request_body = RawCommand,
    responses(
        (status = 200, description = "The ack.", body = shapes::Ack),
        parts::OfRestaurant,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn call(state: web::Data<State>, TenantUser(who): TenantUser, body: Body<RawCommand>) -> Result<HttpResponse, Problem> {
    let command = Command::try_from(body.0)?;
    if matches!(command.subject, Subject::Order { .. }) {
        return Err(Problem::invalid("send a command about an order to /api/v1/orders/{id}/commands"));
    }
    execute(&state, &who, command).await
}

async fn execute(state: &State, who: &Principal, command: Command) -> Result<HttpResponse, Problem> {
    let id = command.id;
    let ack = state.node.commands.execute(who, command).await?;
    let frame = ServerFrame::Ack { id, position: ack.position, changed: ack.changed, document: &ack.document }.encode();
    Ok(HttpResponse::Ok().content_type("application/json").body(frame.text()))
}
