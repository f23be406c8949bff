//! A rider's data: only for those who deliver the order.

use super::orders::visible;
use crate::auth::policy;
use crate::clock;
use crate::domain::model::delivery::Delivery;
use crate::domain::model::order::{Order, Service};
use crate::domain::model::principal::Principal;
use crate::domain::model::refusal::Denied;
use crate::domain::values::ids::OrderId;
use crate::http::body::Body;
use crate::http::extract::{ActingUser, AuthUser};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::{ErrorCode, Failure};
use crate::store::audit::{self, Kind, Note};
use crate::store::labels::label_of;
use actix_web::{HttpResponse, web};

/// Checks that the caller may see riders' data, and that the order is delivered.
async fn check(state: &State, who: &Principal, id: OrderId) -> Result<Order, Problem> {
    if !policy::may_see_deliveries(who) {
        return Err(Problem::new(ErrorCode::Forbidden, "only staff and services see the rider's data"));
    }
    state.node.commands.admit(who)?;
    let order = visible(state, who, id).await?;
    if order.service == Service::Delivery { Ok(order) } else { Err(Problem::not_found("the order is not delivered")) }
}

/// Checks that the caller may also change it. Returns the entry of the audit, which has no words of the rider's data.
async fn check_change(state: &State, who: &Principal, id: OrderId, action: &'static str) -> Result<Note, Problem> {
    let order = check(state, who, id).await?;
    if !policy::may_set_deliveries(who) {
        return Err(Failure::from(Denied::nobody()).into());
    }
    Ok(Note::new(who.restaurant, Kind::Orders, action).by(who).about(id).called(label_of(&order)))
}

/// `GET /api/v1/orders/{id}/delivery`: returns the rider's data.
///
/// # Errors
/// `forbidden`; `not_found` for an order without a delivery, or whose details were removed.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}/delivery",
    operation_id = "readDelivery",
    tag = "orders",
    summary = "Read the rider's data",
    description = "For: staff, manager, service. No room, document or event carries it.",
    params(("id" = OrderId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The recipient.", body = Delivery),
        parts::WithToken,
        (status = 404, response = Problem),
    ),
)]
pub async fn read(state: web::Data<State>, AuthUser(who): AuthUser, id: web::Path<OrderId>) -> Result<HttpResponse, Problem> {
    check(&state, &who, *id).await?;
    let delivery = state.node.store.delivery(who.restaurant, *id).await?;
    let delivery = delivery.ok_or_else(|| Problem::not_found("no details of this delivery, or no longer"))?;
    Ok(HttpResponse::Ok().json(delivery))
}

/// `PUT /api/v1/orders/{id}/delivery`: sets the rider's data. 204.
///
/// # Errors
/// `forbidden`, `invalid`; `not_found` for an order without a delivery.
#[utoipa::path(
    put,
    path = "/api/v1/orders/{id}/delivery",
    operation_id = "setDelivery",
    tag = "orders",
    summary = "Set the rider's data",
    description = "For: staff, manager, service.",
    params(("id" = OrderId, Path, description = "The id."), parts::Shift),
    request_body = Delivery,
    responses(
        (status = 204, description = "Set."),
        parts::WithToken,
        parts::WithBody,
        (status = 404, response = Problem),
    ),
)]
pub async fn set(
    state: web::Data<State>,
    ActingUser(who): ActingUser,
    id: web::Path<OrderId>,
    body: Body<Delivery>,
) -> Result<HttpResponse, Problem> {
    let note = check_change(&state, &who, *id, "set_delivery").await?;
    audit::recorded(note, state.node.store.set_delivery(who.restaurant, *id, &body.0, clock::now())).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /api/v1/orders/{id}/delivery`: erases the rider's data. 204.
///
/// # Errors
/// `forbidden`; `not_found` for an order without a delivery, or whose details were removed.
#[utoipa::path(
    delete,
    path = "/api/v1/orders/{id}/delivery",
    operation_id = "eraseDelivery",
    tag = "orders",
    summary = "Erase the rider's data",
    description = "For: staff, manager, service.",
    params(("id" = OrderId, Path, description = "The id."), parts::Shift),
    responses(
        (status = 204, description = "Erased."),
        parts::WithToken,
        (status = 404, response = Problem),
    ),
)]
pub async fn erase(
    state: web::Data<State>,
    ActingUser(who): ActingUser,
    id: web::Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let note = check_change(&state, &who, *id, "erase_delivery").await?;
    if !audit::recorded(note, state.node.store.remove_delivery(who.restaurant, *id)).await? {
        return Err(Problem::not_found("no details of this delivery, or no longer"));
    }
    state.node.store.scrub(clock::now())?;
    Ok(HttpResponse::NoContent().finish())
}
