//! JSON bodies: bounded in bytes and in time, with what is wrong said in the contract's words.

use super::extract::state;
use super::problem::Problem;
use crate::protocol::ErrorCode;
use actix_web::dev::{JsonBody, Payload};
use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::time::Duration;

/// The longest a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(15);

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let state = state(request);
        let body = JsonBody::<T>::new(request, payload, None, true);
        Box::pin(async move {
            let most = state?.body_bytes;
            match tokio::time::timeout(DEADLINE, body.limit(most)).await {
                Ok(body) => body.map(Self).map_err(|error| problem(error, most)),
                Err(_) => Err(Problem::bad_request(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")),
            }
        })
    }
}

/// Not JSON is a bad frame; JSON that is not what is asked for is invalid, and says which field.
fn problem(error: JsonPayloadError, most: usize) -> Problem {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Problem::new(ErrorCode::TooLarge, format!("a body has at most {most} bytes"))
        }
        JsonPayloadError::ContentType => {
            let detail = "send JSON, with the header Content-Type: application/json";
            Problem::bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
        }
        JsonPayloadError::Deserialize(error) if error.classify() == Category::Data => Problem::invalid(error.to_string()),
        JsonPayloadError::Deserialize(error) => Problem::new(ErrorCode::BadFrame, format!("the body is not JSON: {error}")),
        _ => Problem::new(ErrorCode::BadFrame, "the body could not be read"),
    }
}
