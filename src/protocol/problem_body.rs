//! The JSON of a problem (RFC 9457), with the members of the contract.

use serde::Serialize;
use serde_json::Value;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A problem as it is written, for calls and for refused handshakes.
#[derive(Debug, Serialize)]
pub struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    /// The name of a limit, or why a session ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The wait before the request is repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The code again, under the name that the device grant has for it (RFC 8628).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// The document as it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<&'a Value>,
    /// Whether the password was right and a second factor is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub totp_required: bool,
}

impl<'a> ProblemBody<'a> {
    /// A problem with nothing beside its status, its code and its detail.
    #[must_use]
    pub const fn new(status: u16, title: &'a str, code: &'a str, detail: &'a str) -> Self {
        Self {
            r#type: "about:blank",
            title,
            status,
            code,
            detail,
            reason: None,
            retry_after_ms: None,
            error: None,
            document: None,
            totp_required: false,
        }
    }

    /// Returns the JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain data always serializes.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
