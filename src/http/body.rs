//! JSON bodies: bounded in bytes and in time, with what is wrong said in the contract's words.

use super::extract::state;
use super::problem::Problem;
use crate::protocol::ErrorCode;
use actix_web::dev::{JsonBody, Payload};
use actix_web::error::JsonPayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::time::Duration;

/// The longest a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(15);

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON body that may be as large as a whole menu; for calls that few may make.
#[derive(Debug)]
pub struct LargeBody<T>(pub T);

/// A JSON body that may be left out, which says what the default says. A wrong one is the handler's to refuse, after it has
/// looked who asks and for what.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Result<T, Problem>);

/// The most bytes of a [`LargeBody`], unless every body may have more.
const LARGE: usize = 2 * 1024 * 1024;

impl<T: DeserializeOwned + 'static> FromRequest for LargeBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read_body(request, payload, |usual| usual.max(LARGE));
        Box::pin(async move { body.await.map(Self) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read_body(request, payload, |usual| usual);
        Box::pin(async move { body.await.map(Self) })
    }
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !has_body(request) {
            return Box::pin(std::future::ready(Ok(Self(Ok(T::default())))));
        }
        let body = read_body(request, payload, |usual| usual);
        Box::pin(async move { Ok(Self(body.await)) })
    }
}

/// Whether a request announces a body (RFC 9112, section 6.3).
fn has_body(request: &HttpRequest) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH).map(|length| length.as_bytes() != b"0");
    length.unwrap_or_else(|| request.headers().contains_key(header::TRANSFER_ENCODING))
}

fn read_body<T: DeserializeOwned + 'static>(
    request: &HttpRequest,
    payload: &mut Payload,
    most: fn(usize) -> usize,
) -> LocalBoxFuture<'static, Result<T, Problem>> {
    let state = state(request);
    // A body that says nothing of itself is taken for JSON; one that says it is something else is not.
    let is_named = request.headers().contains_key(header::CONTENT_TYPE);
    let body = JsonBody::<Box<RawValue>>::new(request, payload, None, is_named);
    Box::pin(async move {
        let most = most(state?.body_bytes);
        match tokio::time::timeout(DEADLINE, body.limit(most)).await {
            Ok(Ok(json)) => read(&json),
            Ok(Err(error)) => Err(problem(error, most)),
            Err(_) => Err(Problem::bad_request(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")),
        }
    })
}

/// JSON that is not what is asked for is invalid, and says which field. An array would be read field by field, which is
/// nobody's intention.
fn read<T: DeserializeOwned>(json: &RawValue) -> Result<T, Problem> {
    if !json.get().trim_start().starts_with('{') {
        return Err(Problem::invalid("the body must be a JSON object"));
    }
    serde_json::from_str(json.get()).map_err(|error| Problem::invalid(error.to_string()))
}

/// What is not JSON at all is a bad frame.
fn problem(error: JsonPayloadError, most: usize) -> Problem {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Problem::new(ErrorCode::TooLarge, format!("a body has at most {most} bytes"))
        }
        JsonPayloadError::ContentType => {
            let detail = "send JSON, with the header Content-Type: application/json";
            Problem::bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
        }
        JsonPayloadError::Deserialize(error) => Problem::new(ErrorCode::BadFrame, format!("the body is not JSON: {error}")),
        _ => Problem::new(ErrorCode::BadFrame, "the body could not be read"),
    }
}
