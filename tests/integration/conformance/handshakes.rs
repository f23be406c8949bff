//! Section 4.2: what a server requires of an opening handshake, and what it answers.

use support::raw::{TEXT, masked, reply};
use support::screen::connect;
use support::{Client, TestServer};
use tokio::io::AsyncWriteExt;

/// The example key of section 1.3, and the answer to it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A valid request line and headers; `KEY` and `TOKEN` are placeholders.
const GOOD: [&str; 7] = [
    "GET /ws HTTP/1.1",
    "Host: HOST",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: KEY",
    "Sec-WebSocket-Protocol: orderbell.v1, bearer.TOKEN",
];

/// Returns the valid request with `line` in place of the line that begins with `beginning`. Removes that line when `line`
/// is empty, and appends when none begins so.
fn with(beginning: &str, line: &str) -> Vec<String> {
    let mut lines: Vec<String> = GOOD.iter().map(|line| (*line).to_owned()).collect();
    match lines.iter().position(|line| line.starts_with(beginning)) {
        Some(at) if line.is_empty() => drop(lines.remove(at)),
        Some(at) => lines[at] = line.into(),
        None => lines.push(line.into()),
    }
    lines
}

fn bytes(lines: &[String], staff: &Client) -> Vec<u8> {
    let text = format!("{}\r\n\r\n", lines.join("\r\n"));
    let host = staff.base.trim_start_matches("http://");
    text.replace("HOST", host).replace("KEY", KEY).replace("TOKEN", &staff.token).into_bytes()
}

async fn status(lines: &[String], staff: &Client) -> u16 {
    let mut stream = connect(staff.base.trim_start_matches("http://"), None).await.unwrap();
    stream.write_all(&bytes(lines, staff)).await.unwrap();
    // A stream that ends without an answer counts as a refusal.
    reply(&mut stream).await.map_or(0, |reply| reply.status)
}

fn good() -> Vec<(&'static str, &'static str, Vec<String>)> {
    vec![
        ("4.2.1", "as it is", with("X", "X-Nothing: here")),
        ("4.2.1", "the name of the protocol in capitals", with("Upgrade", "Upgrade: WEBSOCKET")),
        ("4.2.1", "one of several options", with("Connection", "Connection: keep-alive, Upgrade")),
        ("4.2.1", "an option in small letters", with("Connection", "connection: upgrade")),
        ("4.2.1", "names of headers in small letters", with("Sec-WebSocket-Key", "sec-websocket-key: KEY")),
        ("4.2.1", "blanks about a value", with("Sec-WebSocket-Version", "Sec-WebSocket-Version:   13  ")),
        ("4.2.1", "a query", with("GET", "GET /ws?from=here HTTP/1.1")),
        ("9.1", "an extension that is not taken", with("Sec-WebSocket-Ext", "Sec-WebSocket-Extensions: permessage-deflate")),
        (
            "11.3.4",
            "subprotocols in several lines",
            with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: orderbell.v1\r\nSec-WebSocket-Protocol: bearer.TOKEN"),
        ),
    ]
}

fn bad() -> Vec<(&'static str, &'static str, Vec<String>, u16)> {
    vec![
        ("4.2.1", "HTTP/1.0", with("GET", "GET /ws HTTP/1.0"), 400),
        ("4.2.1", "another method", with("GET", "POST /ws HTTP/1.1"), 400),
        ("4.2.1", "no host", with("Host", ""), 400),
        ("4.2.1", "another protocol", with("Upgrade", "Upgrade: h2c"), 426),
        ("4.2.1", "a protocol whose name contains the right one", with("Upgrade", "Upgrade: notwebsocket"), 426),
        // Section 4.2.1 would accept this. No client sends it, and the HTTP library upgrades to a single protocol only.
        ("4.2.1", "one of several protocols", with("Upgrade", "Upgrade: h2c, websocket"), 426),
        ("4.2.1", "no protocol", with("Upgrade", ""), 426),
        ("4.2.1", "an empty key", with("Sec-WebSocket-Key", "Sec-WebSocket-Key: "), 400),
        ("4.2.1", "a key of 15 bytes", with("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"), 400),
        ("4.2.1", "a key of 17 bytes", with("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="), 400),
        ("4.2.1", "a key that is not base64", with("Sec-WebSocket-Key", "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="), 400),
        ("11.3.1", "two keys", with("Sec-WebSocket-Key", "Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Key: KEY"), 400),
        ("4.2.1", "no key", with("Sec-WebSocket-Key", ""), 400),
        ("4.4", "an older version", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), 426),
        ("4.4", "a newer version", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 14"), 426),
        ("4.4", "two versions", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13, 8"), 426),
        ("4.4", "a version that is not a number", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 0x0D"), 426),
        ("4.4", "no version", with("Sec-WebSocket-Version", ""), 426),
        (
            "11.3.4",
            "a subprotocol in other letters",
            with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: ORDERBELL.V1, bearer.TOKEN"),
            400,
        ),
    ]
}

#[tokio::test]
async fn section_4_2_opening_handshakes() {
    let server = TestServer::start(&["--connections-per-principal", "1000"]).await;
    let (staff, mut faults) = (server.staff().await, Vec::new());
    for (section, what, lines) in good() {
        let seen = status(&lines, &staff).await;
        if seen != 101 {
            faults.push(format!("RFC 6455, {section}: {what}: {seen} in place of 101"));
        }
    }
    for (section, what, lines, expected) in bad() {
        let seen = status(&lines, &staff).await;
        if seen != expected {
            faults.push(format!("RFC 6455, {section}: {what}: {seen} in place of {expected}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn section_4_2_2_the_servers_answer() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let extended = with("Sec-WebSocket-Ext", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-own");
    let mut stream = connect(server.authority(), None).await.unwrap();
    // Byte by byte, followed by a frame that does not wait for the answer.
    let request = [bytes(&extended, &staff), masked(TEXT, br#"{"type":"ping","nonce":"early"}"#)].concat();
    stream.set_nodelay(true).unwrap();
    for byte in request {
        stream.write_all(&[byte]).await.unwrap();
    }
    let reply = reply(&mut stream).await.unwrap();
    assert_eq!(reply.status, 101);
    assert_eq!(reply.header("sec-websocket-accept"), ACCEPT);
    assert_eq!(reply.header("upgrade").to_ascii_lowercase(), "websocket");
    assert_eq!(reply.header("connection").to_ascii_lowercase(), "upgrade");
    assert_eq!(reply.header("sec-websocket-protocol"), "orderbell.v1");
    assert_eq!(reply.header("sec-websocket-extensions"), "", "no extension was negotiated");
    let mut raw = support::Raw { stream };
    assert!(raw.frame().await.unwrap().1.starts_with(br#"{"type":"welcome""#));
    assert!(raw.frame().await.unwrap().1.starts_with(br#"{"type":"pong""#), "the frame behind the handshake");
}
