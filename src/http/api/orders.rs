//! Orders: placing, reading, listing, sharing, and commands.

use crate::auth::policy;
use crate::auth::share::Shared;
use crate::domain::model::basket::Basket;
use crate::domain::model::command::{ActionName, Command, RawCommand, Subject};
use crate::domain::model::order::Order;
use crate::domain::model::principal::Principal;
use crate::domain::model::status::OrderStatus;
use crate::domain::values::ids::{CommandId, OrderId};
use crate::domain::values::schema;
use crate::http::body::Body;
use crate::http::extract::{AuthUser, Bearer, IdempotencyKey, TenantUser};
use crate::http::openapi::parts;
use crate::http::openapi::shapes;
use crate::http::problem::Problem;
use crate::http::query::{Number, Query};
use crate::http::state::State;
use crate::protocol::{ErrorCode, ServerFrame};
use crate::store::log::OrderFilter;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};

/// The orders on a page unless the query has a limit.
const PAGE: u32 = 50;
/// The most orders on a page.
const MAX_PAGE: u32 = 100;

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
    TenantUser(who): TenantUser,
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
    // A call concerns a table, so the order in the address is only where the call was sent from.
    let is_call = matches!(ActionName::of_word(&raw.action), Some(ActionName::CallWaiter | ActionName::AnswerCall));
    raw.order = if is_call { None } else { Some(*id) };
    if is_call {
        visible(&state, &who, *id).await?;
    }
    execute(&state, &who, raw.try_into()?).await
}

/// `POST /api/v1/restaurants/{slug}/commands`: carries out a command that concerns no order
/// (`call_waiter`, `answer_call`). 200 with the ack.
///
/// # Errors
/// The codes under "Commands" in docs/protocol.md.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/commands",
    operation_id = "commandCall",
    tag = "orders",
    summary = "Send a command that concerns no order: `call_waiter`, `answer_call`",
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

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The orders to list: `open`, `closed`, `all`, or one status.
    #[param(schema_with = status_schema)]
    status: Option<String>,
    /// The `next` of the previous page.
    after: Option<OrderId>,
    /// The most orders on the page.
    #[param(schema_with = limit_schema)]
    limit: Option<Number<1, MAX_PAGE>>,
}

fn status_schema() -> Object {
    let groups = ["open", "closed", "all"].into_iter();
    schema::word(groups.chain(OrderStatus::ALL.map(OrderStatus::as_str))).default(Some("open".into())).build()
}

fn limit_schema() -> Object {
    schema::integer(1, MAX_PAGE).default(Some(PAGE.into())).build()
}

impl ListQuery {
    fn filter(&self) -> Result<OrderFilter, Problem> {
        Ok(match self.status.as_deref() {
            None | Some("open") => OrderFilter::Open,
            Some("closed") => OrderFilter::Closed,
            Some("all") => OrderFilter::All,
            Some(word) => OrderFilter::Status(status(word)?),
        })
    }
}

fn status(word: &str) -> Result<OrderStatus, Problem> {
    let found = OrderStatus::ALL.into_iter().find(|status| status.as_str() == word);
    found.ok_or_else(|| {
        Problem::invalid(format!(
            "status: expected open, closed, all, or one of {}",
            OrderStatus::ALL.map(OrderStatus::as_str).join(", ")
        ))
    })
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrderPage)]
struct Page {
    orders: Vec<Order>,
    /// The `after` of the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<OrderId>,
}

/// `GET /api/v1/restaurants/{slug}/orders`: lists orders by age, page by page; `next` is the
/// `after` of the next page.
///
/// # Errors
/// `forbidden`, `invalid`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/orders",
    operation_id = "listOrders",
    tag = "orders",
    summary = "List orders by age, page by page",
    description = "For: kitchen, staff, manager, service. The path may have the restaurant's id in place of its slug.",
    params(parts::RestaurantPath, ListQuery),
    responses(
        (status = 200, description = "A page.", body = Page),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn list(
    state: web::Data<State>,
    TenantUser(who): TenantUser,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    if !policy::may_see_orders(&who) {
        return Err(Problem::new(ErrorCode::Forbidden, "a guest sees their own orders under /api/v1/diner-sessions/current"));
    }
    let filter = query.filter()?;
    let limit = query.limit.map_or(PAGE, |Number(limit)| limit);
    // An entry more than requested means that there is a next page.
    let mut orders = state.node.store.orders(who.restaurant, filter, query.after, limit + 1).await?;
    let has_more = orders.len() > limit as usize;
    orders.truncate(limit as usize);
    let next = orders.last().filter(|_| has_more).map(|order| order.id);
    Ok(HttpResponse::Ok().json(Page { orders, next }))
}
