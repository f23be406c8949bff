//! One log line for each request: the route's pattern, never the path, which may carry a table's key.

use crate::clock;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// Patterns that a machine asks for every few seconds.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Logs a request when it is answered.
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
    let level = if status.is_server_error() { log::Level::Warn } else { log::Level::Info };
    // Builds the pattern only if the log needs it.
    if !log::log_enabled!(level) {
        return Ok(response);
    }
    let request = response.request();
    let route = request.match_pattern();
    let route = route.as_deref().unwrap_or("none");
    let level = if level == log::Level::Info && PROBES.contains(&route) { log::Level::Debug } else { level };
    let ms = clock::uptime().since(begun).as_millis();
    log::log!(level, method:% = request.method(), route, status = status.as_u16(), ms = u64::try_from(ms).unwrap_or(u64::MAX); "request");
    Ok(response)
}
