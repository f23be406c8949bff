//! TLS: the certificate of a node and its reload, the side of a server in a connection, and the client of `healthcheck`.
//!
//! Only this module uses rustls (docs/decisions/0042).

pub mod certificate;
pub mod probe;
pub mod reload;
pub mod server;
pub mod session;
mod validity;

pub use certificate::{Certificate, CertificateError, Files};
pub use server::TlsServer;
pub use session::Session;

use rustls::crypto::{CryptoProvider, ring};
use std::sync::{Arc, LazyLock};

/// The one provider of cryptography, that of the database, Redis and push clients.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));
    PROVIDER.clone()
}
