//! The audit: who did what.

use crate::domain::values::ids::AuditId;
use crate::http::extract::Manager;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::store::audit::{Entry, Kind};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Entries of a page when no limit is given.
const PAGE: u32 = 50;
/// The most entries of a page.
const MAX_PAGE: u32 = 500;

/// The query of the audit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    after: Option<AuditId>,
    limit: Option<u32>,
    kind: Option<String>,
}

#[derive(Serialize)]
struct Page {
    audit: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<AuditId>,
}

/// `GET …/audit?after=&limit=&kind=`: entries, newest first; `next` is the `after` of the next page, which is older.
///
/// # Errors
/// `forbidden`, `invalid`.
pub async fn list(
    state: web::Data<State>,
    Manager(who): Manager,
    query: web::Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let AuditQuery { after, limit, kind } = query.into_inner();
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::invalid(format!("limit must be 1 to {MAX_PAGE}")));
    }
    let kind: Option<Kind> = match kind.as_deref().filter(|word| !word.is_empty()) {
        Some(word) => Some(word.parse().map_err(|error| Problem::invalid(format!("{error}")))?),
        None => None,
    };
    // One more than asked for says whether there is a next page.
    let mut audit = state.store.audit(who.restaurant, kind, after, limit + 1).await?;
    let has_more = audit.len() > limit as usize;
    audit.truncate(limit as usize);
    let next = audit.last().filter(|_| has_more).map(|entry| entry.id);
    Ok(HttpResponse::Ok().json(Page { audit, next }))
}
