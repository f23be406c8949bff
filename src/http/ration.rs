//! Limits on calls without a token that present a secret: each counts against its address before
//! its body is read, and is counted by its outcome afterwards.

use super::device_cookie;
use super::problem::Problem;
use super::rate_limit::{Action, Ticket, too_many};
use super::state::State;
use crate::auth::device_mark::Marks;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use std::net::IpAddr;
use std::time::Duration;

/// Marks a call as counted, so that its body may be read without a token.
#[derive(Debug, Clone, Copy)]
pub struct Rationed {
    /// The address against which the call counts.
    pub address: IpAddr,
}

/// Lets a call through while its address has attempts left, and counts it by its outcome.
///
/// # Errors
/// The errors of the wrapped handler.
pub async fn ration<B: MessageBody + 'static>(
    attempt: Action,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let state = request.app_data::<web::Data<State>>().filter(|_| request.method() == Method::POST).cloned();
    let Some(state) = state else { return next.call(request).await.map(ServiceResponse::map_into_left_body) };
    let address = state.limits.address_of(request.request());
    let marks = if attempt == Action::Login { device_cookie::read(&state, request.headers()) } else { Marks::default() };
    let ticket = match enter(&state, attempt, address, &marks) {
        Ok(ticket) => ticket,
        Err(wait) => return Ok(request.into_response(Problem::from(too_many(wait)).error_response()).map_into_right_body()),
    };
    request.extensions_mut().insert(Rationed { address });
    let response = next.call(request).await?;
    match Outcome::of(attempt, &response) {
        Outcome::Good => ticket.succeed(),
        Outcome::Neither => {}
        Outcome::Failed => {
            if let Err(wait) = state.limits.fail(attempt, address) {
                return Ok(response.into_response(Problem::from(too_many(wait)).error_response()).map_into_right_body());
            }
        }
    }
    Ok(response.map_into_left_body())
}

/// Counts an attempt against the first person who signed in on the device and has attempts left. On
/// a device without such people, counts it against the address.
fn enter(state: &State, attempt: Action, address: IpAddr, marks: &Marks) -> Result<Ticket, Duration> {
    let mut refused = None;
    for person in marks.people() {
        match state.limits.enter_marked(attempt, person) {
            Ok(ticket) => return Ok(ticket),
            Err(wait) => refused = Some(wait),
        }
    }
    refused.map_or_else(|| state.limits.enter(attempt, address), Err)
}

/// The outcome of an attempt.
enum Outcome {
    Good,
    Failed,
    /// The attempt failed because of the server, or is counted elsewhere.
    Neither,
}

impl Outcome {
    fn of<B>(attempt: Action, response: &ServiceResponse<B>) -> Self {
        let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
        match response.status() {
            status if status.is_success() => Self::Good,
            // A screen that waits for its approval has presented a valid code.
            _ if problem.is_some_and(|problem| matches!(problem.code(), "authorization_pending" | "slow_down")) => Self::Good,
            // The handler of a sign-in counts wrong credentials itself, also by account.
            StatusCode::UNAUTHORIZED if attempt == Action::Login => Self::Neither,
            StatusCode::TOO_MANY_REQUESTS => Self::Neither,
            status if status.is_client_error() => Self::Failed,
            _ => Self::Neither,
        }
    }
}
