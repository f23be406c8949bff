//! JSON bodies, bounded in bytes and in time, with errors in the contract's words. A body is read only for a call that may send
//! one: with a valid token, or counted against its address ([`super::ration`]). This is independent of the handler's other
//! extractors and of their order.

use super::extract::{state, verified};
use super::problem::Problem;
use super::ration::Rationed;
use super::state::State;
use super::unread_body::announces_body;
use crate::auth::policy;
use crate::pictures;
use crate::protocol::{ErrorCode, fields};
use actix_web::dev::{JsonBody, Payload};
use actix_web::error::JsonPayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::time::Duration;

/// The longest time for a body to arrive.
const DEADLINE: Duration = Duration::from_secs(15);
/// The most bytes of a body without a token, which has a name and a password, or a code. No setting raises it.
const ANONYMOUS: usize = 16 * 1024;
/// The most bytes of a [`LargeBody`], unless the setting for all bodies is higher.
const LARGE: usize = 2 * 1024 * 1024;

/// The longest time for a picture to arrive, on a phone with a poor network.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(60);
/// How long to wait before a picture is sent again.
const RETRY: Duration = Duration::from_secs(2);

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON body of a manager, which may be as large as a whole menu.
#[derive(Debug)]
pub struct LargeBody<T>(pub T);

/// The bytes of a picture that a manager uploads.
#[derive(Debug)]
pub struct PictureBody(pub Bytes);

/// A file of a manager, as text.
#[derive(Debug)]
pub struct FileBody {
    /// The text.
    pub text: String,
    /// Whether it is CSV; otherwise JSON.
    pub is_csv: bool,
}

/// A JSON body that may be absent, which means the default. The handler refuses an invalid one, after it has checked the caller
/// and the path.
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

impl FromRequest for PictureBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            may_send_large(&request)?;
            let state = state(&request)?;
            check_encoding(&request, &state)?;
            // Bound: the memory of uploads that are under way. A slow one loses its place with the deadline.
            let _place = state.uploads.try_acquire().map_err(|_| busy())?;
            match tokio::time::timeout(UPLOAD_DEADLINE, read_bytes(payload, pictures::MAX_BYTES)).await {
                Ok(Ok(bytes)) => Ok(Self(bytes)),
                Ok(Err(problem)) => {
                    state.node.metrics.hit("body_bytes");
                    Err(problem)
                }
                Err(_) => {
                    state.node.metrics.hit("body_time");
                    Err(Problem::bad_request(StatusCode::REQUEST_TIMEOUT, "the picture took too long to arrive"))
                }
            }
        })
    }
}

impl FromRequest for FileBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let most = may_send_large(&request)?;
            check_encoding(&request, &*state(&request)?)?;
            let is_csv = match request.mime_type().ok().flatten() {
                Some(kind) if kind.essence_str() == "text/csv" => true,
                Some(kind) if kind.essence_str() == "application/json" => false,
                _ => {
                    let detail = "send the file with the header Content-Type: text/csv or application/json";
                    return Err(Problem::bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
                }
            };
            let late = |_| Problem::bad_request(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive");
            let bytes = tokio::time::timeout(DEADLINE, read_bytes(payload, most)).await.map_err(late)??;
            let other = |_| Problem::invalid("the file is not UTF-8: save it as \"CSV UTF-8\"");
            Ok(Self { text: String::from_utf8(bytes.into()).map_err(other)?, is_csv })
        })
    }
}

fn busy() -> Problem {
    Problem::new(ErrorCode::Unavailable, "other pictures are being uploaded; send it again in a moment").after(RETRY)
}

async fn read_bytes(mut payload: Payload, most: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(part) = payload.next().await {
        let part = part.map_err(|_| Problem::new(ErrorCode::BadFrame, "the body could not be read"))?;
        if bytes.len() + part.len() > most {
            return Err(Problem::new(ErrorCode::TooLarge, format!("a body has at most {most} bytes")));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

/// Returns the most bytes that a call may send.
fn may_send(request: &HttpRequest) -> Result<usize, Problem> {
    let usual = state(request)?.body_bytes;
    if request.extensions().contains::<Rationed>() {
        return Ok(usual.min(ANONYMOUS));
    }
    verified(request).map(|_| usual)
}

/// Returns the most bytes that a manager may send.
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
        // A body without a media type counts as JSON; one with another media type does not.
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

/// Refuses a compressed body: a few bytes could become as many as the sender likes, and no client sends one.
fn check_encoding(request: &HttpRequest, state: &State) -> Result<(), Problem> {
    let mut encodings = request.headers().get_all(header::CONTENT_ENCODING);
    if encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    state.node.metrics.hit("body_encoding");
    let detail = "send the body as it is, without Content-Encoding: compressed bodies are not accepted";
    Err(Problem::bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).with_header("accept-encoding", "identity"))
}

/// Reads a JSON object; the error names the field. Refuses an array, which serde would read field by field.
fn read<T: DeserializeOwned>(json: &RawValue) -> Result<T, Problem> {
    if !json.get().trim_start().starts_with('{') {
        return Err(Problem::invalid("the body must be a JSON object"));
    }
    fields::from_text(json.get()).map_err(Problem::from)
}

fn not_json(error: &serde_json::Error) -> String {
    format!("the body is not JSON: {}", fields::json_error(error))
}

/// Returns the problem of a body that could not be read. One that is not JSON is a bad frame.
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
