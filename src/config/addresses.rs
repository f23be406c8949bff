//! Addresses on the command line: the address to listen on, the one for guests, and the origins of
//! allowed pages.

use std::net::SocketAddr;
use url::{Host, Url};

/// The error for an invalid address to listen on.
pub const NOT_AN_ADDRESS: &str =
    "give an IP address and a port: 127.0.0.1:8080 for only this machine, 0.0.0.0:8080 or [::]:8080 for all networks";

/// Parses an address and a port to listen on.
///
/// # Errors
/// [`NOT_AN_ADDRESS`] without an IP address or a port. Names are not resolved.
pub fn parse_bind(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    text.parse().map_err(|_| match text.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok()) {
        Some(port) => format!("{NOT_AN_ADDRESS}; did you mean 127.0.0.1:{port}?"),
        None => NOT_AN_ADDRESS.to_owned(),
    })
}

/// Parses the address for guests, which is part of the printed codes of tables. An empty text
/// counts as absent.
pub(super) fn parse_public_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = Url::parse(text).ok().filter(|url| is_web(url) && url.query().is_none() && url.fragment().is_none());
    url.ok_or("give the address that guests open, like https://orders.example.com")?;
    Ok(text.trim_end_matches('/').to_owned())
}

/// Parses an origin, and returns it in the form that browsers send. An empty text counts as absent.
pub(super) fn parse_origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let url =
        Url::parse(text).ok().filter(|url| is_web(url) && url.path() == "/" && url.query().is_none() && url.fragment().is_none());
    let url = url.ok_or("give a scheme and a host without a path, like https://menu.example.com")?;
    Ok(url.origin().ascii_serialization())
}

/// Whether the URL is HTTP or HTTPS and names a host without credentials.
fn is_web(url: &Url) -> bool {
    let has_host = url.host().is_some_and(|host: Host<&str>| host != Host::Domain(""));
    matches!(url.scheme(), "http" | "https") && has_host && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_listen_on_has_an_ip_and_a_port() {
        for good in ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:8080", " 127.0.0.1:80 "] {
            assert!(parse_bind(good).is_ok(), "{good}");
        }
        for (bad, hint) in [
            ("localhost:8080", Some("127.0.0.1:8080?")),
            (":8080", Some("127.0.0.1:8080?")),
            ("8080", Some("127.0.0.1:8080?")),
            ("127.0.0.1", None),
            ("", None),
        ] {
            let error = parse_bind(bad).unwrap_err();
            assert!(error.starts_with(NOT_AN_ADDRESS), "{bad}: {error}");
            assert_eq!(error.contains("did you mean"), hint.is_some(), "{bad}: {error}");
            assert!(hint.is_none_or(|hint| error.ends_with(hint)), "{bad}: {error}");
        }
    }

    #[test]
    fn the_address_for_guests_is_a_web_address() {
        assert_eq!(parse_public_url("https://orders.example.com/"), Ok("https://orders.example.com".to_owned()));
        assert_eq!(parse_public_url(" http://10.0.0.7:8080 "), Ok("http://10.0.0.7:8080".to_owned()));
        assert_eq!(parse_public_url("https://example.com/orders/"), Ok("https://example.com/orders".to_owned()));
        assert_eq!(parse_public_url(""), Ok(String::new()));
        for bad in
            ["foo", "orders.example.com", "ftp://example.com", "https://", "https://a:b@example.com", "https://example.com/?a"]
        {
            assert!(parse_public_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_has_the_form_that_browsers_send() {
        for (text, origin) in [
            ("https://Menu.Example.com", "https://menu.example.com"),
            ("https://menu.example.com/", "https://menu.example.com"),
            ("https://menu.example.com:443", "https://menu.example.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("", ""),
        ] {
            assert_eq!(parse_origin(text), Ok(origin.to_owned()));
        }
        for bad in ["nonsense", "null", "*", "menu.example.com", "https://example.com/path", "https://example.com?a"] {
            assert!(parse_origin(bad).is_err(), "{bad}");
        }
    }
}
