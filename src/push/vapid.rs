//! The key that identifies the sender (VAPID, RFC 8292). Browsers subscribe with its public half;
//! its private half signs each message. All nodes share one key, and a new key invalidates all
//! subscriptions.

use crate::domain::model::push::Endpoint;
use crate::domain::values::time::Timestamp;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use web_push_native::p256::SecretKey;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;
use web_push_native::p256::pkcs8::EncodePrivateKey;

/// The bytes of a private key.
const KEY_BYTES: usize = 32;
/// The lifetime of a signature: longer than all retries and any difference of clocks, shorter than
/// the 24 hours allowed.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// An error of a key. The messages never show the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VapidError {
    /// The text is not a private key of P-256 in base64url.
    #[error("the VAPID key is not a private key of P-256 in base64url; make one with: orderbell vapid")]
    Key,
    /// Signing failed.
    #[error("a push message could not be signed")]
    Signature,
}

/// A private key of P-256.
pub struct VapidKey(SecretKey);

impl VapidKey {
    /// Makes a random key.
    #[must_use]
    pub fn random() -> Self {
        loop {
            let mut bytes = [0; KEY_BYTES];
            rand::fill(&mut bytes);
            // Nearly all 256-bit numbers are valid keys.
            if let Ok(key) = SecretKey::from_slice(&bytes) {
                return Self(key);
            }
        }
    }

    /// Parses a key in base64url.
    ///
    /// # Errors
    /// [`VapidError::Key`] for anything else.
    pub fn parse(text: &SecretString) -> Result<Self, VapidError> {
        let text = text.expose_secret().trim().trim_end_matches('=');
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| VapidError::Key)?;
        SecretKey::from_slice(&bytes).map(Self).map_err(|_| VapidError::Key)
    }

    /// Returns the key in the form that [`Self::parse`] reads.
    #[must_use]
    pub fn secret(&self) -> SecretString {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.to_bytes()).into()
    }

    /// Returns the public half: an uncompressed point in base64url.
    #[must_use]
    pub fn public_key(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.public_key().to_encoded_point(false))
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    sub: &'a str,
}

/// A signer of messages. Debug output shows only the public key.
pub struct Vapid {
    signing: EncodingKey,
    public_key: String,
    subject: String,
}

impl Vapid {
    /// Makes a signer. `subject` is the contact for operators of push services (`mailto:` or
    /// `https:`).
    ///
    /// # Errors
    /// [`VapidError::Signature`] for a key that cannot be written as PKCS #8.
    pub fn new(key: &VapidKey, subject: &str) -> Result<Self, VapidError> {
        let document = key.0.to_pkcs8_der().map_err(|_| VapidError::Signature)?;
        let signing = EncodingKey::from_ec_der(document.as_bytes());
        Ok(Self { signing, public_key: key.public_key(), subject: subject.to_owned() })
    }

    /// Returns the public key in base64url.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.public_key.clone()
    }

    /// Returns the `Authorization` header of a message (RFC 8292, section 3), valid for this push
    /// service and one hour.
    ///
    /// # Errors
    /// [`VapidError::Signature`] if signing fails.
    pub fn authorization(&self, endpoint: &Endpoint, now: Timestamp) -> Result<SecretString, VapidError> {
        let claims = Claims { aud: endpoint.origin(), exp: now.plus(LIFE).seconds(), sub: &self.subject };
        let token = encode(&Header::new(Algorithm::ES256), &claims, &self.signing).map_err(|_| VapidError::Signature)?;
        Ok(format!("vapid t={token}, k={}", self.public_key).into())
    }
}

impl fmt::Debug for Vapid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vapid").field("public_key", &self.public_key).field("subject", &self.subject).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_round_trips_with_its_public_half() {
        let key = VapidKey::random();
        let again = VapidKey::parse(&key.secret()).unwrap();
        assert_eq!(again.secret().expose_secret(), key.secret().expose_secret());
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!((key.secret().expose_secret().len(), key.public_key().len()), (43, 87));
        assert_ne!(VapidKey::random().public_key(), key.public_key());
    }

    /// RFC 8291, appendix A: the keys of the application server.
    #[test]
    fn the_public_half_matches_the_rfcs_example() {
        let key = VapidKey::parse(&"yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw".into()).unwrap();
        let public = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
        assert_eq!(key.public_key(), public);
    }

    #[test]
    fn invalid_keys_are_refused_and_no_key_is_shown() {
        let zero = BASE64_URL_SAFE_NO_PAD.encode([0; KEY_BYTES]);
        let beyond = BASE64_URL_SAFE_NO_PAD.encode([0xff; KEY_BYTES]);
        for bad in ["", "abc", "not base64url!", &zero, &beyond] {
            assert_eq!(VapidKey::parse(&bad.into()).map(|_| ()), Err(VapidError::Key), "{bad}");
        }
        let key = VapidKey::random();
        let shown = format!("{:?}", Vapid::new(&key, "mailto:ops@example.com").unwrap());
        assert!(!shown.contains(key.secret().expose_secret()), "{shown}");
    }
}
