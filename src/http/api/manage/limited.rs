//! Who has reached a limit lately.

use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use crate::http::extract::Manager;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::store::guests::{LimitRefusal, RefusalKey};
use actix_web::{HttpResponse, web};
use serde::Serialize;

/// The most entries of an answer, the latest.
const MOST: u32 = 100;

#[derive(Serialize)]
struct Entry {
    limit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl From<(RefusalKey, LimitRefusal)> for Entry {
    fn from((RefusalKey { limit, table, .. }, LimitRefusal { count, first_at, last_at }): (RefusalKey, LimitRefusal)) -> Self {
        Self { limit: limit.as_str(), table, count, first_at, last_at }
    }
}

#[derive(Serialize)]
struct List {
    limited: Vec<Entry>,
}

/// `GET …/limited`: the limits that were reached within the last day, by table, the latest first. Every node adds what it has
/// refused every two seconds.
///
/// # Errors
/// `forbidden`.
pub async fn list(state: web::Data<State>, Manager(who): Manager) -> Result<HttpResponse, Problem> {
    let limited = state.store.limit_refusals(who.restaurant, MOST).await?;
    Ok(HttpResponse::Ok().json(List { limited: limited.into_iter().map(Entry::from).collect() }))
}
