//! The HTTP form of a failure: a problem (RFC 9457) with the members of the contract.

use super::error_code::ErrorCode;
use super::failure::Failure;
use super::field_fault::FieldFault;
use crate::domain::values::schema;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{AnyOfBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The name of a limit that has no word on the wire, in the header `RateLimit`.
const ATTEMPTS: &str = "attempts";
/// The status of a request without a valid token.
const UNAUTHORIZED: u16 = 401;

/// The beginning of a problem's type, before its code. The server explains each code at this address.
pub const TYPES: &str = "/problems/";

/// The words of the device grant, which are codes of pairing alone.
pub const GRANT_ERRORS: [&str; 4] = ["authorization_pending", "slow_down", "expired_token", "invalid_grant"];

/// The JSON of a problem, for HTTP calls and refused handshakes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    #[schema(schema_with = type_schema)]
    r#type: String,
    title: &'a str,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    #[schema(schema_with = code_schema)]
    code: &'a str,
    /// What happened and what to do.
    detail: &'a str,
    /// The fields of the body that are wrong. The server names the first one that it finds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<FieldFault>>)]
    errors: Option<[&'a FieldFault; 1]>,
    /// More precise than the code, for machines: the limit that was reached, or `ended_by_staff` for a guest's session that the
    /// restaurant has ended. New words may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// The word of RFC 8628, only for pairing.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// With `stale`, the current document. With `price_changed`, the new price of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    document: Option<&'a Value>,
    /// The password was right; send a code as `totp`. Only for signing in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    totp_required: bool,
}

fn type_schema() -> Object {
    let address = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some(format!("^{TYPES}[a-z_]+$")));
    address.description(Some("Where the server says what the code means and what to do.")).build()
}

fn type_of(code: &str) -> String {
    format!("{TYPES}{code}")
}

fn code_schema() -> Schema {
    let of_pairing = schema::word(GRANT_ERRORS).description(Some("Only for pairing (RFC 8628)."));
    AnyOfBuilder::new().item(Ref::from_schema_name(ErrorCode::name())).item(of_pairing).build().into()
}

impl<'a> ProblemBody<'a> {
    /// Makes the problem of a failure, under an HTTP status and its usual name.
    #[must_use]
    pub fn new(failure: &'a Failure, status: u16, title: &'a str) -> Self {
        Self {
            r#type: type_of(failure.code().as_str()),
            title,
            status,
            code: failure.code().as_str(),
            detail: failure.message(),
            errors: failure.fault().map(|fault| [fault]),
            reason: failure.reason(),
            retry_after_ms: failure.retry_after_ms(),
            error: None,
            document: failure.document(),
            totp_required: false,
        }
    }

    /// Replaces the code by a word of the device grant (RFC 8628). The word is also under `error`, as in the RFC.
    #[must_use]
    pub fn with_grant(mut self, error: &'static str) -> Self {
        self.r#type = type_of(error);
        self.code = error;
        self.error = Some(error);
        self
    }

    /// States that the password was right and that a code of the second factor is missing.
    #[must_use]
    pub const fn with_totp_required(mut self, totp_required: bool) -> Self {
        self.totp_required = totp_required;
        self
    }

    /// Returns headers that repeat a part of the problem, for clients that read no JSON.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let challenge = (self.status == UNAUTHORIZED).then(|| ("www-authenticate", "Bearer".to_owned()));
        let seconds = self.retry_after_ms.map(|wait| wait.div_ceil(1000));
        let wait = seconds.map(|seconds| ("retry-after", seconds.to_string()));
        let limit = self.reason.unwrap_or(ATTEMPTS);
        let limited = seconds.filter(|_| self.code == ErrorCode::RateLimited.as_str());
        let rest = limited.map(|seconds| ("ratelimit", format!("\"{limit}\";r=0;t={seconds}")));
        challenge.into_iter().chain(wait).chain(rest).collect()
    }

    /// Returns the JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain data always serializes.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
