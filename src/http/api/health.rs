//! For machines that watch over this one.

use crate::clock;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use utoipa::ToSchema;

/// A database that takes longer to answer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Serialize, ToSchema)]
struct Health {
    /// `alive` or `ready`.
    status: &'static str,
    /// The node's connection to Redis: `healthy` or `degraded`. Absent on a node without Redis.
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<&'static str>,
}

/// `GET /healthz`: the process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "alive",
    tag = "operations",
    summary = "Read whether the process is alive",
    security(()),
    responses((status = 200, description = "It is.", body = Health)),
)]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "alive", redis: None })
}

/// `GET /readyz`: the store answers and takes writes, and the node is not going down.
///
/// # Errors
/// `unavailable`.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    tag = "operations",
    summary = "Read whether the store answers and the node is not draining",
    security(()),
    responses((status = 200, description = "It is ready.", body = Health)),
)]
pub async fn ready(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let unavailable = |detail| Problem::new(ErrorCode::Unavailable, detail).after(PATIENCE);
    if state.draining.load(Ordering::Relaxed) {
        return Err(unavailable("this node is going down"));
    }
    if !state.ended.is_current(clock::uptime()) {
        return Err(unavailable("this node cannot tell which sessions have ended"));
    }
    match tokio::time::timeout(PATIENCE, state.store.ping()).await {
        Ok(Ok(())) if let Some(fault) = state.store.write_faults().standing() => Err(unavailable(fault)),
        Ok(Ok(())) => Ok(HttpResponse::Ok().json(readiness(state.redis.get().map(|is_healthy| is_healthy())))),
        _ => Err(unavailable(state.store.write_faults().standing().unwrap_or("the database does not answer"))),
    }
}

/// A node without its Redis serves all the same, later by up to the period at which heads are compared.
fn readiness(redis: Option<bool>) -> Health {
    let redis = redis.map(|is_healthy| if is_healthy { "healthy" } else { "degraded" });
    Health { status: "ready", redis }
}

/// `GET /metrics`: the counts, as Prometheus reads them; as OpenMetrics for who asks for that.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operations",
    summary = "Read the metrics",
    security(()),
    responses(
        (status = 200, description = "Prometheus text.", body = String, content_type = "text/plain"),
    ),
)]
pub async fn metrics(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("application/openmetrics-text") {
        return HttpResponse::Ok().content_type(OPENMETRICS).body(state.metrics.scrape());
    }
    HttpResponse::Ok().content_type(PROMETHEUS).body(state.metrics.scrape_as_prometheus())
}
