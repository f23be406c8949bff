//! Where guests reach this service: what the codes on tables begin with.

use super::problem::Problem;
use crate::connection::Proxies;
use actix_web::HttpRequest;
use actix_web::http::Uri;
use actix_web::http::header::{HOST, HeaderMap};
use std::net::SocketAddr;
use std::sync::Arc;

/// The beginning of addresses that leave this server.
#[derive(Debug, Clone)]
pub struct PublicUrl {
    public_url: Option<Arc<str>>,
    proxies: Arc<Proxies>,
}

impl PublicUrl {
    /// What the operator says, when they do. A proxy that is believed says by which scheme a client came to it.
    #[must_use]
    pub fn new(public_url: Option<&str>, proxies: Arc<Proxies>) -> Self {
        Self { public_url: public_url.map(|url| url.trim_end_matches('/').into()), proxies }
    }

    /// Whether a request came over TLS, by the operator's word or by that of a trusted proxy.
    #[must_use]
    pub fn is_secure(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
            || peer.is_some_and(|peer| self.proxies.says_https(peer.ip(), headers))
    }

    /// Without a slash at its end. When the operator says nothing, it is where this request came to.
    ///
    /// # Errors
    /// `invalid` for a request whose `Host` is no address.
    pub fn of(&self, request: &HttpRequest) -> Result<String, Problem> {
        if let Some(url) = &self.public_url {
            return Ok(url.to_string());
        }
        let host = request.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let scheme = if self.is_secure(request.peer_addr(), request.headers()) { "https" } else { "http" };
        let base = format!("{scheme}://{host}");
        let has_only_authority = |uri: Uri| uri.authority().is_some() && uri.path() == "/" && uri.query().is_none();
        if !base.ends_with('/') && base.parse().is_ok_and(has_only_authority) {
            return Ok(base);
        }
        Err(Problem::invalid("the header Host is no address of this server"))
    }
}
