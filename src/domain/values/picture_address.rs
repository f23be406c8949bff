//! Addresses of pictures, which managers and services write and every guest's browser loads.
//!
//! Browsers read more than they are shown: a backslash is a slash, a tab or a line break is nothing, and what follows two
//! slashes is a host. So an address is taken only when all that reads it reads the same.

use url::Url;

/// Whether an address is one of a picture: `https://` with a host, or a path on this server.
pub fn is_sound(address: &str) -> bool {
    has_plain_characters(address) && if address.starts_with('/') { is_path(address) } else { is_https(address) }
}

/// Letters, digits and the punctuation of RFC 3986, with whole escapes of characters that stand for themselves.
fn has_plain_characters(address: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    address.bytes().all(is_plain) && address.split('%').skip(1).all(is_escape)
}

/// Whether what follows a percent sign is the escape of something other than a control character, a slash, a backslash,
/// a dot or another percent sign.
fn is_escape(rest: &str) -> bool {
    let byte = rest.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.is_some_and(|byte| !byte.is_ascii_control() && !br"/\.%".contains(&byte))
}

/// A path from the root, which no browser takes for a host and no server for another folder.
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
    use super::is_sound;

    #[test]
    fn pictures_here_and_elsewhere_are_taken() {
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
            assert!(is_sound(good), "{good}");
        }
    }

    #[test]
    fn what_a_browser_may_read_as_something_else_is_refused() {
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
            assert!(!is_sound(bad), "{bad:?}");
        }
    }
}
