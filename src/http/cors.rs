//! Calls from pages of other origins, which the configuration allows (Fetch standard, "CORS protocol"). Cookies never come
//! with such a call, since no answer permits credentials. Without allowed origins, nothing here has an effect.

use super::problem::Problem;
use super::quota::{RATE_LIMIT, RATE_LIMIT_POLICY};
use super::rate_limit::too_many;
use super::request_log::REQUEST_ID;
use super::state::State;
use crate::protocol::ErrorCode;
use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LOCATION, ORIGIN,
    RETRY_AFTER,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Condition, Next};
use actix_web::{Error, ResponseError, web};

/// The methods of the calls.
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// The headers that calls read, besides those that every page may send.
const REQUEST_HEADERS: [HeaderName; 9] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    IF_MATCH,
    IF_NONE_MATCH,
    REQUEST_ID,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("orderbell-shift"),
    HeaderName::from_static("orderbell-snapshot"),
];

/// The headers of answers that a page may read, besides those that every page may.
const ANSWER_HEADERS: [HeaderName; 6] = [ETAG, LOCATION, RETRY_AFTER, REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY];

/// How many seconds a browser remembers the answer to a preflight. Browsers keep it for at most two hours.
const MAX_AGE: usize = 7200;

/// Returns the layer that permits calls from pages of these origins.
#[must_use]
pub fn layer(origins: &[String]) -> Condition<Cors> {
    let cors = origins.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
    let cors = cors.allowed_methods(METHODS).allowed_headers(REQUEST_HEADERS).expose_headers(ANSWER_HEADERS).max_age(MAX_AGE);
    Condition::new(!origins.is_empty(), cors)
}

/// Counts preflights against their address, since they have no token. Answers those that the layer below refuses with a problem
/// instead of its plain text.
///
/// # Errors
/// The errors of the wrapped service.
pub async fn check_preflight(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let state = request.app_data::<web::Data<State>>().filter(|state| !state.node.origins.is_empty()).cloned();
    let Some(state) = state.filter(|_| is_preflight(&request)) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    if let Err(problem) = may_ask(&state, &request) {
        // Returns an answer and not an error, which would bypass the default headers.
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    }
    let response = next.call(request).await?;
    let Some(error) = response.response().error() else { return Ok(response.map_into_left_body()) };
    let problem = Problem::bad_request(StatusCode::BAD_REQUEST, format!("this preflight asks for too much: {error}"));
    Ok(response.into_response(problem.error_response()).map_into_right_body())
}

fn is_preflight(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn may_ask(state: &State, request: &ServiceRequest) -> Result<(), Problem> {
    state.limits.preflight(state.limits.address_of(request.request())).map_err(too_many)?;
    let origin = request.headers().get(ORIGIN);
    if state.node.origins.iter().any(|allowed| origin.is_some_and(|origin| origin == allowed.as_str())) {
        return Ok(());
    }
    state.node.metrics.hit("origin");
    Err(Problem::new(ErrorCode::Forbidden, "pages of this origin may not call (--allowed-origin)"))
}
