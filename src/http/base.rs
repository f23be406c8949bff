//! Where guests reach this service: what the codes on tables begin with.

use super::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::Uri;
use actix_web::http::header::{HOST, HeaderMap};
use std::sync::Arc;

/// The beginning of addresses that leave this server.
#[derive(Debug, Clone, Default)]
pub struct Base {
    public_url: Option<Arc<str>>,
    behind_proxy: bool,
}

impl Base {
    /// What the operator says, when they do. `behind_proxy`: whether a proxy is trusted to say how a client came to it.
    #[must_use]
    pub fn new(public_url: Option<&str>, behind_proxy: bool) -> Self {
        Self { public_url: public_url.map(|url| url.trim_end_matches('/').into()), behind_proxy }
    }

    /// Whether a request came over TLS, by the operator's word or by that of a trusted proxy.
    #[must_use]
    pub fn is_secure(&self, headers: &HeaderMap) -> bool {
        let is_secure_proxy = || headers.get("x-forwarded-proto").is_some_and(|scheme| scheme.as_bytes() == b"https");
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://")) || (self.behind_proxy && is_secure_proxy())
    }

    /// Without a slash at its end. When the operator says nothing, it is where this request came to.
    ///
    /// # Errors
    /// `invalid` for a request whose `Host` is no address.
    pub fn of(&self, request: &HttpRequest) -> Result<String, Problem> {
        if let Some(url) = &self.public_url {
            return Ok(url.to_string());
        }
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let base = format!("{}://{}", if self.is_secure(request.headers()) { "https" } else { "http" }, header(HOST.as_str()));
        let has_only_authority = |uri: Uri| uri.authority().is_some() && uri.path() == "/" && uri.query().is_none();
        if !base.ends_with('/') && base.parse().is_ok_and(has_only_authority) {
            return Ok(base);
        }
        Err(Problem::invalid("the header Host is no address of this server"))
    }
}
