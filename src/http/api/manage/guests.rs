//! What is stored of one guest: found by the number of an order, exported, erased.

use crate::clock;
use crate::domain::values::text::{Key, Slug};
use crate::http::extract::{ConfirmedManager, Manager};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::privacy::{Erasure, erase, export};
use crate::protocol::ErrorCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// The query that finds a guest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestQuery {
    order: u32,
}

#[derive(Serialize)]
struct GuestAnswer {
    diner: Key,
}

/// `GET …/guests?order=NUMBER`: the guest who placed an order.
///
/// # Errors
/// `forbidden`, `not_found` for an order that no guest placed, or whose guest is erased.
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
pub async fn read(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, Key)>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(export(&state.store, who.restaurant, path.into_inner().1).await?))
}

#[derive(Serialize)]
struct ErasedAnswer {
    orders: u64,
    sessions: usize,
}

/// `DELETE …/guests/{diner}`: takes a guest's words and name out of everything. 200 with how many orders and sessions.
///
/// # Errors
/// `forbidden`, `confirm_password`, `conflict` while an order of theirs is open.
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
