//! Where a phone takes messages while its page is closed: a push subscription (RFC 8030), as its browser made it.

use crate::domain::values::as_text::read_as_text;
use crate::domain::values::text::Slug;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;
use url::{Host, Url};

/// The most bytes of an endpoint. Those of browsers have 150 to 600.
const MAX_ENDPOINT_BYTES: usize = 1024;

/// The language that a phone's page speaks (`en`, `bn`); told back with each message.
pub type Language = Slug;

/// An address at a push service. Whoever knows it may send there, so its debug output shows the host alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// The text is not an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("endpoint must be the address of a push service, {MAX_ENDPOINT_BYTES} bytes at most")]
pub struct InvalidEndpoint;

impl Endpoint {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host, as it stands in the address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Scheme, host and port (RFC 6454): what a message says it is for.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether it is on HTTPS, on its usual port.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https" && self.0.port().is_none()
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;
    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = Some(text).filter(|text| text.len() <= MAX_ENDPOINT_BYTES).and_then(|text| Url::parse(text).ok());
        let is_plain = |url: &Url| url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let is_http = |url: &Url| matches!(url.scheme(), "https" | "http") && url.has_host();
        // Written out it may be longer than it was.
        let fits = |url: &Url| url.as_str().len() <= MAX_ENDPOINT_BYTES;
        url.filter(|url| is_http(url) && is_plain(url) && fits(url)).map(Self).ok_or(InvalidEndpoint)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}/…)", self.origin())
    }
}

read_as_text!(Endpoint);

/// Bytes of a key, which travel as base64url. Its debug output shows none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyBytes<const N: usize>(pub [u8; N]);

/// A browser's public key: an uncompressed point of P-256.
pub type PeerKey = KeyBytes<65>;
/// What a browser and those who may send to it share (RFC 8291, section 3.2).
pub type AuthSecret = KeyBytes<16>;

/// The text is not a key of the expected length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key must be {0} bytes in base64url")]
pub struct InvalidKey(usize);

impl<const N: usize> FromStr for KeyBytes<N> {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(InvalidKey(N))
    }
}

impl<const N: usize> fmt::Debug for KeyBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBytes<{N}>")
    }
}

read_as_text!([const N: usize] KeyBytes<N>);

/// A browser that wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Where.
    pub endpoint: Endpoint,
    /// For whose eyes.
    pub p256dh: PeerKey,
    /// With what shared secret.
    pub auth: AuthSecret,
    /// In which language.
    pub language: Language,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_on_the_web_and_nothing_else() {
        let long = format!("https://push.example/{}", "x".repeat(MAX_ENDPOINT_BYTES));
        let grows = format!("https://push.example/{}", "é".repeat(MAX_ENDPOINT_BYTES / 4));
        for bad in [
            "",
            "push.example/x",
            "ftp://push.example/x",
            "file:///etc/passwd",
            "data:,x",
            "https://",
            "https://me@push.example/x",
            "https://:secret@push.example/x",
            "https://push.example/x#y",
            &long,
            &grows,
        ] {
            assert_eq!(bad.parse::<Endpoint>(), Err(InvalidEndpoint), "{bad}");
        }
        let endpoint: Endpoint = "https://Push.Example:443/send/abc?x=1".parse().unwrap();
        assert_eq!((endpoint.as_str(), endpoint.host()), ("https://push.example/send/abc?x=1", "push.example"));
        assert_eq!(endpoint.origin(), "https://push.example");
        assert!(endpoint.is_secure() && !endpoint.is_loopback());
        assert!(!format!("{endpoint:?}").contains("abc"), "{endpoint:?}");
    }

    #[test]
    fn what_is_on_this_machine_is_known_however_it_is_written() {
        for (text, expected) in [
            ("http://127.0.0.1:9/x", true),
            ("http://127.1:9/x", true),
            ("http://[::1]:9/x", true),
            ("http://localhost/x", true),
            ("http://localhost.example/x", false),
            ("http://10.0.0.1/x", false),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!((endpoint.is_loopback(), endpoint.is_secure()), (expected, false), "{text}");
        }
        assert!(!"https://push.example:8443/x".parse::<Endpoint>().unwrap().is_secure());
    }

    #[test]
    fn a_key_has_its_length_and_is_never_shown() {
        let key: AuthSecret = "AAECAwQFBgcICQoLDA0ODw".parse().unwrap();
        assert_eq!(key.0, std::array::from_fn(|at| at as u8));
        assert_eq!("AAECAwQFBgcICQoLDA0ODw==".parse(), Ok(key));
        for bad in ["", "AAECAwQFBgcICQoLDA0O", "AAECAwQFBgcICQoLDA0ODxA", "AAECAwQFBgcICQoLDA0OD+", "ключ"] {
            assert_eq!(bad.parse::<AuthSecret>(), Err(InvalidKey(16)), "{bad}");
        }
        assert_eq!(format!("{key:?}"), "KeyBytes<16>");
    }
}
