//! Problems: failures as HTTP answers (RFC 9457).

use crate::connection::failures;
use crate::protocol::problem_body::{PROBLEM_JSON, ProblemBody};
use crate::protocol::{ErrorCode, Failure};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A failure as the answer to a call, with the parts that only HTTP has.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    // Boxed, since an error is rare and would make every result large.
    failure: Box<Failure>,
    status: StatusCode,
    header: Option<(&'static str, &'static str)>,
    /// The `error` of the device grant, which is also the code.
    grant: Option<&'static str>,
    totp_required: bool,
}

impl Problem {
    /// Returns a problem under the status of its code; `detail` says what happened and what to do.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Failure::new(code, detail).into()
    }

    /// Returns the problem of a field, a path or a query that is invalid.
    #[must_use]
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Invalid, detail)
    }

    /// Returns the problem for a thing that does not exist, or that this principal may not know of.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::NotFound, detail)
    }

    /// Returns the problem of an edit of an outdated version, with the current document.
    #[must_use]
    pub fn outdated(document: Option<Value>) -> Self {
        Self::from(failures::outdated().with_document(document)).with_status(StatusCode::PRECONDITION_FAILED)
    }

    /// Returns the problem of a path that only nodes with another role serve.
    #[must_use]
    pub fn elsewhere() -> Self {
        Self::not_found("this node serves something else (--role); ask another node")
    }

    /// Returns the problem of a request for which HTTP has a status, and which the contract calls a
    /// bad frame.
    #[must_use]
    pub fn bad_request(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadFrame, detail).with_status(status)
    }

    /// Returns the problem of a failed step of the device grant (RFC 6749, "Error Response"). `error` is its word, and also the
    /// code.
    #[must_use]
    pub fn grant(error: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { grant: Some(error), ..Self::bad_request(StatusCode::BAD_REQUEST, detail) }
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.grant.unwrap_or(self.failure.code().as_str())
    }

    fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// Adds that the password was right, but a code of the second factor is missing.
    #[must_use]
    pub fn totp_required(self) -> Self {
        Self { totp_required: true, ..self }
    }

    /// Sets how long to wait before trying again.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { failure: Box::new(self.failure.after(wait)), ..self }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let status = failures::status(&failure);
        Self { failure: Box::new(failure), status, header: None, grant: None, totp_required: false }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.failure.message())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = ProblemBody::new(&self.failure, self.status.as_u16(), title).with_totp_required(self.totp_required);
        let body = match self.grant {
            Some(error) => body.with_grant(error),
            None => body,
        };
        let mut response = HttpResponse::build(self.status);
        for header in body.headers() {
            response.insert_header(header);
        }
        if let Some(header) = self.header {
            response.insert_header(header);
        }
        response.content_type(PROBLEM_JSON).body(body.to_bytes())
    }
}

/// Answers a path that is not in the table of routes.
///
/// # Errors
/// Always `not_found`.
pub async fn no_such_path(_: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("there is nothing at this address"))
}

/// Answers a call of the WebSocket's path that does not ask for an upgrade.
///
/// # Errors
/// Always; the error is the answer.
#[utoipa::path(
    get,
    path = "/ws",
    operation_id = "connect",
    tag = "rooms",
    summary = "Open a WebSocket (see the AsyncAPI document)",
    description = "For: every role.",
    responses(
        (status = 101, description = "The WebSocket is open."),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 426, response = Problem),
        (status = 429, response = Problem),
    ),
)]
pub async fn no_upgrade() -> Result<HttpResponse, Problem> {
    let detail = "this address is a WebSocket: ask for an upgrade, with the subprotocol orderbell.v1";
    Err(Problem::bad_request(StatusCode::UPGRADE_REQUIRED, detail).with_header("upgrade", "websocket"))
}

/// Answers a path of the table with a method that it does not support.
#[must_use]
pub fn wrong_method(methods: &'static str) -> Problem {
    let detail = format!("this address takes {methods}");
    Problem::bad_request(StatusCode::METHOD_NOT_ALLOWED, detail).with_header("allow", methods)
}
