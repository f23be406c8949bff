//! Push subscriptions (RFC 8030) as browsers make them: the addresses at which phones receive
//! messages while the page is closed.

use crate::domain::values::as_text::read_as_text;
use crate::domain::values::schema::{self, wire_schema};
use crate::domain::values::text::Slug;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;
use url::{Host, Url};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};

/// The most bytes of an endpoint. Browsers use 150 to 600.
const MAX_ENDPOINT_BYTES: usize = 1024;

/// The language of a phone's page (`en`, `bn`), repeated in each message.
pub type Language = Slug;

/// An address that this server sends to: at a push service, or the receiver of a webhook. Knowing it may suffice to send there, so
/// debug output shows only the origin.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// The text is not an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address over https, without a user or a fragment, at most {MAX_ENDPOINT_BYTES} bytes")]
pub struct InvalidEndpoint;

impl Endpoint {
    /// Returns the whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the host, as written in the address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns scheme, host and port (RFC 6454), the audience of a message's signature.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether the endpoint uses HTTPS on the default port.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https" && self.0.port().is_none()
    }

    /// Whether the host is a name and not an address.
    #[must_use]
    pub fn is_named(&self) -> bool {
        matches!(self.0.host(), Some(Host::Domain(_)))
    }

    /// Whether the endpoint is on this machine.
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
        // Parsing escapes characters, so the text may have grown.
        let fits = |url: &Url| url.as_str().len() <= MAX_ENDPOINT_BYTES;
        url.filter(|url| is_http(url) && is_plain(url) && fits(url)).map(Self).ok_or(InvalidEndpoint)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}/…)", self.origin())
    }
}

impl serde::Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

read_as_text!(Endpoint);
wire_schema!(
    Endpoint,
    "Endpoint",
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uri)))
        .max_length(Some(MAX_ENDPOINT_BYTES))
        .description(Some("An address that this server sends to."))
);

/// The bytes of a key; base64url on the wire. Debug output does not show them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyBytes<const N: usize>(pub [u8; N]);

/// A browser's public key: an uncompressed point of P-256.
pub type PeerKey = KeyBytes<65>;
/// The secret that a browser shares with its senders (RFC 8291, section 3.2).
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
wire_schema!(
    [const N: usize] KeyBytes<N>,
    format!("Key{N}"),
    schema::text(format!("^[A-Za-z0-9_-]{{{}}}=*$", (N * 4).div_ceil(3))).description(Some(format!("{N} bytes in base64url.")))
);

/// A browser's push subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The address to send to.
    pub endpoint: Endpoint,
    /// The public key to encrypt for.
    pub p256dh: PeerKey,
    /// The shared secret of the encryption.
    pub auth: AuthSecret,
    /// The language of the messages.
    pub language: Language,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_addresses_are_endpoints() {
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
    fn loopback_is_recognized_in_every_spelling() {
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
    fn a_key_has_a_fixed_length_and_debug_output_hides_it() {
        let key: AuthSecret = "AAECAwQFBgcICQoLDA0ODw".parse().unwrap();
        assert_eq!(key.0, std::array::from_fn(|at| at as u8));
        assert_eq!("AAECAwQFBgcICQoLDA0ODw==".parse(), Ok(key));
        for bad in ["", "AAECAwQFBgcICQoLDA0O", "AAECAwQFBgcICQoLDA0ODxA", "AAECAwQFBgcICQoLDA0OD+", "ключ"] {
            assert_eq!(bad.parse::<AuthSecret>(), Err(InvalidKey(16)), "{bad}");
        }
        assert_eq!(format!("{key:?}"), "KeyBytes<16>");
    }
}
