//! Problems: RFC 9457 bodies with the contract's `code`.

use crate::protocol::ErrorCode;
use crate::protocol::problem_body::{PROBLEM_JSON, ProblemBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// An answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    document: Option<Box<Value>>,
    totp_required: bool,
    retry_after: Option<Duration>,
    /// Whether the code is an `error` of the device grant too.
    is_grant: bool,
    reason: Option<&'static str>,
    header: Option<(&'static str, &'static str)>,
}

impl Problem {
    /// A problem of the contract; `detail` says what happened and what to do.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::of(status, code.as_str(), detail.into())
    }

    const fn of(status: StatusCode, code: &'static str, detail: String) -> Self {
        Self {
            status,
            code,
            detail,
            document: None,
            totp_required: false,
            retry_after: None,
            is_grant: false,
            reason: None,
            header: None,
        }
    }

    /// A field, a path or a query is wrong.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, detail)
    }

    /// There is no such thing, or none for this principal.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, detail)
    }

    /// An edit was based on another version than the one that stands: the document as it is now comes with it.
    #[must_use]
    pub fn outdated(document: Option<Value>) -> Self {
        let detail = "somebody else has changed this since it was read; look at both and send again";
        Self::of(StatusCode::PRECONDITION_FAILED, ErrorCode::Stale.as_str(), detail.into()).with_document(document)
    }

    /// There is such a thing, on a node of another role.
    #[must_use]
    pub fn elsewhere() -> Self {
        Self::not_found("this node serves something else (--role); ask another")
    }

    /// A request that HTTP itself has a status for, which the contract calls a bad frame.
    #[must_use]
    pub fn bad_request(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::of(status, ErrorCode::BadFrame.as_str(), detail.into())
    }

    /// A failed step of the device grant (RFC 6749, section 5.2): `error` is its word, and the code too.
    #[must_use]
    pub fn grant(error: &'static str, detail: impl Into<String>) -> Self {
        Self { is_grant: true, ..Self::of(StatusCode::BAD_REQUEST, error, detail.into()) }
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// With a header more.
    #[must_use]
    pub fn with_header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// With the document as it stands now.
    #[must_use]
    pub fn with_document(self, document: Option<Value>) -> Self {
        Self { document: document.map(Box::new), ..self }
    }

    /// With the word that the password was right, and that a code goes with it.
    #[must_use]
    pub fn totp_required(self) -> Self {
        Self { totp_required: true, ..self }
    }

    /// With a word for machines that says more than the code: a limit's name, or why a session ended.
    #[must_use]
    pub const fn because(mut self, reason: Option<&'static str>) -> Self {
        self.reason = reason;
        self
    }

    /// With the time after which to try again.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(header) = self.header {
            response.insert_header(header);
        }
        if let Some(wait) = self.retry_after {
            response.insert_header((RETRY_AFTER, wait.as_millis().div_ceil(1000).max(1).to_string()));
        }
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = ProblemBody::new(self.status.as_u16(), title, self.code, &self.detail);
        body.reason = self.reason;
        body.retry_after_ms = self.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        body.error = self.is_grant.then_some(self.code);
        body.document = self.document.as_deref();
        body.totp_required = self.totp_required;
        response.content_type(PROBLEM_JSON).body(body.to_bytes())
    }
}

/// What answers a path that is not in the table.
///
/// # Errors
/// Always `not_found`.
pub async fn no_such_path(_: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("there is nothing at this address"))
}

/// What answers the WebSocket's path when no upgrade is asked for.
///
/// # Errors
/// Always: that is the answer.
pub async fn no_upgrade() -> Result<HttpResponse, Problem> {
    let detail = "this address is a WebSocket: ask for an upgrade, with the subprotocol orderbell.v1";
    Err(Problem::bad_request(StatusCode::UPGRADE_REQUIRED, detail).with_header("upgrade", "websocket"))
}

/// What answers a path of the table under a method it does not take.
#[must_use]
pub fn wrong_method(methods: &'static str) -> Problem {
    let detail = format!("this address takes {methods}");
    Problem::bad_request(StatusCode::METHOD_NOT_ALLOWED, detail).with_header("allow", methods)
}
