//! The public address of this service, with which the codes on tables begin.

use super::problem::Problem;
use crate::connection::Proxies;
use actix_web::HttpRequest;
use actix_web::http::Uri;
use actix_web::http::header::{HOST, HeaderMap};
use std::net::SocketAddr;
use std::sync::Arc;

/// The beginning of the addresses that this server hands out.
#[derive(Debug, Clone)]
pub struct PublicUrl {
    public_url: Option<Arc<str>>,
    /// Whether every request comes over TLS, as the operator says.
    is_over_tls: bool,
    proxies: Arc<Proxies>,
}

impl PublicUrl {
    /// Uses the operator's address, if there is one. Otherwise the address comes from each request; a trusted proxy names the
    /// client's scheme.
    #[must_use]
    pub fn new(public_url: Option<&str>, proxies: Arc<Proxies>) -> Self {
        let is_over_tls = public_url.is_some_and(|url| url.starts_with("https://"));
        Self { public_url: public_url.map(|url| url.trim_end_matches('/').into()), is_over_tls, proxies }
    }

    /// Uses TLS also where the operator has set no address: the node serves it itself.
    #[must_use]
    pub fn over_tls(self, is_over_tls: bool) -> Self {
        Self { is_over_tls, ..self }
    }

    /// Whether a request came over TLS, according to the operator or a trusted proxy.
    #[must_use]
    pub fn is_secure(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        self.is_over_tls || peer.is_some_and(|peer| self.proxies.says_https(peer.ip(), headers))
    }

    /// Returns the public address without a slash at the end: the operator's, or else the one that the request used.
    ///
    /// # Errors
    /// `invalid` if the request's `Host` is not an address.
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
        Err(Problem::invalid("the header Host is not an address"))
    }
}
