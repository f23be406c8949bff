//! The settings of proxies in front of a node.

use super::switch::parse_switch;
use crate::connection::client_address::{PRIVATE_NETWORKS, Proxies, Source};
use crate::telemetry::Metrics;
use clap::Args;
use ipnet::IpNet;
use std::net::IpAddr;

/// The trusted proxies and their headers.
#[derive(Debug, Clone, Args)]
pub struct ProxyArgs {
    /// Serve plain HTTP on an address that others can reach: a proxy in front provides TLS, and only it can reach this address.
    /// --trust-forwarded-for says the same.
    #[arg(long, env = "ORDERBELL_BEHIND_PROXY", value_parser = parse_switch)]
    pub behind_proxy: bool,

    /// Take the client's address from X-Forwarded-For or Forwarded, and its scheme from
    /// X-Forwarded-Proto. Only behind a proxy that sets them.
    #[arg(long, env = "ORDERBELL_TRUST_FORWARDED_FOR", value_parser = parse_switch)]
    pub trust_forwarded_for: bool,

    /// Networks of the proxies that --trust-forwarded-for trusts (10.0.0.0/8,2001:db8::/32).
    /// Default: loopback and private networks.
    #[arg(long, env = "ORDERBELL_TRUSTED_PROXIES", value_delimiter = ',', default_values = PRIVATE_NETWORKS, value_parser = parse_network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Header in which the proxy names the client: x-forwarded-for, forwarded, or either. With
    /// either, two headers that disagree are ignored.
    #[arg(long, env = "ORDERBELL_FORWARDED_HEADER", default_value = "either")]
    pub forwarded_header: Source,
}

impl ProxyArgs {
    /// Whether only a proxy can reach the node, as the operator says.
    #[must_use]
    pub const fn is_behind_proxy(&self) -> bool {
        self.behind_proxy || self.trust_forwarded_for
    }

    /// Returns the proxies in front of the node.
    #[must_use]
    pub fn proxies(&self, metrics: Metrics) -> Proxies {
        match self.trust_forwarded_for {
            true => Proxies::new(self.trusted_proxies.clone(), self.forwarded_header, metrics),
            false => Proxies::none(metrics),
        }
    }
}

/// Parses a network, or the address of a single proxy.
fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "write a network like 10.0.0.0/8 or 2001:db8::/32, or an address".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_or_an_address_parses() {
        for (text, network) in [("10.0.0.0/8", "10.0.0.0/8"), (" 192.0.2.1 ", "192.0.2.1/32"), ("2001:db8::1", "2001:db8::1/128")]
        {
            assert_eq!(parse_network(text), Ok(network.parse().unwrap()), "{text}");
        }
        for text in ["", "10.0.0.0/33", "everybody", "10.0.0.1:80"] {
            assert!(parse_network(text).is_err(), "{text}");
        }
        assert!(PRIVATE_NETWORKS.iter().all(|network| parse_network(network).is_ok()));
    }
}
