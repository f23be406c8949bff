//! What tables have had since their guests sat down.

use crate::auth::policy;
use crate::domain::model::principal::Principal;
use crate::domain::model::visit::VisitBill;
use crate::domain::values::ids::VisitId;
use crate::domain::values::text::Slug;
use crate::http::body::OptionalBody;
use crate::http::extract::TenantUser;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// The most orders of an answer, over all visits.
const MOST: u32 = 2000;

fn check_staff(who: &Principal) -> Result<(), Problem> {
    if policy::may_see_guests(who) {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::Forbidden, "only staff may see and end the visits of tables"))
}

#[derive(Serialize)]
struct VisitList {
    visits: Vec<VisitBill>,
    complete: bool,
}

/// `GET /api/v1/restaurants/{slug}/visits`: the visits that go on, each with its total and its orders.
///
/// # Errors
/// `forbidden` for whoever is neither staff nor manager.
pub async fn list(state: web::Data<State>, TenantUser(who): TenantUser) -> Result<HttpResponse, Problem> {
    check_staff(&who)?;
    let visits = state.store.open_visits(who.restaurant, MOST + 1).await?;
    let complete = visits.iter().map(|(_, orders)| orders.len()).sum::<usize>() <= MOST as usize;
    let visits = visits.into_iter().filter_map(|(visit, orders)| VisitBill::of(visit, &orders)).collect();
    Ok(HttpResponse::Ok().json(VisitList { visits, complete }))
}

/// The body of `POST …/visits/{id}/end`, which may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    end_sessions: Option<bool>,
}

/// `POST /api/v1/restaurants/{slug}/visits/{id}/end`: the table is free. The sessions of its guests end, unless the body says
/// `"end_sessions":false`. 204.
///
/// # Errors
/// `forbidden`, `not_found`, `conflict` while an order or a call of the table is open.
pub async fn end(
    state: web::Data<State>,
    TenantUser(who): TenantUser,
    path: web::Path<(Slug, VisitId)>,
    body: OptionalBody<End>,
) -> Result<HttpResponse, Problem> {
    check_staff(&who)?;
    let end_sessions = body.0?.end_sessions.unwrap_or(true);
    if state.sessions()?.end_visit(who.restaurant, path.1, end_sessions).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Problem::new(ErrorCode::Conflict, "an order or a call of this table is open; see to it first"))
}
