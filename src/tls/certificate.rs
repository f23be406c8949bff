//! The certificate of a node, with its key: read from two files, and checked before it is used. No error contains a byte of
//! the key.

use super::provider;
use super::validity::Validity;
use crate::domain::values::time::Timestamp;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError as Rejected, Error, InconsistentKeys};
use secrecy::{ExposeSecret, SecretSlice};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes of a file that are read.
const MAX_BYTES: u64 = 256 * 1024;
/// The mark of a key that only a passphrase opens.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// Why a certificate cannot be used, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{} cannot be read: {cause}; the node's user must be able to read it ({setting})", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The setting that names it.
        setting: &'static str,
        /// The system's error.
        cause: io::Error,
    },
    /// The certificate file has no certificate.
    #[error(
        "{} has no certificate: it must have the certificate of this server, followed by those between it and the authority, each \
         in PEM (-----BEGIN CERTIFICATE-----)",
        .0.display()
    )]
    NoCertificate(PathBuf),
    /// A certificate is damaged, or older than X.509 version 3.
    #[error("{} has a certificate that cannot be used ({cause}); copy the file again, or let it be issued again", path.display())]
    Damaged {
        /// The certificate file.
        path: PathBuf,
        /// The fault.
        cause: String,
    },
    /// The key file has no key.
    #[error("{} has no private key: it must have one in PEM (-----BEGIN PRIVATE KEY-----)", .0.display())]
    NoKey(PathBuf),
    /// The key is encrypted.
    #[error("the key in {} has a passphrase; remove it with: openssl pkey -in FILE -out NEW_FILE", .0.display())]
    EncryptedKey(PathBuf),
    /// The key is of a kind that is not supported.
    #[error("the key in {} cannot be used: give an ECDSA key (P-256, P-384), an Ed25519 key, or an RSA key of 2048 bits or more", .0.display())]
    UnusableKey(PathBuf),
    /// The key belongs to another certificate.
    #[error(
        "the key in {} does not belong to the first certificate in {}: give the two files of one certificate, with the server's own \
         certificate first",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// The certificate has expired.
    #[error("the certificate in {} expired at {at}; renew it", path.display())]
    Expired {
        /// The certificate file.
        path: PathBuf,
        /// The end of its validity.
        at: Timestamp,
    },
    /// The certificate is not valid yet.
    #[error("the certificate in {} is valid only from {from}; check the clock of this machine", path.display())]
    Early {
        /// The certificate file.
        path: PathBuf,
        /// The beginning of its validity.
        from: Timestamp,
    },
    /// The certificate is for another name.
    #[error("the certificate in {} is not for {host}, the host of --public-url, but for {names}: change one of them", path.display())]
    OtherName {
        /// The certificate file.
        path: PathBuf,
        /// The host of the public URL.
        host: String,
        /// The names in the certificate.
        names: String,
    },
}

/// What tells one version of the files from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<(u64, i64, i64, u64)>>);

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate, followed by the intermediate ones.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Files {
    pub(super) fn stamp(&self) -> Stamp {
        let of = |path: &PathBuf| {
            let file = fs::metadata(path).ok()?;
            Some((file.ino(), file.mtime(), file.mtime_nsec(), file.size()))
        };
        Stamp([&self.certificate, &self.key].map(of).to_vec())
    }
}

/// A checked certificate with its key.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    validity: Validity,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("validity", &self.validity).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a certificate, and checks that a client that calls `host` would accept it now, as far as the server can know.
    ///
    /// # Errors
    /// See [`CertificateError`].
    pub fn read(files: &Files, host: Option<&str>, now: Timestamp) -> Result<Self, CertificateError> {
        let path = &files.certificate;
        let chain = chain(path)?;
        let key = CertifiedKey::from_der(chain, key(&files.key)?, &provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                CertificateError::Mismatch { certificate: path.clone(), key: files.key.clone() }
            }
            Error::InvalidCertificate(_) => damaged(path, &error),
            _ => CertificateError::UnusableKey(files.key.clone()),
        })?;
        let leaf = key.end_entity_cert().map_err(|error| damaged(path, &error))?;
        let validity = Validity::read(leaf).map_err(|error| damaged(path, &error))?;
        if now >= validity.ends {
            return Err(CertificateError::Expired { path: path.clone(), at: validity.ends });
        }
        if now < validity.begins {
            return Err(CertificateError::Early { path: path.clone(), from: validity.begins });
        }
        if let Some(host) = host {
            let parsed = ParsedCertificate::try_from(leaf).map_err(|error| damaged(path, &error))?;
            check_name(&parsed, host, path)?;
        }
        Ok(Self { key: Arc::new(key), validity })
    }

    /// Returns the end of its validity.
    #[must_use]
    pub const fn ends(&self) -> Timestamp {
        self.validity.ends
    }

    pub(super) fn into_key(self) -> Arc<CertifiedKey> {
        self.key
    }
}

fn damaged(path: &Path, cause: &dyn std::error::Error) -> CertificateError {
    CertificateError::Damaged { path: path.to_owned(), cause: cause.to_string() }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let pem = read(path, "--tls-certificate")?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose_secret()).collect();
    let chain = chain.map_err(|error| damaged(path, &error))?;
    if chain.is_empty() { Err(CertificateError::NoCertificate(path.to_owned())) } else { Ok(chain) }
}

/// Reads a key in PKCS#8, SEC1 (ECDSA) or PKCS#1 (RSA).
fn key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let pem = read(path, "--tls-key")?;
    if pem.expose_secret().windows(ENCRYPTED.len()).any(|bytes| bytes == ENCRYPTED) {
        return Err(CertificateError::EncryptedKey(path.to_owned()));
    }
    PrivateKeyDer::from_pem_slice(pem.expose_secret()).map_err(|_| CertificateError::NoKey(path.to_owned()))
}

fn check_name(certificate: &ParsedCertificate<'_>, host: &str, path: &Path) -> Result<(), CertificateError> {
    let other = |names: String| CertificateError::OtherName { path: path.to_owned(), host: host.to_owned(), names };
    let name = ServerName::try_from(host).map_err(|_| other("other names".to_owned()))?;
    verify_server_name(certificate, &name).map_err(|error| match error {
        Error::InvalidCertificate(Rejected::NotValidForNameContext { presented, .. }) if !presented.is_empty() => {
            other(presented.join(", "))
        }
        _ => other("no name at all".to_owned()),
    })
}

/// Reads a file. The key is one, so the bytes are overwritten after use.
fn read(path: &Path, setting: &'static str) -> Result<SecretSlice<u8>, CertificateError> {
    let mut bytes = Vec::with_capacity(MAX_BYTES as usize);
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    let bytes = SecretSlice::from(bytes);
    read.map_err(|cause| CertificateError::Unreadable { path: path.to_owned(), setting, cause })?;
    Ok(bytes)
}
