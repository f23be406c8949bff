//! Guests' sessions, which staff can list and end.

use crate::auth::policy;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::model::refusal::Denied;
use crate::domain::values::text::{Key, Slug, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::http::extract::{Acting, TenantUser};
use crate::http::openapi::parts;
use crate::http::paging;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::protocol::{ErrorCode, Failure};
use crate::store::guests::GuestSession;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The sessions on a page.
const PAGE: u32 = 200;

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
    Err(Problem::new(ErrorCode::Forbidden, "only staff may see and end guests' sessions"))
}

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only the sessions of this table.
    table: Option<TableLabel>,
    /// The `next` of the previous page.
    after: Option<Key>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = GuestSession)]
struct SessionAnswer {
    /// The id of the session, which grants no access.
    id: Key,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    started_at: Timestamp,
    /// When its tokens were last renewed.
    seen_at: Timestamp,
    open_orders: u32,
}

impl From<GuestSession> for SessionAnswer {
    fn from(GuestSession { id, table, started_at, seen_at, open_orders }: GuestSession) -> Self {
        Self { id, table, started_at, seen_at, open_orders }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = GuestSessions)]
struct SessionList {
    sessions: Vec<SessionAnswer>,
    /// The `after` of the next page, whose sessions began earlier; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Key>,
}

/// `GET /api/v1/restaurants/{slug}/diner-sessions?table=&after=`: lists the valid sessions of
/// guests, newest first; `next` is the `after` of the next page, whose sessions began earlier.
///
/// # Errors
/// `forbidden` unless the caller is staff or a manager.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/diner-sessions",
    operation_id = "listGuestSessions",
    tag = "management",
    summary = "List the valid sessions of guests, newest first",
    description = "For: staff, manager. 200 a page.",
    params(parts::RestaurantPath, ListQuery),
    responses(
        (status = 200, description = "The sessions.", body = SessionList),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn list(
    state: web::Data<State>,
    TenantUser(who): TenantUser,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    check_staff(&who)?;
    let ListQuery { table, after } = query;
    let found = state.node.store.guest_sessions(who.restaurant, table.as_ref(), after.as_ref(), clock::now(), PAGE + 1);
    let mut sessions: Vec<_> = found.await?.into_iter().map(SessionAnswer::from).collect();
    let next = paging::cut(&mut sessions, PAGE, |session| session.id.clone());
    Ok(HttpResponse::Ok().json(SessionList { sessions, next }))
}

/// `DELETE /api/v1/restaurants/{slug}/diner-sessions/{id}`: ends a guest's session, on every node. 204.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/diner-sessions/{id}",
    operation_id = "endGuestSession",
    tag = "management",
    summary = "End a guest's session on every node; the phone is notified",
    description = "For: staff, manager.",
    params(parts::RestaurantPath, ("id" = Key, Path, description = "The session's id."), parts::Shift),
    responses((status = 204, description = "Ended."), parts::OfRestaurant),
)]
pub async fn end(state: web::Data<State>, Acting(who): Acting, path: web::Path<(Slug, Key)>) -> Result<HttpResponse, Problem> {
    check_may_end(&who)?;
    state.management.end_guest(who.restaurant, &path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
