//! Addresses of pictures, which managers and services write and each guest's browser loads.
//!
//! Browsers parse addresses leniently: a backslash counts as a slash, tabs and line breaks are
//! dropped, and two slashes begin a host. An address is valid only if all parsers agree on it.

use url::Url;

/// Whether the address may be used for a picture: `https://` with a host, or a path on this server.
pub fn is_valid(address: &str) -> bool {
    has_plain_characters(address) && if address.starts_with('/') { is_path(address) } else { is_https(address) }
}

/// Whether the address has only letters, digits, the punctuation of RFC 3986, and complete escapes
/// of harmless characters.
fn has_plain_characters(address: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    address.bytes().all(is_plain) && address.split('%').skip(1).all(is_escape)
}

/// Whether the text after a percent sign escapes a character other than a control character, a
/// slash, a backslash, a dot or a percent sign.
fn is_escape(rest: &str) -> bool {
    let byte = rest.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.is_some_and(|byte| !byte.is_ascii_control() && !br"/\.%".contains(&byte))
}

/// Whether the address is an absolute path that cannot be mistaken for a host and has no `.` or
/// `..`.
fn is_path(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    path.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != "..") && path.len() > 1
}

fn is_https(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        return false;
    }
    Url::parse(address).is_ok_and(|url| url.host_str().is_some_and(|host| authority.to_ascii_lowercase().starts_with(host)))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn local_and_remote_pictures_are_accepted() {
        for good in [
            "/photos/rezala.jpg",
            "/p/1/a-b_c.webp?v=2#x",
            "/bilder/caf%C3%A9.png",
            "https://cdn.example.com/a.jpg",
            "https://cdn.example.com:8443/a/b.jpg?w=200&h=1",
            "https://192.0.2.7/x",
            "https://[2001:db8::7]/x",
            "https://nas/x",
            "https://example.com",
            "https://xn--bcher-kva.example/x",
        ] {
            assert!(is_valid(good), "{good}");
        }
    }

    #[test]
    fn ambiguous_addresses_are_refused() {
        for bad in [
            "",
            "/",
            "//evil/x",
            "///evil/x",
            "/\\evil/x",
            "\\\\evil/x",
            "\\/evil/x",
            "/\t/evil/x",
            "/\n/evil",
            "/ /evil",
            "/a\u{a0}b",
            "/a//b",
            "/./x",
            "/../x",
            "/a/..",
            "/%2e%2e/x",
            "/%2f%2fevil",
            "/%5cevil",
            "/a%00b",
            "/a%0ab",
            "/a%7f",
            "/%252f",
            "/%",
            "/%2",
            "/%zz",
            "/é.jpg",
            "/a\"b",
            "/a<b",
            "/a\u{202e}b",
            "http://example.com/x",
            "HTTPS://example.com/x",
            "https:/example.com/x",
            "https:example.com",
            "https:///example.com/x",
            "https://",
            "https://user@evil.example/x",
            "https://user:word@evil.example/x",
            "https://example.com@evil.example/x",
            "https://a\\@evil.example",
            "https://exa mple.com/x",
            "https://exam\tple.com/x",
            "https://evil%2eexample/x",
            "https://example.com:99999/x",
            "https://[::1/x",
            "https://0x7f.1/x",
            "javascript:alert(1)",
            "data:image/png;base64,x",
            "photos/x.jpg",
            "?x",
            "#x",
        ] {
            assert!(!is_valid(bad), "{bad:?}");
        }
    }
}
