//! The limits that guests reached lately.

use crate::domain::values::limit::Limit;
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::store::guests::{LimitRefusal, RefusalKey};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

/// The most entries of an answer: the latest.
const MOST: u32 = 100;

#[derive(Serialize, ToSchema)]
#[schema(as = LimitEntry)]
struct Entry {
    #[schema(value_type = Limit)]
    limit: &'static str,
    /// The table whose guests reached the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    #[schema(minimum = 1)]
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl From<(RefusalKey, LimitRefusal)> for Entry {
    fn from((RefusalKey { limit, table, .. }, LimitRefusal { count, first_at, last_at }): (RefusalKey, LimitRefusal)) -> Self {
        Self { limit: limit.as_str(), table, count, first_at, last_at }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Limited)]
struct List {
    limited: Vec<Entry>,
}

/// `GET …/limited`: lists the limits that were reached within the last day, by table, the latest
/// first. Each node adds its own refusals every two seconds.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/limited",
    operation_id = "listLimited",
    tag = "management",
    summary = "List the limits that were reached within the last day, the latest first",
    description = "For: manager. 100 entries at most.",
    params(parts::RestaurantPath),
    responses((status = 200, description = "The limits.", body = List), parts::OfRestaurant),
)]
pub async fn list(state: web::Data<State>, Manager(who): Manager) -> Result<HttpResponse, Problem> {
    let limited = state.node.store.limit_refusals(who.restaurant, MOST).await?;
    Ok(HttpResponse::Ok().json(List { limited: limited.into_iter().map(Entry::from).collect() }))
}
