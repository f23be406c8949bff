//! Guests' sessions as the restaurant sees them: who sits where, and the end of a visit.

use crate::auth::policy;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::text::{Key, Slug, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::http::extract::TenantUser;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::store::guests::GuestSession;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Sessions of a page.
const PAGE: u32 = 200;

fn check_staff(who: &Principal) -> Result<(), Problem> {
    if policy::may_see_guests(who) {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::Forbidden, "only staff may see and end guests' sessions"))
}

/// The query of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    table: Option<TableLabel>,
    after: Option<Key>,
}

#[derive(Serialize)]
struct SessionAnswer {
    id: Key,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    started_at: Timestamp,
    seen_at: Timestamp,
    open_orders: u32,
}

impl From<GuestSession> for SessionAnswer {
    fn from(GuestSession { id, table, started_at, seen_at, open_orders }: GuestSession) -> Self {
        Self { id, table, started_at, seen_at, open_orders }
    }
}

#[derive(Serialize)]
struct SessionList {
    sessions: Vec<SessionAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Key>,
}

/// `GET /api/v1/restaurants/{slug}/diner-sessions?table=&after=`: guests' sessions that go on, those that began last first;
/// `next` is the `after` of the next page, whose sessions began before.
///
/// # Errors
/// `forbidden` for whoever is neither staff nor manager.
pub async fn list(
    state: web::Data<State>,
    TenantUser(who): TenantUser,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    check_staff(&who)?;
    let ListQuery { table, after } = query.into_inner();
    // One more than fits says whether there is a next page.
    let found = state.store.guest_sessions(who.restaurant, table.as_ref(), after.as_ref(), clock::now(), PAGE + 1);
    let mut sessions: Vec<_> = found.await?.into_iter().map(SessionAnswer::from).collect();
    let has_more = sessions.len() > PAGE as usize;
    sessions.truncate(PAGE as usize);
    let next = sessions.last().filter(|_| has_more).map(|session| session.id.clone());
    Ok(HttpResponse::Ok().json(SessionList { sessions, next }))
}

/// `DELETE /api/v1/restaurants/{slug}/diner-sessions/{id}`: ends a guest's session, on every node. 204.
///
/// # Errors
/// `forbidden`, `not_found`.
pub async fn end(
    state: web::Data<State>,
    TenantUser(who): TenantUser,
    path: web::Path<(Slug, Key)>,
) -> Result<HttpResponse, Problem> {
    check_staff(&who)?;
    state.sessions()?.end_guest(who.restaurant, &path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
