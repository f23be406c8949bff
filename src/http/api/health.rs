//! Health checks and metrics, for the machines that monitor this node.

use crate::clock;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the database may take to answer before the node counts as not ready.
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

/// `GET /healthz`: answers while the process is alive.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "alive",
    tag = "operations",
    summary = "Read whether the process is alive",
    description = "For: everybody.",
    security(()),
    responses((status = 200, description = "It is alive.", body = Health)),
)]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "alive", redis: None })
}

/// `GET /readyz`: succeeds if the store answers and accepts writes, and the node is not going down.
///
/// # Errors
/// `unavailable`.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    tag = "operations",
    summary = "Read whether the store answers and accepts writes, and the node is not going down",
    description = "For: everybody.",
    security(()),
    responses((status = 200, description = "It is ready.", body = Health)),
)]
pub async fn ready(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let answer = check_readiness(&state).await;
    state.node.metrics.ready.set(answer.is_ok().into());
    answer
}

async fn check_readiness(state: &State) -> Result<HttpResponse, Problem> {
    let unavailable = |detail| Problem::new(ErrorCode::Unavailable, detail).after(PATIENCE);
    if state.node.connections.is_ending() {
        return Err(unavailable("this node is going down"));
    }
    if !state.node.ended.is_current(clock::uptime()) {
        return Err(unavailable("this node cannot tell which sessions have ended"));
    }
    let faults = state.node.store.write_faults();
    if let Some(fault) = faults.standing() {
        return Err(unavailable(fault));
    }
    match tokio::time::timeout(PATIENCE, state.node.store.ping()).await {
        Ok(Ok(())) => Ok(HttpResponse::Ok().json(readiness(state.redis.get().map(|is_healthy| is_healthy())))),
        _ => Err(unavailable(faults.standing().unwrap_or("the database does not answer"))),
    }
}

/// Returns the answer of a ready node. A node without its Redis still serves: events reach it
/// later, by up to the period at which it compares heads.
fn readiness(redis: Option<bool>) -> Health {
    let redis = redis.map(|is_healthy| if is_healthy { "healthy" } else { "degraded" });
    Health { status: "ready", redis }
}

/// `GET /metrics`: returns the metrics as Prometheus text, or as OpenMetrics to a client that
/// accepts it.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operations",
    summary = "Read the metrics",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "Prometheus text.", body = String, content_type = "text/plain"),
        (status = 404, response = Problem),
    ),
)]
pub async fn metrics(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("application/openmetrics-text") {
        return HttpResponse::Ok().content_type(OPENMETRICS).body(state.node.metrics.scrape());
    }
    HttpResponse::Ok().content_type(PROMETHEUS).body(state.node.metrics.scrape_as_prometheus())
}
