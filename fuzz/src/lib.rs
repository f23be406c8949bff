//! What strangers send, and what must hold of it whatever it is. Each target is a plain function: cargo-fuzz feeds it, and
//! the ordinary tests replay the kept corpus with it (`tests/properties/corpus.rs` includes this file).

use actix_http::ws::Item;
use bytes::Bytes;
use orderbell::auth::keyring::Keyring;
use orderbell::auth::token::{Issuer, Verifier};
use orderbell::broker::message::Message;
use orderbell::broker::{Signer, Verify};
use orderbell::connection::client_address::{Forwarded, read_forwarded, read_node, read_x_forwarded_for};
use orderbell::connection::sse::last_event_id::Cursor;
use orderbell::connection::websocket::fragments::Fragments;
use orderbell::connection::websocket::frame_guard::{Guard, MAX_HEADER};
use orderbell::domain::model::basket::Basket;
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::RestaurantId;
use orderbell::domain::values::merge_patch;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::time::Timestamp;
use orderbell::protocol::{ClientFrame, CloseCode, ErrorCode};
use serde_json::Value;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

/// A target: bytes of a stranger.
pub type Target = fn(&[u8]);

/// Every target, under the name of its corpus.
pub const TARGETS: [(&str, Target); 10] = [
    ("client_frame", client_frame),
    ("token", token),
    ("room_id", room_id),
    ("cursor", cursor),
    ("merge_patch", patch),
    ("broker_message", broker_message),
    ("websocket_frames", websocket_frames),
    ("fragments", fragments),
    ("basket", basket),
    ("forwarded", forwarded),
];

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A frame of a client parses, or the error says something that can be sent back.
pub fn client_frame(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match ClientFrame::parse(text) {
        Ok(frame) => assert_eq!(ClientFrame::parse(text), Ok(frame), "the same text means the same"),
        Err(bad) => {
            assert!(matches!(bad.code, ErrorCode::BadFrame | ErrorCode::Invalid));
            assert!(!bad.message.is_empty() && bad.message.len() < 4096, "{} bytes are sent back", bad.message.len());
        }
    }
}

const KEYS: &str = "test:0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_795_514_400_000;

fn principal() -> Option<Principal> {
    Some(Principal {
        sub: "somebody".parse().ok()?,
        role: Role::Staff,
        restaurant: "0192d4e0-7b1c-7000-8000-000000000001".parse::<RestaurantId>().ok()?,
        session: "session".parse().ok()?,
        station: None,
        table: None,
        device: None,
        share: None,
    })
}

fn keys() -> Option<&'static (Verifier, String)> {
    static KEYS_OF: OnceLock<Option<(Verifier, String)>> = OnceLock::new();
    let made = || {
        let keyring = Keyring::parse(KEYS).ok()?;
        let issuer = Issuer::of(&keyring).ok()?;
        let token = issuer.issue(&principal()?, Duration::from_secs(600), Timestamp::from_millis(NOW)).ok()?;
        Some((Verifier::of(&keyring), secrecy::ExposeSecret::expose_secret(&token).to_owned()))
    };
    KEYS_OF.get_or_init(made).as_ref()
}

/// No bytes but a signed token are a principal. The first byte chooses what the rest is: the whole token, or what takes the
/// place of a part of a good one.
pub fn token(data: &[u8]) {
    let (verifier, good) = keys().expect("a keyring and a token");
    let now = Timestamp::from_millis(NOW);
    assert!(verifier.verify(&good.clone().into(), now).is_ok(), "the control");
    let Some((how, rest)) = data.split_first() else { return };
    let Some(rest) = text(rest) else { return };
    let parts: Vec<&str> = good.split('.').collect();
    let forged = match how % 4 {
        0 => rest.to_owned(),
        1 => format!("{rest}.{}.{}", parts[1], parts[2]),
        2 => format!("{}.{rest}.{}", parts[0], parts[2]),
        _ => format!("{}.{}.{rest}", parts[0], parts[1]),
    };
    if forged != *good {
        assert!(verifier.verify(&forged.into(), now).is_err(), "forged");
    }
}

/// Lines that a client made up never stand for what the proxy appends, in a line of its own or behind theirs; a node comes
/// back as it was written.
pub fn forwarded(data: &[u8]) {
    let proxy = Forwarded::Address(std::net::IpAddr::from([192, 0, 2, 7]));
    let theirs: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let with = |own: &'static [u8]| theirs.iter().copied().chain([own]);
    assert_eq!(read_x_forwarded_for(with(b"198.51.100.1, 192.0.2.7:4711")), proxy);
    assert_eq!(read_forwarded(with(b"for=\"[2001:db8::1]\", for=192.0.2.7;proto=https")), proxy);
    let appended = |own: &[u8]| [data, own].concat();
    assert_eq!(read_x_forwarded_for([&*appended(b", 192.0.2.7")].into_iter()), proxy);
    let said = read_forwarded([&*appended(b", for=192.0.2.7")].into_iter());
    assert!(said == proxy || said == Forwarded::Unreadable, "{said:?}");
    if let Some(Forwarded::Address(address)) = text(data).map(read_node) {
        assert_eq!(read_node(&address.to_string()), Forwarded::Address(address));
    }
}

/// A name of a room comes back as it was written.
pub fn room_id(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(room) = RoomId::from_str(text) {
        assert_eq!(room.to_string(), text, "one room has one name");
    }
}

/// A cursor comes back as it was written, but for zeros before a number; `since` is a position or nothing.
pub fn cursor(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor.clone()));
        assert!(cursor.position <= Position::MAX);
    }
    if let Ok(position) = serde_json::from_str::<Position>(text) {
        assert!(position <= Position::MAX);
    }
}

/// RFC 7396: applying twice is applying once, and a difference leads from one document to the other. The bytes are two JSON
/// values, one a line.
pub fn patch(data: &[u8]) {
    let Some((before, after)) = text(data).and_then(|text| text.split_once('\n')) else { return };
    let (Ok(before), Ok(after)) = (serde_json::from_str::<Value>(before), serde_json::from_str::<Value>(after)) else { return };
    let mut once = before.clone();
    merge_patch::apply(&mut once, &after);
    let mut twice = once.clone();
    merge_patch::apply(&mut twice, &after);
    assert_eq!(once, twice, "applying again changes nothing");
    // A merge patch cannot say null, so only what a patch has made is an end of a difference.
    if before.is_object() && once.is_object() && !has_null(&before) && !has_null(&once) {
        let mut led = before.clone();
        merge_patch::apply(&mut led, &merge_patch::diff(&before, &once));
        assert_eq!(led, once, "a difference leads there");
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().any(has_null),
        Value::Array(elements) => elements.iter().any(has_null),
        _ => false,
    }
}

/// What was not sealed by a node is dropped; what was reads as it was written, or not at all.
pub fn broker_message(data: &[u8]) {
    let signer = Signer::new(&[7; 32], "epoch");
    assert!(signer.open(data).is_err(), "nobody guesses the tag");
    if let Ok(sealed) = signer.seal(data) {
        assert_eq!(signer.open(&sealed), Ok(data));
    }
    if let Ok(message) = Message::decode(data) {
        let encoded = message.encode();
        let again = Message::decode(&encoded).expect("what a node writes another reads");
        assert_eq!(again.encode(), encoded);
    }
}

/// Bytes of a socket, as the guard walks through them: it ends, it lets no frame through that is over the limit, and it says
/// the same of a part of a header as of all of it.
pub fn websocket_frames(data: &[u8]) {
    const MOST: u64 = 1000;
    let (mut guard, mut rest) = (Guard::default(), data);
    while !rest.is_empty() {
        let found = guard.first(rest, MOST);
        for end in 0..rest.len().min(MAX_HEADER) {
            match guard.first(&rest[..end], MOST) {
                Ok(None) => {}
                part => assert_eq!(part, found, "a part of the header says otherwise"),
            }
        }
        match found {
            Ok(Some(length)) if length <= rest.len() => {
                assert!(length >= 6 && length as u64 <= MOST + MAX_HEADER as u64);
                guard.pass(rest);
                rest = &rest[length..];
            }
            Ok(_) => return,
            Err(code) => {
                assert!(matches!(code, CloseCode::TooLarge | CloseCode::ProtocolViolation));
                return;
            }
        }
    }
}

/// Text in fragments is the text, wherever it is cut; what is not UTF-8 is refused at its end. The first byte says how long
/// the fragments are.
pub fn fragments(data: &[u8]) {
    let Some((size, rest)) = data.split_first() else { return };
    let mut kept = Fragments::default();
    let pieces: Vec<Bytes> = rest.chunks(usize::from(*size).max(1)).map(Bytes::copy_from_slice).collect();
    let Some((last, before)) = pieces.split_last() else { return };
    for (at, piece) in before.iter().enumerate() {
        let item = if at == 0 { Item::FirstText(piece.clone()) } else { Item::Continue(piece.clone()) };
        assert_eq!(kept.take(item), Ok(None));
    }
    if before.is_empty() {
        assert_eq!(kept.take(Item::FirstText(Bytes::new())), Ok(None));
    }
    let whole = kept.take(Item::Last(last.clone()));
    match text(rest) {
        Some(text) => assert_eq!(whole, Ok(Some(text.to_owned()))),
        None => assert_eq!(whole, Err(CloseCode::ProtocolViolation)),
    }
}

/// An order as it is asked for: what parses can be checked, and comes back from its own JSON.
pub fn basket(data: &[u8]) {
    let Ok(basket) = serde_json::from_slice::<Basket>(data) else { return };
    let written = serde_json::to_vec(&basket).expect("a basket is JSON");
    assert_eq!(serde_json::from_slice::<Basket>(&written).expect("as it was written"), basket);
    if let Some(who) = principal() {
        // Refused or not: it does not matter which, as long as it is decided.
        let _ = basket.check(&who);
    }
}
