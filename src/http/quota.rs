//! The headers `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11) of calls that count as commands.

use crate::commands::standing::{self, Standing};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// The header with what is left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The header with the limit.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Tells a caller what is left of its own limit on commands.
///
/// # Errors
/// The errors of the wrapped service.
pub async fn report_quota(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (response, standing) = standing::watch(next.call(request)).await;
    let mut response = response?;
    if let Some(Standing { limit, quota, window, left }) = standing {
        let name = limit.as_str();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&format!("\"{name}\";q={quota};w={window}")) {
            headers.insert(RATE_LIMIT_POLICY, policy);
        }
        // A refusal has named the limit that it reached.
        if !headers.contains_key(RATE_LIMIT)
            && let Ok(rest) = HeaderValue::from_str(&format!("\"{name}\";r={left};t={window}"))
        {
            headers.insert(RATE_LIMIT, rest);
        }
    }
    Ok(response)
}
