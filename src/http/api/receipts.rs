//! Receipts for guests: whether their orders and calls were in view on a page of the floor.

use super::orders;
use crate::auth::policy;
use crate::domain::values::ids::{CallId, OrderId};
use crate::domain::values::reason::CallReason;
use crate::domain::values::time::Timestamp;
use crate::http::extract::{AuthUser, Bearer};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
struct OrderReceipt {
    floor_seen: bool,
}

/// `GET /api/v1/orders/{id}/receipt`: returns whether the order was in view on a page of the floor.
/// 200.
///
/// # Errors
/// `not_found` for an order that does not exist or that the caller may not see.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}/receipt",
    operation_id = "orderReceipt",
    tag = "orders",
    summary = "Read whether the order was in view on a page of the floor",
    description = "For: everyone who may read the order.",
    params(("id" = OrderId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The receipt.", body = OrderReceipt),
        parts::WithLink,
        (status = 404, response = Problem),
    ),
)]
pub async fn of_order(
    state: web::Data<State>,
    Bearer(verified): Bearer,
    id: web::Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let order = orders::visible(&state, &verified.principal, *id).await?;
    let drawn = state.node.store.floor_position(order.restaurant).await?;
    let placed = state.node.store.placed_at(order.restaurant, order.id).await?;
    Ok(HttpResponse::Ok().json(OrderReceipt { floor_seen: placed.is_some_and(|placed| placed <= drawn) }))
}

#[derive(Serialize, ToSchema)]
struct OpenCall {
    id: CallId,
    reason: CallReason,
    raised_at: Timestamp,
    /// Whether the call was in view on a page of the floor; absent if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    floor_seen: Option<bool>,
}

#[derive(Serialize, ToSchema)]
struct OpenCalls {
    calls: Vec<OpenCall>,
}

/// `GET /api/v1/diner-sessions/current/calls`: lists the open calls of the guest's table. 200.
///
/// # Errors
/// `forbidden` unless the caller is a guest.
#[utoipa::path(
    get,
    path = "/api/v1/diner-sessions/current/calls",
    operation_id = "callsOfVisit",
    tag = "sessions",
    summary = "List the open calls of the guest's table",
    description = "For: diner. If a call is no longer listed, staff have closed it.",
    responses((status = 200, description = "The open calls.", body = OpenCalls), parts::WithToken),
)]
pub async fn of_calls(state: web::Data<State>, AuthUser(who): AuthUser) -> Result<HttpResponse, Problem> {
    if !policy::is_guest(&who) {
        return Err(Problem::new(ErrorCode::Forbidden, "only a guest has calls"));
    }
    let drawn = state.node.store.floor_position(who.restaurant).await?;
    let open = state.node.store.open_calls(who.restaurant).await?;
    let seat = state.node.store.seat(who.restaurant, &who.session).await?.or(who.table);
    let own = open.into_iter().filter(|(call, _)| Some(&call.table) == seat.as_ref());
    let calls = own.map(|(call, raised)| OpenCall {
        id: call.id,
        reason: call.reason,
        raised_at: call.raised_at,
        floor_seen: raised.map(|raised| raised <= drawn),
    });
    Ok(HttpResponse::Ok().json(OpenCalls { calls: calls.collect() }))
}
