//! The address of a client: the socket's, or the one that a trusted proxy in front names. Reading the headers is pure.

use crate::clock;
use crate::telemetry::Metrics;
use actix_http::header::{self, HeaderMap, HeaderValue};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// The networks whose proxies are trusted when the configuration names none: this machine and private networks, from which
/// no client connects across the internet.
pub const PRIVATE_NETWORKS: [&str; 9] = [
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
    "fe80::/10",
];

/// The least time between two warnings that a forwarding header was ignored, in milliseconds.
const WARNING_PACE_MS: u64 = 600_000;

/// The content of one forwarding header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// The header is absent.
    Absent,
    /// The client's address.
    Address(IpAddr),
    /// The proxy does not know the address, or hides it (`unknown`, `_hidden`).
    Withheld,
    /// The header does not parse.
    Unreadable,
}

/// The header in which the proxy names the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// Either one. If both are present and disagree, one is from the client, so neither is trusted.
    #[default]
    Either,
    /// `X-Forwarded-For` alone.
    XForwardedFor,
    /// `Forwarded` (RFC 7239) alone.
    Forwarded,
}

impl FromStr for Source {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "either" => Ok(Self::Either),
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err("say either, x-forwarded-for or forwarded"),
        }
    }
}

/// Why a node that expects a proxy in front uses the address of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// The header came from outside the trusted networks.
    UntrustedPeer,
    /// A trusted proxy sent no header.
    Absent,
    /// The proxy does not know the address, or hides it.
    Withheld,
    /// The header does not parse.
    Unreadable,
    /// The two headers disagree.
    Contradictory,
}

impl Ignored {
    /// Returns the word for this reason in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UntrustedPeer => "untrusted_peer",
            Self::Absent => "absent",
            Self::Withheld => "withheld",
            Self::Unreadable => "unreadable",
            Self::Contradictory => "contradictory",
        }
    }
}

impl Source {
    /// Returns the client's address according to the two headers.
    ///
    /// # Errors
    /// Returns why the headers name no address.
    pub fn resolve(self, x_forwarded_for: Forwarded, forwarded: Forwarded) -> Result<IpAddr, Ignored> {
        let said = match (self, x_forwarded_for, forwarded) {
            (Self::XForwardedFor, said, _) | (Self::Forwarded, _, said) => said,
            (Self::Either, said, Forwarded::Absent) | (Self::Either, Forwarded::Absent, said) => said,
            (Self::Either, one, other) if one == other => one,
            (Self::Either, ..) => return Err(Ignored::Contradictory),
        };
        match said {
            Forwarded::Address(address) => Ok(address),
            Forwarded::Absent => Err(Ignored::Absent),
            Forwarded::Withheld => Err(Ignored::Withheld),
            Forwarded::Unreadable => Err(Ignored::Unreadable),
        }
    }
}

/// Reads `X-Forwarded-For`: the last value of the last line, which the proxy itself wrote. The values before it are from
/// the client.
pub fn read_x_forwarded_for<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Forwarded {
    let Some(line) = lines.last() else { return Forwarded::Absent };
    let last = line.rsplit(|byte| *byte == b',').next().unwrap_or_default();
    std::str::from_utf8(last).map_or(Forwarded::Unreadable, read_node)
}

/// Reads `Forwarded` (RFC 7239): the parameter `for` of the last element of the last line.
pub fn read_forwarded<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Forwarded {
    let Some(line) = lines.last() else { return Forwarded::Absent };
    let node = std::str::from_utf8(line).ok().and_then(last_for);
    node.map_or(Forwarded::Unreadable, |node| read_node(&node))
}

/// Returns the value of `for` in the last element of a line. The whole line must parse: a quote that the client left open
/// would otherwise swallow what the proxy appended.
fn last_for(line: &str) -> Option<String> {
    let mut found = None;
    let mut rest = line.trim_matches([' ', '\t']);
    while !rest.is_empty() {
        let separator = rest.chars().next().filter(|c| matches!(c, ',' | ';'));
        if let Some(separator) = separator {
            if separator == ',' {
                found = None;
            }
            rest = rest[1..].trim_start_matches([' ', '\t']);
            continue;
        }
        let (name, value) = rest.split_once('=')?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
            return None;
        }
        let (value, after) = read_value(value)?;
        rest = after.trim_start_matches([' ', '\t']);
        if !(rest.is_empty() || rest.starts_with([',', ';'])) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
    }
    found
}

/// Reads a token or a quoted string, and returns it with the rest. Accepts an IPv6 address without quotes, too.
fn read_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (!value.is_empty() && !value.contains('"')).then(|| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

/// Reads a node (RFC 7239, "Node Identifiers") in all forms in use: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:80`, each with quotes or without, with a zone or without; `unknown`; `_hidden`.
#[must_use]
pub fn read_node(text: &str) -> Forwarded {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let name = text.split(':').next().unwrap_or_default();
    if name.eq_ignore_ascii_case("unknown") || (name.starts_with('_') && name.len() > 1) {
        return Forwarded::Withheld;
    }
    read_address(text).map_or(Forwarded::Unreadable, |address| Forwarded::Address(address.to_canonical()))
}

fn read_address(text: &str) -> Option<IpAddr> {
    let of_v6 = |text: &str| text.split('%').next()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        let has_no_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return of_v6(address).filter(|_| has_no_port);
    }
    if let Some((address, port)) = text.split_once(':')
        && let Ok(address) = address.parse::<Ipv4Addr>()
    {
        return is_port(port).then_some(IpAddr::V4(address));
    }
    text.parse().ok().or_else(|| of_v6(text))
}

/// Whether a text is a port, or a name that hides one (RFC 7239, "Node Port").
fn is_port(text: &str) -> bool {
    let is_hidden = text.strip_prefix('_').is_some_and(|name| !name.is_empty() && name.len() <= 64);
    is_hidden || (!text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The proxies in front of this node.
#[derive(Debug)]
pub struct Proxies {
    networks: Vec<IpNet>,
    source: Source,
    metrics: Metrics,
    /// When the next warning may be logged, in milliseconds of the node's uptime.
    next_warning: AtomicU64,
}

impl Proxies {
    /// Trusts proxies in these networks to name the client in this header. Counts ignored headers in `metrics`.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>, source: Source, metrics: Metrics) -> Self {
        Self { networks, source, metrics, next_warning: AtomicU64::new(0) }
    }

    /// Returns a configuration without proxies.
    #[must_use]
    pub const fn none(metrics: Metrics) -> Self {
        Self::new(Vec::new(), Source::Either, metrics)
    }

    /// Whether a peer is a trusted proxy.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }

    /// Finds the client's address.
    ///
    /// # Errors
    /// Returns why there is only the peer's address, although a proxy is expected.
    pub fn find(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Ignored> {
        let lines = |name| headers.get_all(name).map(header::HeaderValue::as_bytes);
        if self.trusts(peer) {
            let x_forwarded_for = read_x_forwarded_for(lines(header::X_FORWARDED_FOR));
            return self.source.resolve(x_forwarded_for, read_forwarded(lines(header::FORWARDED)));
        }
        let is_forwarded = headers.contains_key(header::X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        if is_forwarded && !self.networks.is_empty() { Err(Ignored::UntrustedPeer) } else { Ok(peer) }
    }

    /// Returns the client's address for limits. Where a proxy is expected and its header cannot be used, this is the peer's
    /// address, which all such clients share: a metric counts it, and a warning is logged from time to time.
    #[must_use]
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.find(peer, headers).unwrap_or_else(|ignored| {
            self.report(ignored, peer);
            peer
        })
    }

    /// Whether a trusted proxy reports that the client uses TLS. Of several values the last is the proxy's own.
    #[must_use]
    pub fn says_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let line = headers.get_all(header::X_FORWARDED_PROTO).last().map(HeaderValue::as_bytes);
        let scheme = line.and_then(|line| line.rsplit(|byte| *byte == b',').next()).map(<[u8]>::trim_ascii);
        self.trusts(peer) && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https"))
    }

    fn report(&self, ignored: Ignored, peer: IpAddr) {
        self.metrics.ignored_forwarding(ignored.as_str());
        let now = u64::try_from(clock::uptime().millis()).unwrap_or(0);
        let next = self.next_warning.load(Ordering::Relaxed);
        let is_due = now >= next
            && self.next_warning.compare_exchange(next, now + WARNING_PACE_MS, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_due {
            log::warn!(
                reason = ignored.as_str(), peer:%;
                "no client address from the proxy in front: all clients behind this peer share one limit \
                 (--trust-forwarded-for, --trusted-proxies, --forwarded-header)"
            );
        }
    }
}

/// Returns the key under which limits count an address: a subscriber of an IPv6 provider has a whole /64.
#[must_use]
pub fn rate_limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

#[cfg(test)]
#[path = "tests/client_address.rs"]
mod tests;
