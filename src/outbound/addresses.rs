//! The addresses of called hosts: only public ones. A check of the name alone would not be enough, since a name that resolves to
//! an internal address would make the server call its neighbours. The client connects to the addresses that were checked.

use super::targets::Targets;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The name of a host has no address that may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host's name has no public address")]
pub struct NotPublic;

/// A resolver for the HTTP client, which returns only addresses that may be called.
#[derive(Debug)]
pub(super) struct Guarded(pub(super) Targets);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = self.0.clone();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match admitted(&targets, name.as_str(), addresses) {
                Ok(admitted) => Ok(Box::new(admitted.into_iter()) as Addrs),
                Err(error) => {
                    log::warn!(host = name.as_str(), error:%; "host not called");
                    Err(error.into())
                }
            }
        })
    }
}

/// Returns the addresses of a name that may be called.
fn admitted(targets: &Targets, name: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    if !targets.must_be_public(name) {
        return Ok(addresses);
    }
    let public: Vec<_> = addresses.into_iter().filter(|address| is_public(address.ip())).collect();
    if public.is_empty() { Err(NotPublic) } else { Ok(public) }
}

/// Whether an address is public (by IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocols = (a, b, c) == (192, 0, 0);
    let is_benchmarking = a == 198 && (18..20).contains(&b);
    let is_reserved = a == 0 || a >= 240;
    let is_inside = address.is_private() || address.is_loopback() || address.is_link_local();
    let is_unassigned = address.is_documentation() || address.is_multicast();
    !(is_inside || is_unassigned || is_shared || is_protocols || is_benchmarking || is_reserved)
}

/// Returns the IPv4 address that an IPv6 address embeds: mapped, NAT64 or 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, .., y, z] = address.segments();
    let joined = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match (a, b) {
        (0x64, 0xff9b) if (c, d) == (0, 0) => joined(y, z),
        (0x2002, _) => joined(b, c),
        _ => address.to_ipv4_mapped(),
    }
}

/// Whether an IPv6 address is public: in 2000::/3, and neither documentation nor Teredo.
const fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_allocated = a & 0xe000 == 0x2000;
    let is_special = a == 0x2001 && (b < 0x200 || b == 0xdb8);
    is_allocated && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::hosts::Hosts;

    #[test]
    fn special_purpose_addresses_are_not_public() {
        for public in
            ["142.250.74.10", "17.188.3.4", "99.255.0.1", "172.32.0.1", "198.20.0.1", "2a00:1450:400f::200a", "2620:149::1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        assert!(is_public("64:ff9b::8efa:4a0a".parse().unwrap()), "a public address behind NAT64");
    }

    #[test]
    fn internal_addresses_of_listed_names_are_refused() {
        let hosts = |names: &[&str]| Hosts::new(names.iter().map(|name| name.parse().unwrap()).collect());
        let listed = Targets::Listed(hosts(&["push.example", "localhost"]));
        let (inside, public): (SocketAddr, SocketAddr) = ("10.0.0.1:0".parse().unwrap(), "142.250.74.10:0".parse().unwrap());
        assert_eq!(admitted(&listed, "push.example", vec![inside]), Err(NotPublic));
        assert_eq!(admitted(&listed, "push.example", vec![]), Err(NotPublic));
        assert_eq!(admitted(&listed, "push.example", vec![inside, public]), Ok(vec![public]));
        assert_eq!(admitted(&listed, "proxy.internal", vec![inside]), Ok(vec![inside]), "the operator's proxy");
        let here: SocketAddr = "127.0.0.1:0".parse().unwrap();
        assert_eq!(admitted(&listed, "localhost", vec![here]), Ok(vec![here]), "listed by the operator");

        let anywhere = Targets::Public { internal: hosts(&["pos.example"]) };
        for name in ["evil.example", "localhost", "proxy.internal"] {
            assert_eq!(admitted(&anywhere, name, vec![inside, here]), Err(NotPublic), "{name}");
        }
        assert_eq!(admitted(&anywhere, "evil.example", vec![inside, public]), Ok(vec![public]), "the others are left out");
        assert_eq!(admitted(&anywhere, "pos.example", vec![inside]), Ok(vec![inside]), "the operator trusts it");
    }
}
