//! Parsing of proxies' headers, which may begin with anything that a client has sent.

use orderbell::connection::client_address::{Forwarded, read_forwarded, read_node, read_x_forwarded_for};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

const GUEST: Forwarded = Forwarded::Address(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)));

/// Pieces of hostile headers.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("for=198.51.100.1".to_owned()),
        Just("198.51.100.1".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just(",".to_owned()),
        Just(";".to_owned()),
        Just("=".to_owned()),
        Just("[2001:db8::1]:1".to_owned()),
        "[ -~]{0,8}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

proptest! {
    #[test]
    fn parsing_any_bytes_does_not_panic(line in prop::collection::vec(any::<u8>(), 0..300)) {
        let lines = || std::iter::once(line.as_slice());
        let _ = (read_x_forwarded_for(lines()), read_forwarded(lines()));
        if let Ok(text) = std::str::from_utf8(&line) {
            let _ = read_node(text);
        }
    }

    #[test]
    fn each_address_parses_in_each_form(address in address(), port in any::<u16>()) {
        let expected = Forwarded::Address(address.to_canonical());
        let forms = match address {
            IpAddr::V4(_) => vec![format!("{address}"), format!("{address}:{port}"), format!("\"{address}:{port}\"")],
            IpAddr::V6(_) => vec![format!("{address}"), format!("[{address}]"), format!("\"[{address}]:{port}\"")],
        };
        for form in forms {
            prop_assert_eq!(read_node(&form), expected, "{}", form);
            let element = format!("proto=https;for=\"{}\"", form.trim_matches('"'));
            prop_assert_eq!(read_forwarded(std::iter::once(element.as_bytes())), expected, "{}", element);
        }
    }

    #[test]
    fn an_entry_of_the_client_never_replaces_that_of_the_proxy(begun in pieces()) {
        let appended = format!("{begun}, 203.0.113.7");
        prop_assert_eq!(read_x_forwarded_for(std::iter::once(appended.as_bytes())), GUEST);
        let two = [begun.as_bytes(), b"203.0.113.7"];
        prop_assert_eq!(read_x_forwarded_for(two.into_iter()), GUEST);
        for written in ["for=203.0.113.7", "for=\"203.0.113.7:80\";proto=https"] {
            let appended = format!("{begun}, {written}");
            let read = read_forwarded(std::iter::once(appended.as_bytes()));
            prop_assert!(matches!(read, GUEST | Forwarded::Unreadable), "{}: {:?}", appended, read);
            prop_assert_eq!(read_forwarded([begun.as_bytes(), written.as_bytes()].into_iter()), GUEST);
        }
    }
}
