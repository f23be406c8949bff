//! What is stored of one guest: found by the number of an order, exported, erased.

use crate::clock;
use crate::domain::values::text::{Key, Slug};
use crate::http::extract::{ConfirmedManager, Manager};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
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
    #[param(minimum = 1)]
    order: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Guest)]
struct GuestAnswer {
    diner: Key,
}

/// `GET …/guests?order=NUMBER`: the guest who placed an order.
///
/// # Errors
/// `forbidden`, `not_found` for an order that no guest placed, or whose guest is erased.
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
    query: web::Query<GuestQuery>,
) -> Result<HttpResponse, Problem> {
    let diner = state.store.diner_of_order(who.restaurant, query.order).await?;
    let diner = diner.ok_or_else(|| Problem::not_found("no guest is known for this order"))?;
    Ok(HttpResponse::Ok().json(GuestAnswer { diner }))
}

/// `GET …/guests/{diner}`: orders and events of a guest.
///
/// # Errors
/// `forbidden`, `confirm_password`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/guests/{diner}",
    operation_id = "exportGuest",
    tag = "management",
    summary = "Export what is stored of a guest",
    description = "For: manager, with a recent proof of the password (else `confirm_password`). The newest 200 orders; \
        `complete` says whether these are all.",
    params(
        parts::RestaurantPath,
        ("diner" = Key, Path, description = "The guest's id, as `diner` of an order."),
    ),
    responses(
        (status = 200, description = "Orders and events.", body = Export),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn read(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, Key)>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(export(&state.store, who.restaurant, path.into_inner().1).await?))
}

#[derive(Serialize, ToSchema)]
#[schema(as = GuestErased)]
struct ErasedAnswer {
    orders: u64,
    sessions: usize,
}

/// `DELETE …/guests/{diner}`: takes a guest's words and name out of everything. 200 with how many orders and sessions.
///
/// # Errors
/// `forbidden`, `confirm_password`, `conflict` while an order of theirs is open.
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/guests/{diner}",
    operation_id = "eraseGuest",
    tag = "management",
    summary = "Erase a guest's words and id everywhere",
    description = "For: manager, with a recent proof of the password (else `confirm_password`). `conflict` while an order \
        of theirs is open.",
    params(
        parts::RestaurantPath,
        ("diner" = Key, Path, description = "The guest's id, as `diner` of an order."),
    ),
    responses(
        (status = 200, description = "How much went.", body = ErasedAnswer),
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
    match erase(&state.store, who.restaurant, &path.1).await? {
        Erasure::Open(open) => {
            let detail = format!("{open} orders of this guest are open; serve or cancel them first");
            Err(Problem::new(ErrorCode::Conflict, detail))
        }
        Erasure::Done { orders, events, sessions } => {
            let answer = ErasedAnswer { orders, sessions: sessions.len() };
            for session in sessions {
                state.ended.insert(session, clock::now());
            }
            state.commands.announce(who.restaurant, events).await;
            Ok(HttpResponse::Ok().json(answer))
        }
    }
}
