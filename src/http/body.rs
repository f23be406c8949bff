//! JSON bodies: bounded in bytes and in time, with what is wrong said in the contract's words. A body is read only for a call
//! that may send one: with a valid token, or counted against its address ([`super::ration`]). That holds whatever else a
//! handler takes out of the request, and in whatever order.

use super::extract::{state, verified};
use super::problem::Problem;
use super::ration::Rationed;
use super::state::State;
use super::unread_body::announces_body;
use crate::auth::policy;
use crate::protocol::{ErrorCode, fields};
use actix_web::dev::{JsonBody, Payload};
use actix_web::error::JsonPayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::time::Duration;

/// The longest a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(15);
/// The most bytes of a body without a token: a name and a password, or a code. No setting for bodies makes it more.
const ANONYMOUS: usize = 16 * 1024;
/// The most bytes of a [`LargeBody`], unless every body may have more.
const LARGE: usize = 2 * 1024 * 1024;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON body that may be as large as a whole menu, of a manager.
#[derive(Debug)]
pub struct LargeBody<T>(pub T);

/// A JSON body that may be left out, which says what the default says. A wrong one is the handler's to refuse, after it has
/// looked who asks and for what.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Result<T, Problem>);

impl<T: DeserializeOwned + 'static> FromRequest for LargeBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let most = may_send_large(request);
        let body = read_body(request, payload, most);
        Box::pin(async move { body.await.map(Self) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let most = may_send(request);
        let body = read_body(request, payload, most);
        Box::pin(async move { body.await.map(Self) })
    }
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !announces_body(request.headers()) {
            return Box::pin(std::future::ready(Ok(Self(Ok(T::default())))));
        }
        let body = read_body(request, payload, may_send(request));
        Box::pin(async move { Ok(Self(body.await)) })
    }
}

/// How many bytes a call may send.
fn may_send(request: &HttpRequest) -> Result<usize, Problem> {
    let usual = state(request)?.body_bytes;
    if request.extensions().contains::<Rationed>() {
        return Ok(usual.min(ANONYMOUS));
    }
    verified(request).map(|_| usual)
}

/// How many bytes a manager may send.
fn may_send_large(request: &HttpRequest) -> Result<usize, Problem> {
    if !policy::may_manage(&verified(request)?.principal) {
        return Err(Problem::new(ErrorCode::Forbidden, "only a manager may do this"));
    }
    Ok(state(request)?.body_bytes.max(LARGE))
}

fn read_body<T: DeserializeOwned + 'static>(
    request: &HttpRequest,
    payload: &mut Payload,
    most: Result<usize, Problem>,
) -> LocalBoxFuture<'static, Result<T, Problem>> {
    let (request, mut payload) = (request.clone(), payload.take());
    Box::pin(async move {
        let (most, state) = (most?, state(&request)?);
        check_encoding(&request, &state)?;
        // A body that says nothing of itself is taken for JSON; one that says it is something else is not.
        let is_named = request.headers().contains_key(header::CONTENT_TYPE);
        let body = JsonBody::<Box<RawValue>>::new(&request, &mut payload, None, is_named).limit(most);
        match tokio::time::timeout(DEADLINE, body).await {
            Ok(Ok(json)) => read(&json),
            Ok(Err(error)) => Err(problem(error, most, &state)),
            Err(_) => {
                state.node.metrics.hit("body_time");
                Err(Problem::bad_request(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"))
            }
        }
    })
}

/// A compressed body is not unpacked: a few bytes become as many as their sender likes, and no client sends any.
fn check_encoding(request: &HttpRequest, state: &State) -> Result<(), Problem> {
    let mut encodings = request.headers().get_all(header::CONTENT_ENCODING);
    if encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    state.node.metrics.hit("body_encoding");
    let detail = "send the body as it is, without Content-Encoding: compressed bodies are not taken";
    Err(Problem::bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).with_header("accept-encoding", "identity"))
}

/// JSON that is not what is asked for is invalid, and says which field. An array would be read field by field, which is
/// nobody's intention.
fn read<T: DeserializeOwned>(json: &RawValue) -> Result<T, Problem> {
    if !json.get().trim_start().starts_with('{') {
        return Err(Problem::invalid("the body must be a JSON object"));
    }
    fields::from_text(json.get()).map_err(Problem::invalid)
}

fn not_json(error: &serde_json::Error) -> String {
    format!("the body is not JSON: {}", fields::json_error(error))
}

/// What is not JSON at all is a bad frame.
fn problem(error: JsonPayloadError, most: usize, state: &State) -> Problem {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            state.node.metrics.hit("body_bytes");
            Problem::new(ErrorCode::TooLarge, format!("a body has at most {most} bytes"))
        }
        JsonPayloadError::ContentType => {
            let detail = "send JSON, with the header Content-Type: application/json";
            Problem::bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
        }
        JsonPayloadError::Deserialize(error) => Problem::new(ErrorCode::BadFrame, not_json(&error)),
        _ => Problem::new(ErrorCode::BadFrame, "the body could not be read"),
    }
}
