use super::*;
use actix_http::header::{HeaderName, HeaderValue};

const GUEST: &str = "203.0.113.7";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn proxies(networks: &[&str], source: Source) -> Proxies {
    Proxies::new(networks.iter().map(|network| network.parse().unwrap()).collect(), source, Metrics::new())
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn a_node_of_forwarded_is_read_in_every_form_in_use() {
    for (text, address) in [
        ("203.0.113.7", GUEST),
        (" 203.0.113.7\t", GUEST),
        ("203.0.113.7:4711", GUEST),
        ("\"203.0.113.7:4711\"", GUEST),
        ("203.0.113.7:_port", GUEST),
        ("::ffff:203.0.113.7", GUEST),
        ("[::ffff:203.0.113.7]:1", GUEST),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:DB8:0::1]:4711", "2001:db8::1"),
        ("\"[2001:db8::1]:4711\"", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:80", "fe80::1"),
    ] {
        assert_eq!(read_node(text), Forwarded::Address(ip(address)), "{text}");
    }
    for text in ["unknown", "Unknown", "unknown:80", "_hidden", "_SEVKISEK:_1", "\"_gazonk\""] {
        assert_eq!(read_node(text), Forwarded::Withheld, "{text}");
    }
    for text in
        ["", "_", "not an address", "203.0.113", "203.0.113.7:", "203.0.113.7:port", "203.0.113.7:123456", "[203.0.113.7]"]
    {
        assert_eq!(read_node(text), Forwarded::Unreadable, "{text}");
    }
    for text in ["[2001:db8::1", "[2001:db8::1]4711", "[2001:db8::1]:", "2001:db8::1]", "unix:", "203.0.113.7 198.51.100.1"] {
        assert_eq!(read_node(text), Forwarded::Unreadable, "{text}");
    }
}

fn x_forwarded_for(lines: &[&str]) -> Forwarded {
    read_x_forwarded_for(lines.iter().map(|line| line.as_bytes()))
}

#[test]
fn only_the_last_value_of_the_last_line_is_from_the_proxy() {
    let guest = Forwarded::Address(ip(GUEST));
    assert_eq!(x_forwarded_for(&[]), Forwarded::Absent);
    assert_eq!(x_forwarded_for(&["203.0.113.7"]), guest);
    assert_eq!(x_forwarded_for(&["198.51.100.1, 203.0.113.7"]), guest);
    assert_eq!(x_forwarded_for(&["198.51.100.1,203.0.113.7:80"]), guest);
    assert_eq!(x_forwarded_for(&["198.51.100.1", "203.0.113.7"]), guest);
    assert_eq!(x_forwarded_for(&["\"", "\",,\"203.0.113.7\""]), guest);
    assert_eq!(x_forwarded_for(&["203.0.113.7, "]), Forwarded::Unreadable, "the proxy wrote nothing");
    assert_eq!(x_forwarded_for(&["203.0.113.7", ""]), Forwarded::Unreadable);
    assert_eq!(x_forwarded_for(&["203.0.113.7, unknown"]), Forwarded::Withheld);
    assert_eq!(read_x_forwarded_for([&b"\xFF, 203.0.113.7"[..]].into_iter()), guest, "the client's part may be anything");
    assert_eq!(read_x_forwarded_for([&b"203.0.113.7, \xFF"[..]].into_iter()), Forwarded::Unreadable);
}

fn forwarded(lines: &[&str]) -> Forwarded {
    read_forwarded(lines.iter().map(|line| line.as_bytes()))
}

#[test]
fn forwarded_is_read_in_the_form_of_rfc_7239() {
    for line in [
        "for=203.0.113.7",
        "For=203.0.113.7",
        "FOR=\"203.0.113.7:4711\"",
        "for=203.0.113.7;proto=http;by=203.0.113.43",
        "proto=https; for=203.0.113.7 ;host=\"a,b;c\"",
        "for=192.0.2.43, for=203.0.113.7",
        "for=\"_a\\\"b,;\", for=203.0.113.7",
        ",,;for=203.0.113.7",
    ] {
        assert_eq!(forwarded(&[line]), Forwarded::Address(ip(GUEST)), "{line}");
    }
    for line in ["for=\"[2001:db8:cafe::17]:4711\"", "for=\"[2001:db8:cafe::17]\"", "for=[2001:db8:cafe::17]:4711"] {
        assert_eq!(forwarded(&[line]), Forwarded::Address(ip("2001:db8:cafe::17")), "{line}");
    }
    assert_eq!(forwarded(&["for=192.0.2.43", "for=203.0.113.7"]), Forwarded::Address(ip(GUEST)));
    assert_eq!(forwarded(&["for=203.0.113.7, for=_hidden"]), Forwarded::Withheld);
    assert_eq!(forwarded(&["for=unknown"]), Forwarded::Withheld);
    assert_eq!(forwarded(&[]), Forwarded::Absent);
    for line in [
        "",
        "203.0.113.7",
        "for=",
        "for",
        "proto=https",
        "for=203.0.113.7,",
        "for=203.0.113.7;for=198.51.100.1",
        "for =203.0.113.7",
        "for=203.0.113.7 198.51.100.1",
        "for=\"203.0.113.7",
        "for=\"203.0.113.7\"x",
        "f\u{f6}r=203.0.113.7",
    ] {
        assert_eq!(forwarded(&[line]), Forwarded::Unreadable, "{line}");
    }
}

/// A header of a client, with what the proxy appends on the same line.
#[test]
fn an_open_quote_of_a_client_does_not_hide_the_address_that_the_proxy_appends() {
    let (guest, other) = (ip(GUEST), ip("198.51.100.1"));
    for begun in ["for=\"", "for=198.51.100.1;x=\"", "for=\"\\", "for=198.51.100.1, x=\"a\\\"", "x=\"\";for=\"198.51.100.1"] {
        for appended in ["for=203.0.113.7", "for=\"203.0.113.7:80\";proto=https"] {
            let line = format!("{begun}, {appended}");
            assert_ne!(forwarded(&[&line]), Forwarded::Address(other), "{line}");
            assert!(matches!(forwarded(&[&line]), Forwarded::Unreadable | Forwarded::Address(_)), "{line}");
        }
        assert_eq!(forwarded(&[begun, "for=203.0.113.7"]), Forwarded::Address(guest));
    }
}

#[test]
fn only_a_trusted_proxy_is_believed_and_only_what_it_wrote_itself() {
    let behind = proxies(&["10.0.0.0/8", "fd00::/8"], Source::Either);
    let (proxy, stranger) = (ip("10.0.0.1"), ip("192.0.2.1"));
    let said = headers(&[("x-forwarded-for", "198.51.100.1, 203.0.113.7")]);
    assert_eq!(behind.client_address(proxy, &said), ip(GUEST));
    assert_eq!(behind.client_address(ip("::ffff:10.0.0.1"), &said), ip(GUEST), "a socket of IPv6 takes IPv4, too");
    assert_eq!(behind.client_address(ip("fd00::7"), &said), ip(GUEST));
    assert_eq!(behind.client_address(stranger, &said), stranger);
    assert_eq!(Proxies::none(Metrics::new()).client_address(proxy, &said), proxy);
    let private = proxies(&PRIVATE_NETWORKS, Source::Either);
    for (peer, is_trusted) in [("127.0.0.1", true), ("::1", true), ("172.31.0.9", true), ("172.32.0.9", false), (GUEST, false)] {
        assert_eq!(private.trusts(ip(peer)), is_trusted, "{peer}");
    }
    for lines in [&[][..], &[("x-forwarded-for", "not an address")], &[("x-forwarded-for", "unknown")]] {
        assert_eq!(behind.client_address(proxy, &headers(lines)), proxy, "{lines:?}");
    }
    let counted = behind.metrics.scrape();
    for (reason, count) in [("untrusted_peer", 1), ("absent", 1), ("unreadable", 1), ("withheld", 1)] {
        assert!(counted.contains(&format!("orderbell_forwarding_ignored_total{{reason=\"{reason}\"}} {count}\n")), "{counted}");
    }
}

#[test]
fn the_last_value_of_the_scheme_is_from_the_proxy() {
    let behind = proxies(&["10.0.0.0/8"], Source::Either);
    let says = |peer: &str, lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-proto", *line)).collect();
        behind.says_https(ip(peer), &headers(&lines))
    };
    for lines in [&["https"][..], &["HTTPS"], &["http, https"], &["http,https "], &["http", "https"], &["https, http", "https"]] {
        assert!(says("10.0.0.1", lines), "{lines:?}");
        assert!(!says(GUEST, lines), "{lines:?}");
    }
    for lines in
        [&[][..], &[""], &["http"], &["https, http"], &["https, "], &["https,"], &["https", ""], &["https;"], &["httpss"]]
    {
        assert!(!says("10.0.0.1", lines), "{lines:?}");
    }
}

/// A proxy that writes one of the two headers passes the other on as the client sent it.
#[test]
fn a_header_that_the_proxy_does_not_write_is_ignored() {
    let proxy = ip("10.0.0.1");
    let both = |one: &str, other: &str| headers(&[("x-forwarded-for", one), ("forwarded", other)]);
    let behind = |source| proxies(&["10.0.0.0/8"], source);
    let evil = both(GUEST, "for=198.51.100.1");
    assert_eq!(behind(Source::Either).client_address(proxy, &evil), proxy, "nobody can tell which of them is the proxy's");
    assert_eq!(behind(Source::XForwardedFor).client_address(proxy, &evil), ip(GUEST));
    assert_eq!(behind(Source::Forwarded).client_address(proxy, &evil), ip("198.51.100.1"));
    assert_eq!(behind(Source::Either).client_address(proxy, &both(GUEST, "for=\"203.0.113.7:80\"")), ip(GUEST));
    assert_eq!(behind(Source::Either).client_address(proxy, &both(GUEST, "nonsense")), proxy);
    let alone = headers(&[("forwarded", "for=203.0.113.7")]);
    assert_eq!(behind(Source::Either).client_address(proxy, &alone), ip(GUEST));
    assert_eq!(behind(Source::XForwardedFor).client_address(proxy, &alone), proxy);
}
