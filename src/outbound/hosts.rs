//! Lists of hosts, pure.

use crate::domain::model::push::Endpoint;
use std::fmt;
use std::str::FromStr;

/// The name of a host, or `*.` and a domain for all hosts below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(Box<str>);

/// The text is not a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give the name of a host, as in fcm.googleapis.com or *.notify.windows.com, without scheme, port or path")]
pub struct InvalidHost;

impl FromStr for HostPattern {
    type Err = InvalidHost;
    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let text = text.trim().to_ascii_lowercase();
        let name = text.strip_prefix("*.").unwrap_or(&text);
        // A whole top-level domain would include everyone.
        let is_broad = name != text && !name.contains('.');
        let has_more_stars = name.contains('*');
        let address = url::Host::parse(name).map_err(|_| InvalidHost)?;
        if is_broad || has_more_stars || address.to_string() != name {
            return Err(InvalidHost);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HostPattern {
    fn matches(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => host == &*self.0,
        }
    }
}

/// A list of hosts.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<HostPattern>);

impl Hosts {
    /// Lists these hosts.
    #[must_use]
    pub const fn new(patterns: Vec<HostPattern>) -> Self {
        Self(patterns)
    }

    /// Whether a host is on the list.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(host))
    }

    /// Whether messages may go to an endpoint: its host is listed, and it uses HTTPS on the default
    /// port. On this machine any scheme and port are allowed, for tests.
    #[must_use]
    pub fn allow(&self, endpoint: &Endpoint) -> bool {
        self.contains(endpoint.host()) && (endpoint.is_secure() || endpoint.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[&str]) -> Hosts {
        Hosts::new(list.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn only_listed_hosts_are_allowed_and_only_over_https() {
        let hosts =
            hosts(&["fcm.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com", "*.notify.windows.com"]);
        for (text, expected) in [
            ("https://fcm.googleapis.com/fcm/send/x", true),
            ("https://FCM.googleapis.com/fcm/send/x", true),
            ("https://updates.push.services.mozilla.com/wpush/v2/x", true),
            ("https://web.push.apple.com/x", true),
            ("https://wns2-par02p.notify.windows.com/w/?token=x", true),
            ("https://notify.windows.com/x", false),
            ("https://evilnotify.windows.com/x", false),
            ("https://fcm.googleapis.com.evil.example/x", false),
            ("https://evil.fcm.googleapis.com/x", false),
            ("http://fcm.googleapis.com/x", false),
            ("https://fcm.googleapis.com:8443/x", false),
            ("https://push.example/x", false),
            ("http://127.0.0.1:6379/x", false),
            ("http://localhost/x", false),
            ("https://169.254.169.254/latest/meta-data", false),
        ] {
            assert_eq!(hosts.allow(&text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn this_machine_is_allowed_on_any_port_if_listed() {
        let hosts = hosts(&["127.0.0.1", "10.0.0.1"]);
        for (text, expected) in [
            ("http://127.0.0.1:9000/x", true),
            ("https://127.0.0.1:9000/x", true),
            ("http://127.0.0.2:9000/x", false),
            ("http://localhost:9000/x", false),
            ("http://10.0.0.1/x", false),
            ("https://10.0.0.1/x", true),
        ] {
            assert_eq!(hosts.allow(&text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn invalid_hosts_are_refused() {
        for bad in ["", "*", "*.", "*.com", "https://push.example", "push.example/x", "push.example:443", "a*.example", "a b"] {
            assert_eq!(bad.parse::<HostPattern>(), Err(InvalidHost), "{bad}");
        }
        assert_eq!(" Push.Example ".parse::<HostPattern>().unwrap().to_string(), "push.example");
    }
}
