//! For machines that watch over this one.

use crate::clock;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A database that takes longer to answer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /healthz`: the process lives.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "alive"}))
}

/// `GET /readyz`: the store answers and takes writes, and the node is not going down.
///
/// # Errors
/// `unavailable`.
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
fn readiness(redis: Option<bool>) -> serde_json::Value {
    match redis {
        None => serde_json::json!({"status": "ready"}),
        Some(true) => serde_json::json!({"status": "ready", "redis": "healthy"}),
        Some(false) => serde_json::json!({"status": "ready", "redis": "degraded"}),
    }
}

/// `GET /metrics`: the counts, as Prometheus reads them; as OpenMetrics for who asks for that.
pub async fn metrics(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("application/openmetrics-text") {
        return HttpResponse::Ok().content_type(OPENMETRICS).body(state.metrics.scrape());
    }
    HttpResponse::Ok().content_type(PROMETHEUS).body(state.metrics.scrape_as_prometheus())
}
