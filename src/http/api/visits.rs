//! Visits of tables: the orders of each table since its guests sat down.

use crate::auth::policy;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::model::refusal::Denied;
use crate::domain::model::visit::VisitBill;
use crate::domain::values::ids::VisitId;
use crate::domain::values::text::{Slug, TableLabel};
use crate::http::body::OptionalBody;
use crate::http::extract::{Acting, TenantUser};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::{ErrorCode, Failure};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most orders of an answer, over all visits.
const MOST: u32 = 2000;
/// The most tables of an answer.
const MOST_TABLES: u32 = 1000;

fn check_may_end(who: &Principal) -> Result<(), Problem> {
    check_staff(who)?;
    if policy::may_end_visits(who) {
        return Ok(());
    }
    Err(Failure::from(Denied::nobody()).into())
}

fn check_staff(who: &Principal) -> Result<(), Problem> {
    if policy::may_see_guests(who) {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::Forbidden, "only staff may see and end the visits of tables"))
}

#[derive(Serialize, ToSchema)]
#[schema(as = Visits)]
struct VisitList {
    visits: Vec<VisitBill>,
    /// The labels of the restaurant's tables, in the sequence in which they were made.
    tables: Vec<TableLabel>,
    complete: bool,
}

/// `GET /api/v1/restaurants/{slug}/visits`: lists the open visits, each with its total and its
/// orders, and all tables.
///
/// # Errors
/// `forbidden` unless the caller is staff or a manager.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/visits",
    operation_id = "visits",
    tag = "management",
    summary = "List the open visits of tables, with their orders and totals, and all tables",
    description = "For: staff, manager.",
    params(parts::RestaurantPath),
    responses(
        (status = 200, description = "The open visits.", body = VisitList),
        parts::OfRestaurant,
    ),
)]
pub async fn list(state: web::Data<State>, TenantUser(who): TenantUser) -> Result<HttpResponse, Problem> {
    check_staff(&who)?;
    let now = clock::now();
    let visits = state.node.store.open_visits(who.restaurant, MOST + 1).await?;
    let complete = visits.iter().map(|record| record.orders.len()).sum::<usize>() <= MOST as usize;
    let visits = visits.into_iter();
    let visits = visits.filter_map(|record| VisitBill::of(record.visit, &record.orders, &record.changes, now)).collect();
    let tables = state.node.store.page_of_tables(who.restaurant, None, MOST_TABLES).await?;
    let tables = tables.into_iter().map(|table| table.label).collect();
    Ok(HttpResponse::Ok().json(VisitList { visits, tables, complete }))
}

/// The body of `POST …/visits/{id}/end`, which is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VisitEnd)]
pub struct End {
    /// Whether the sessions of the table's guests end.
    #[schema(default = true)]
    end_sessions: Option<bool>,
}

/// `POST /api/v1/restaurants/{slug}/visits/{id}/end`: ends the visit, which frees the table. The
/// sessions of its guests end too, unless the body has `"end_sessions":false`. 204.
///
/// # Errors
/// `forbidden`, `not_found`, `conflict` while an order or a call of the table is open.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/visits/{id}/end",
    operation_id = "endVisit",
    tag = "management",
    summary = "End the visit of a table, which frees the table",
    description = "For: staff, manager. The sessions of the table's guests end, unless `end_sessions` is false.",
    params(parts::RestaurantPath, ("id" = VisitId, Path, description = "The id."), parts::Shift),
    request_body = Option<End>,
    responses(
        (status = 204, description = "Ended."),
        parts::OfRestaurant,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn end(
    state: web::Data<State>,
    Acting(who): Acting,
    path: web::Path<(Slug, VisitId)>,
    body: OptionalBody<End>,
) -> Result<HttpResponse, Problem> {
    check_may_end(&who)?;
    let end_sessions = body.0?.end_sessions.unwrap_or(true);
    if state.management.end_visit(who.restaurant, path.1, end_sessions).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Problem::new(ErrorCode::Conflict, "an order or a call of this table is open; close it first"))
}
