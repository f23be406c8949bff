//! Invalid and excessive input: each kind gets its documented answer, and other connections are not affected.

use serde_json::{Value, json};
use std::time::Duration;
use support::raw::{PING, TEXT, header, masked};
use support::{Close, Menu, Raw, Screen, TestServer, client::text, new_id, server::TALKATIVE};
use tokio_tungstenite::tungstenite::Message;

/// Opens a connection that must not be affected.
async fn neighbour(server: &TestServer) -> Screen {
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    screen.join(&menu.kitchen()).await;
    screen
}

async fn assert_unmoved(screen: &mut Screen) {
    screen.alive().await;
    assert!(screen.others.iter().all(|frame| frame["type"] != "error"), "{:?}", screen.others);
}

#[tokio::test]
async fn an_unknown_frame_gets_an_error_and_the_connection_stays_open() {
    let server = TestServer::start(&TALKATIVE).await;
    let mut beside = neighbour(&server).await;
    let mut screen = server.staff().await.screen().await;
    let id = new_id();
    let bad_frames = [
        "".to_owned(),
        "hello".into(),
        "[]".into(),
        "null".into(),
        "{}".into(),
        r#"{"type":7}"#.into(),
        r#"{"type":"dance"}"#.into(),
        r#"{"type":"welcome"}"#.into(),
        r#"{"type":"subscribe"}"#.into(),
        r#"{"type":"subscribe","room":7}"#.into(),
        r#"{"type":"subscribe","room":"r","since":-1}"#.into(),
        r#"{"type":"subscribe","room":"r","since":"1"}"#.into(),
        r#"{"type":"subscribe","room":"r","colour":"red"}"#.into(),
        r#"{"type":"ping","nonce":{}}"#.into(),
        r#"{"type":"seen","room":"r"}"#.into(),
        r#"{"type":"ping""#.into(),
        format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000)),
    ];
    for text in bad_frames {
        screen.send_text(&text).await;
        let answer = screen.next().await.unwrap();
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("bad_frame")), "{:.80}: {answer}", text);
    }
    screen.send_message(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(screen.next().await.unwrap()["code"], "bad_frame");
    let invalid = [
        json!({"type": "command", "action": "accept"}),
        json!({"type": "command", "id": id, "action": "accept"}),
        json!({"type": "command", "id": id, "order": id, "action": "explode"}),
        json!({"type": "command", "id": id, "order": id, "action": "accept", "minutes": 0}),
        json!({"type": "command", "id": id, "order": id, "action": "accept", "colour": "red"}),
        json!({"type": "place", "id": id, "order": {}}),
        json!({"type": "place", "id": id, "order": {"service": "dine_in", "items": []}}),
    ];
    for frame in invalid {
        screen.send(&frame).await;
        let answer = screen.next().await.unwrap();
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("invalid")), "{frame}: {answer}");
        assert_eq!(answer.get("id"), frame.get("id"), "the answer repeats the id");
    }
    screen.alive().await;
    assert_unmoved(&mut beside).await;
}

/// Returns the violations: a name, the bytes to send piece by piece, and the close code that must follow.
fn violations() -> Vec<(&'static str, Vec<Vec<u8>>, u16)> {
    let large = vec![b' '; 70_000];
    let half = vec![b' '; 40_000];
    vec![
        ("a frame without a mask", vec![[header(TEXT, 2, false), b"{}".to_vec()].concat()], 4400),
        ("reserved bits", vec![masked(0xC1, b"{}")], 4400),
        ("a reserved opcode", vec![masked(0x83, b"{}")], 4400),
        ("a reserved control opcode", vec![masked(0x8B, b"")], 4400),
        ("a control frame in fragments", vec![masked(0x09, b"")], 4400),
        ("a long control frame", vec![masked(PING, &[0; 126])], 4400),
        ("a continuation of nothing", vec![masked(0x80, b"{}")], 4400),
        ("a message within a message", vec![masked(0x01, b"{"), masked(TEXT, b"{}")], 4400),
        ("text that is not UTF-8", vec![masked(TEXT, b"\"\xFF\xFE\"")], 4400),
        ("fragments that are not UTF-8", vec![masked(0x01, b"\"\xC3"), masked(0x80, b"\x28\"")], 4400),
        ("binary fragments", vec![masked(0x02, b"{"), masked(0x80, b"}")], 4400),
        ("a message over the limit", vec![masked(TEXT, &large)], 1009),
        ("fragments over the limit", vec![masked(0x01, &half), masked(0x80, &half)], 1009),
        ("a header of 8 GiB", vec![header(TEXT, 8 << 30, true)], 1009),
        ("a header of 2^63 bytes", vec![header(0x82, 1 << 63, true)], 1009),
    ]
}

#[tokio::test]
async fn a_violation_of_the_protocol_closes_only_its_own_connection_with_its_code() {
    let server = TestServer::start(&[]).await;
    let mut beside = neighbour(&server).await;
    let staff = server.staff().await;
    for (what, writes, code) in violations() {
        let mut raw = Raw::open(&staff).await;
        for bytes in &writes {
            raw.write(bytes).await;
        }
        assert_eq!(raw.until_close().await, Close::Code(code), "{what}");
        assert_unmoved(&mut beside).await;
    }
    let mut whole = Raw::open(&staff).await;
    whole.send(TEXT, br#"{"type":"ping"}"#).await;
    assert!(whole.frame().await.unwrap().1.starts_with(br#"{"type":"pong""#), "the control: a valid frame is answered");
}

#[tokio::test]
async fn a_message_may_come_in_fragments_with_pings_between_them() {
    let server = TestServer::start(&[]).await;
    let mut raw = Raw::open(&server.staff().await).await;
    raw.send(0x01, br#"{"type":"pi"#).await;
    raw.send(PING, b"between").await;
    raw.send(0x00, br#"ng","nonce":"#).await;
    raw.send(0x80, "\"ü\"}".as_bytes()).await;
    assert_eq!(raw.frame().await, Some((0x8A, b"between".to_vec())));
    let pong: Value = serde_json::from_slice(&raw.frame().await.unwrap().1).unwrap();
    assert_eq!((&pong["type"], &pong["nonce"]), (&json!("pong"), &json!("ü")));
    // Byte by byte, as over a slow network.
    for byte in masked(TEXT, br#"{"type":"ping"}"#) {
        raw.write(&[byte]).await;
    }
    assert!(raw.frame().await.unwrap().1.starts_with(br#"{"type":"pong""#));
}

#[tokio::test]
async fn frames_that_declare_eight_gibibytes_cost_no_memory() {
    let server = TestServer::start(&[]).await;
    let mut beside = neighbour(&server).await;
    let staff = server.staff().await;
    let mut warm = Raw::open(&staff).await;
    warm.write(&header(TEXT, 8 << 30, true)).await;
    warm.until_close().await;
    let before = server.resident();
    for _ in 0..10 {
        let mut raw = Raw::open(&staff).await;
        raw.write(&header(TEXT, 8 << 30, true)).await;
        raw.write(&vec![0; 1 << 20]).await;
        assert!(matches!(raw.until_close().await, Close::Code(1009)));
    }
    let grown = server.resident().saturating_sub(before);
    println!("resident memory grew by {grown} bytes over ten frames that declare 8 GiB");
    assert!(grown < 1 << 20, "{grown} bytes");
    assert_unmoved(&mut beside).await;
}

#[tokio::test]
async fn too_many_messages_are_refused_and_far_too_many_close_the_connection() {
    let server = TestServer::start(&["--messages-per-second", "5", "--message-burst", "10"]).await;
    let mut beside = neighbour(&server).await;
    let mut screen = server.staff().await.screen().await;
    for _ in 0..11 {
        screen.send(&json!({"type": "ping"})).await;
    }
    for _ in 0..10 {
        assert_eq!(screen.next().await.unwrap()["type"], "pong", "within the burst");
    }
    // A busy machine may send more slowly than the rate allows: exceed the burst until one is refused.
    let refused = loop {
        let answer = screen.next().await.unwrap();
        if answer["type"] != "pong" {
            break answer;
        }
        screen.send(&json!({"type": "ping"})).await;
        screen.send(&json!({"type": "ping"})).await;
    };
    assert_eq!(refused["code"], "rate_limited");
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    assert!((1..=200).contains(&wait), "{wait}");
    tokio::time::sleep(Duration::from_millis(wait + 20)).await;
    // A client that waits as long as it was told is answered.
    screen.alive().await;
    for _ in 0..400 {
        screen.send(&json!({"type": "ping"})).await;
    }
    assert_eq!(screen.until_close().await, Close::Code(4429));
    assert!(server.metric("orderbell_limit_hits_total{limit=\"messages\"}").await > 10.0);
    assert_unmoved(&mut beside).await;
}

#[tokio::test]
async fn a_flood_of_control_frames_or_fragments_closes_the_connection_too() {
    let server = TestServer::start(&[]).await;
    let mut beside = neighbour(&server).await;
    let staff = server.staff().await;
    for (what, first, opening) in [("pings", PING, None), ("pongs", 0x8A, None), ("empty fragments", 0x00, Some(0x01))] {
        let mut raw = Raw::open(&staff).await;
        if let Some(opening) = opening {
            raw.send(opening, b"{").await;
        }
        for _ in 0..1000 {
            raw.send(first, b"").await;
        }
        assert_eq!(raw.until_close().await, Close::Code(4429), "{what}");
        assert_unmoved(&mut beside).await;
    }
}

#[tokio::test]
async fn a_room_beyond_the_limit_is_refused_until_another_is_left() {
    let server = TestServer::start(&["--rooms", "2"]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let order = staff.place(&menu.basket()).await;
    let mut screen = staff.screen().await;
    assert_eq!(screen.welcome["limits"]["rooms"], 2);
    screen.join(&menu.kitchen()).await;
    screen.join(&menu.floor()).await;
    let refused = screen.refused(&menu.menu()).await;
    assert_eq!((&refused["code"], &refused["room"]), (&json!("too_many_rooms"), &json!(menu.menu())));
    screen.send(&json!({"type": "unsubscribe", "room": menu.floor()})).await;
    screen.join(&menu.menu()).await;
    let ack = staff.act(&order["id"], "accept").await;
    screen.see(&menu.kitchen(), ack["position"].as_u64().unwrap()).await;
    assert_eq!(server.metric("orderbell_limit_hits_total{limit=\"rooms\"}").await, 1.0);
}

#[tokio::test]
async fn the_limits_in_welcome_are_the_ones_in_force() {
    let flags = ["--frame-bytes", "2048", "--rooms", "3", "--messages-per-second", "7", "--heartbeat-ms", "9000"];
    let server = TestServer::start(&flags).await;
    let cook = server.kitchen("bar").await;
    let mut screen = cook.screen().await;
    let menu = Menu::read(&cook).await;
    let limits = json!({"frame_bytes": 2048, "rooms": 3, "messages_per_second": 7, "heartbeat_ms": 9000});
    assert_eq!(screen.welcome["limits"], limits);
    assert_eq!((text(&screen.welcome["role"]), text(&screen.welcome["restaurant"])), ("kitchen", menu.restaurant.as_str()));
    assert!(text(&screen.welcome["expires_at"]) > text(&screen.welcome["server_time"]));
    screen.send_text(&" ".repeat(2048)).await;
    assert_eq!(screen.next().await.unwrap()["code"], "bad_frame");
    screen.send_text(&" ".repeat(2049)).await;
    assert_eq!(screen.until_close().await, Close::Code(1009));
}
