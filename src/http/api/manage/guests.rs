//! The stored data of one guest: finding it by an order's number, exporting it, erasing it.

use crate::clock;
use crate::domain::values::text::{Key, Slug};
use crate::http::extract::{ConfirmedManager, Manager};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::query::{Number, Query};
use crate::http::state::State;
use crate::privacy::{Erasure, Export, erase, export};
use crate::protocol::ErrorCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The query that finds a guest.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GuestQuery {
    /// The order's number.
    #[param(minimum = 1, value_type = u32)]
    order: Number<1, { u32::MAX }>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Guest)]
struct GuestAnswer {
    diner: Key,
}

/// `GET …/guests?order=NUMBER`: finds the guest who placed an order.
///
/// # Errors
/// `forbidden`, `not_found` for an order that no guest placed or whose guest was erased.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/guests",
    operation_id = "findGuest",
    tag = "management",
    summary = "Find the guest who placed an order",
    description = "For: manager.",
    params(parts::RestaurantPath, GuestQuery),
    responses(
        (status = 200, description = "The guest.", body = GuestAnswer),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn find(
    state: web::Data<State>,
    Manager(who): Manager,
    Query(query): Query<GuestQuery>,
) -> Result<HttpResponse, Problem> {
    let diner = state.node.store.diner_of_order(who.restaurant, query.order.0).await?;
    let diner = diner.ok_or_else(|| Problem::not_found("no guest is known for this order"))?;
    Ok(HttpResponse::Ok().json(GuestAnswer { diner }))
}

/// `GET …/guests/{diner}`: exports the orders and events of a guest.
///
/// # Errors
/// `forbidden`, `confirm_password`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/guests/{diner}",
    operation_id = "exportGuest",
    tag = "management",
    summary = "Export what is stored about a guest",
    description = "For: manager, with a recent proof of the password (else `confirm_password`). The answer has the newest 200 \
        orders; `complete` says whether these are all.",
    params(
        parts::RestaurantPath,
        ("diner" = Key, Path, description = "The guest's id: the `diner` of an order."),
    ),
    responses(
        (status = 200, description = "Orders, events and riders' data.", body = Export),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn read(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, Key)>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(export(&state.node.store, who.restaurant, path.into_inner().1).await?))
}

#[derive(Serialize, ToSchema)]
#[schema(as = GuestErased)]
struct ErasedAnswer {
    orders: u64,
    sessions: usize,
}

/// `DELETE …/guests/{diner}`: erases a guest's words and id everywhere. 200 with the number of
/// orders and sessions.
///
/// # Errors
/// `forbidden`, `confirm_password`, `conflict` while one of their orders is open.
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/guests/{diner}",
    operation_id = "eraseGuest",
    tag = "management",
    summary = "Erase a guest's words and id everywhere",
    description = "For: manager, with a recent proof of the password (else `confirm_password`). `conflict` while one of \
        their orders is open.",
    params(
        parts::RestaurantPath,
        ("diner" = Key, Path, description = "The guest's id: the `diner` of an order."),
    ),
    responses(
        (status = 200, description = "The number of orders and sessions that were erased.", body = ErasedAnswer),
        parts::OfRestaurant,
        (status = 409, response = Problem),
        (status = 422, response = Problem),
    ),
)]
pub async fn remove(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, Key)>,
) -> Result<HttpResponse, Problem> {
    match erase(&state.node.store, who.restaurant, &path.1).await? {
        Erasure::Open(open) => {
            let detail = format!("{open} orders of this guest are open; serve or cancel them first");
            Err(Problem::new(ErrorCode::Conflict, detail))
        }
        Erasure::Done { orders, events, sessions } => {
            let answer = ErasedAnswer { orders, sessions: sessions.len() };
            for session in sessions {
                state.node.ended.insert(session, clock::now());
            }
            state.node.commands.announce(who.restaurant, events).await;
            Ok(HttpResponse::Ok().json(answer))
        }
    }
}
