//! The server's side of handshakes, with a certificate that can be replaced.

use super::certificate::Certificate;
use super::provider;
use super::session::Session;
use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// The only protocol over TLS: WebSockets begin with HTTP/1.1.
const PROTOCOL: &[u8] = b"http/1.1";
/// The most bytes of a connection that are encrypted ahead of the kernel.
const AHEAD: usize = 32 * 1024;

/// The certificate for the next handshake.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The TLS of a node's address. Cheap to clone.
#[derive(Clone)]
pub struct TlsServer {
    current: Arc<Current>,
    acceptor: TlsAcceptor,
}

impl TlsServer {
    /// Serves a certificate, with TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// An error of the provider of cryptography.
    pub fn new(certificate: Certificate) -> Result<Self, rustls::Error> {
        let current = Arc::new(Current(RwLock::new(certificate.into_key())));
        let versions = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let mut config = versions.with_no_client_auth().with_cert_resolver(current.clone());
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // A phone that reconnects does not need the signature of the certificate, which costs most of a handshake.
        config.ticketer = Ticketer::new()?;
        Ok(Self { current, acceptor: Arc::new(config).into() })
    }

    /// Uses another certificate from the next handshake on. Open connections stay.
    pub fn replace(&self, certificate: Certificate) {
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = certificate.into_key();
    }

    /// Does the handshake with a client. The caller bounds its time.
    ///
    /// # Errors
    /// An error if the client or the network ends it.
    pub async fn accept(&self, io: TcpStream) -> io::Result<Session> {
        let stream = self.acceptor.accept_with(io, |tls| tls.set_buffer_limit(Some(AHEAD))).await?;
        let (io, tls) = stream.into_inner();
        Ok(Session::new(io, tls))
    }
}
