//! The audit: who did what.

use crate::domain::values::ids::AuditId;
use crate::domain::values::schema;
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::paging;
use crate::http::problem::Problem;
use crate::http::query::{Number, Query};
use crate::http::state::State;
use crate::store::audit::{Entry, Kind};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};

/// The entries on a page unless the query has a limit.
const PAGE: u32 = 50;
/// The most entries on a page.
const MAX_PAGE: u32 = 500;

/// The query of the audit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// The `next` of the previous page.
    after: Option<AuditId>,
    /// The most entries on the page.
    #[param(schema_with = limit_schema)]
    limit: Option<Number<1, MAX_PAGE>>,
    /// Only entries of this kind.
    #[param(value_type = Option<Kind>)]
    kind: Option<String>,
}

fn limit_schema() -> Object {
    schema::integer(1, MAX_PAGE).default(Some(PAGE.into())).build()
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
struct Page {
    audit: Vec<Entry>,
    /// The `after` of the next page, which is older; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<AuditId>,
}

/// `GET …/audit?after=&limit=&kind=`: lists entries, newest first; `next` is the `after` of the
/// next page, which is older.
///
/// # Errors
/// `forbidden`, `invalid`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/audit",
    operation_id = "listAudit",
    tag = "management",
    summary = "List who did what, newest first",
    description = "For: manager.",
    params(parts::RestaurantPath, AuditQuery),
    responses(
        (status = 200, description = "A page.", body = Page),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn list(
    state: web::Data<State>,
    Manager(who): Manager,
    Query(query): Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let AuditQuery { after, limit, kind } = query;
    let limit = limit.map_or(PAGE, |Number(limit)| limit);
    let kind: Option<Kind> = match kind.as_deref().filter(|word| !word.is_empty()) {
        Some(word) => Some(word.parse().map_err(|error| Problem::invalid(format!("{error}")))?),
        None => None,
    };
    let mut audit = state.node.store.audit(who.restaurant, kind, after, limit + 1).await?;
    let next = paging::cut(&mut audit, limit, |entry| entry.id);
    Ok(HttpResponse::Ok().json(Page { audit, next }))
}
