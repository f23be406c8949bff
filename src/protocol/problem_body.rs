//! The HTTP form of a failure: a problem (RFC 9457) with the members of the contract.

use super::failure::Failure;
use serde::Serialize;
use serde_json::Value;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The status of a request without a valid token.
const UNAUTHORIZED: u16 = 401;

/// The JSON of a problem, for HTTP calls and refused handshakes.
#[derive(Debug, Serialize)]
pub struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    totp_required: bool,
}

impl<'a> ProblemBody<'a> {
    /// Makes the problem of a failure, under an HTTP status and its usual name.
    #[must_use]
    pub fn new(failure: &'a Failure, status: u16, title: &'a str) -> Self {
        Self {
            r#type: "about:blank",
            title,
            status,
            code: failure.code().as_str(),
            detail: failure.message(),
            reason: failure.reason(),
            retry_after_ms: failure.retry_after_ms(),
            error: None,
            document: failure.document(),
            totp_required: false,
        }
    }

    /// Replaces the code by a word of the device grant (RFC 8628), which it repeats under the grant's own name.
    #[must_use]
    pub const fn with_grant(mut self, error: &'static str) -> Self {
        self.code = error;
        self.error = Some(error);
        self
    }

    /// Says that the password was right and that a second factor goes with it.
    #[must_use]
    pub const fn with_totp_required(mut self, totp_required: bool) -> Self {
        self.totp_required = totp_required;
        self
    }

    /// Returns the headers that say a part of the problem again, for clients that read no JSON.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let challenge = (self.status == UNAUTHORIZED).then(|| ("www-authenticate", "Bearer".to_owned()));
        let wait = self.retry_after_ms.map(|wait| ("retry-after", wait.div_ceil(1000).to_string()));
        challenge.into_iter().chain(wait).collect()
    }

    /// Returns the JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain data always serializes.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
