//! The data that the log and the metrics keep of a request: the route's pattern, but never the path, which may contain a
//! table's key.

use crate::clock;
use crate::http::state::State;
use crate::telemetry::ByRoute;
use crate::telemetry::request::{self, RequestId};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

/// Patterns that machines request every few seconds.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The header with the id of a request. A proxy in front may set it; otherwise the node makes an id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its id, which appears in its log lines, its answer and a problem.
///
/// # Errors
/// The errors of the wrapped service.
pub async fn identify_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = given_id(request.headers()).unwrap_or_else(|| RequestId::from_uuid(clock::new_id()));
    let mut response = request::scope(id.clone(), next.call(request)).await?;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(response)
}

/// Returns the id that came with a request, unless it is unfit for a log line.
fn given_id(headers: &HeaderMap) -> Option<RequestId> {
    headers.get(REQUEST_ID)?.to_str().ok()?.parse().ok()
}

/// Logs and times a request when it is answered.
///
/// # Errors
/// The errors of the wrapped service.
pub async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = clock::uptime();
    let response = next.call(request).await?;
    let status = response.status();
    let took = clock::uptime().since(begun);
    let request = response.request();
    let method = request.method();
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let level = match status.is_server_error() {
        true => log::Level::Warn,
        false if PROBES.contains(&&*route) => log::Level::Debug,
        false => log::Level::Info,
    };
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    log::log!(level, method:%, route, status = status.as_u16(), ms; "request");
    if let Some(state) = request.app_data::<web::Data<State>>() {
        let labels = ByRoute { method: known(method), route, status: status.as_u16() };
        state.node.metrics.http_request_duration.get_or_create(&labels).observe(took.as_secs_f64());
    }
    Ok(response)
}

/// Returns the word of a method of the URL table. A client can invent other methods, and each would be a series of its own.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
