//! The addresses that may be called, pure.

use super::hosts::Hosts;
use crate::domain::model::push::Endpoint;

/// Which addresses may be called.
#[derive(Debug, Clone)]
pub enum Targets {
    /// Only these hosts, at their public addresses.
    Listed(Hosts),
    /// Every public host, and these hosts at any address.
    Public {
        /// Hosts that the operator trusts.
        internal: Hosts,
    },
}

/// The endings of names that are never public.
const INTERNAL_ENDINGS: [&str; 6] = ["localhost", "local", "internal", "lan", "home.arpa", "in-addr.arpa"];

impl Targets {
    /// Whether an address may be called, as far as its text shows. Only HTTPS on the default port is allowed, except for
    /// listed hosts on this machine, and for internal hosts that the operator trusts.
    #[must_use]
    pub fn allow(&self, endpoint: &Endpoint) -> bool {
        match self {
            Self::Listed(hosts) => hosts.allow(endpoint),
            Self::Public { internal } => {
                internal.contains(endpoint.host()) || endpoint.is_secure() && endpoint.is_named() && is_public(endpoint.host())
            }
        }
    }

    /// Whether the addresses of a name have to be public. The others are those of hosts that the operator chose: internal
    /// ones, a listed `localhost`, and the proxy of `HTTPS_PROXY`, which is the only unlisted name that is ever resolved.
    pub(super) fn must_be_public(&self, name: &str) -> bool {
        match self {
            Self::Listed(hosts) => hosts.contains(name) && name != "localhost",
            Self::Public { internal } => !internal.contains(name),
        }
    }
}

/// Whether a name may be known to everybody.
fn is_public(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let ends = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    name.contains('.') && !INTERNAL_ENDINGS.into_iter().any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(internal: &[&str]) -> Targets {
        Targets::Public { internal: Hosts::new(internal.iter().map(|text| text.parse().unwrap()).collect()) }
    }

    /// Targets whose text alone shows that they are not public. What a name resolves to is checked in `addresses`.
    const FORBIDDEN: [&str; 46] = [
        "http://pos.example/hook",
        "https://pos.example:80/hook",
        "https://pos.example:8443/hook",
        "https://pos.example:22/",
        "https://pos.example:6379/",
        "https://user@pos.example/",
        "https://user:password@pos.example/",
        "https://pos.example/#part",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://x.localhost/",
        "https://pos/",
        "https://printer.local/",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://router.lan/",
        "https://nas.home.arpa/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.0.0.192/opc/v2/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://198.18.0.1/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://8.8.8.8/",
        "ftp://pos.example/",
        "file:///etc/passwd",
        "gopher://pos.example/",
        "https://",
        "pos.example/hook",
    ];

    #[test]
    fn targets_that_are_not_public_are_refused() {
        let targets = public(&[]);
        for text in FORBIDDEN {
            assert!(!text.parse::<Endpoint>().is_ok_and(|endpoint| targets.allow(&endpoint)), "{text}");
        }
        for text in [
            "https://pos.example/hook?key=1",
            "https://pos.example:443/",
            "https://hooks.bücher.example/",
            "https://mylocal.example/",
        ] {
            assert!(targets.allow(&text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn an_internal_host_may_use_any_port_and_address() {
        let targets = public(&["pos.internal", "127.0.0.1"]);
        for text in ["http://pos.internal:9000/x", "http://127.0.0.1:9000/x", "https://pos.internal/x"] {
            assert!(targets.allow(&text.parse().unwrap()), "{text}");
        }
        assert!(!targets.allow(&"http://127.0.0.2:9000/x".parse().unwrap()));
        assert!(!targets.must_be_public("pos.internal") && targets.must_be_public("pos.example"));
    }
}
