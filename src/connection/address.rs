//! The address of a client: the socket's, or behind a trusted proxy what the proxy says.

use std::net::{IpAddr, Ipv6Addr};

/// The client's address. Behind a proxy that is trusted it is the last entry of `X-Forwarded-For`: the one that the proxy
/// itself wrote; what stands before it is the client's own word.
#[must_use]
pub fn client_address(peer: IpAddr, forwarded_for: Option<&str>, trust: bool) -> IpAddr {
    let forwarded = forwarded_for.filter(|_| trust).and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
    forwarded.unwrap_or(peer)
}

/// What counts as one address: one subscriber gets a whole /64 of IPv6.
#[must_use]
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_wrote_itself() {
        let (proxy, guest): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "203.0.113.7".parse().unwrap());
        assert_eq!(client_address(proxy, Some("198.51.100.1, 203.0.113.7"), true), guest);
        assert_eq!(client_address(proxy, Some("203.0.113.7"), false), proxy);
        assert_eq!(client_address(proxy, Some("not an address"), true), proxy);
        assert_eq!(client_address(proxy, None, true), proxy);
    }
}
