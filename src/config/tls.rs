//! The settings of TLS on the node's own address.

use crate::tls::Files;
use clap::Args;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

/// A certificate without a key, or a key without a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("--tls-certificate and --tls-key belong together: give both, or neither")]
pub struct HalfPair;

/// Parses a path. An empty text counts as absent.
pub(crate) fn parse_path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(PathBuf::from(text))
}

/// The certificate of the node.
#[derive(Debug, Clone, Args)]
pub struct TlsArgs {
    /// Certificate in PEM, followed by those between it and the authority: the node then serves HTTPS. Read again when the file
    /// changes. Requires --tls-key.
    #[arg(long, env = "ORDERBELL_TLS_CERTIFICATE", value_parser = parse_path)]
    pub tls_certificate: Option<PathBuf>,

    /// Private key of the certificate in PEM, without a passphrase.
    #[arg(long, env = "ORDERBELL_TLS_KEY", value_parser = parse_path)]
    pub tls_key: Option<PathBuf>,

    /// Milliseconds between two looks for a change of the files.
    #[arg(long, env = "ORDERBELL_TLS_LOOK_MS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(100..=3_600_000), hide = true)]
    pub tls_look_ms: u64,
}

impl TlsArgs {
    /// Returns the files, if the node serves TLS. An empty variable counts as unset.
    ///
    /// # Errors
    /// [`HalfPair`] if only one of them is set.
    pub fn files(&self) -> Result<Option<Files>, HalfPair> {
        let set = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
        match (set(&self.tls_certificate), set(&self.tls_key)) {
            (Some(certificate), Some(key)) => Ok(Some(Files { certificate, key })),
            (None, None) => Ok(None),
            _ => Err(HalfPair),
        }
    }

    /// Whether the node serves TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        matches!(self.files(), Ok(Some(_)))
    }

    /// Returns the time between two looks for a change.
    #[must_use]
    pub const fn look(&self) -> Duration {
        Duration::from_millis(self.tls_look_ms)
    }
}
