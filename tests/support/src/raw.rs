//! A raw socket, for clients that violate the protocol.

use super::client::Client;
use super::screen::{Close, connect};
use super::wait::soon;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Opcodes of RFC 6455, with the FIN bit.
pub const TEXT: u8 = 0x81;
pub const PING: u8 = 0x89;
const CLOSE: u8 = 0x88;
const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// The request of a handshake, whose headers a test may change.
pub struct Handshake {
    pub method: &'static str,
    pub headers: Vec<(&'static str, String)>,
}

/// The server's answer to a handshake.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Reply {
    /// Returns a header's value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or("")
    }

    /// Returns the code of the problem in the body.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["status"], self.status);
        body["code"].as_str().unwrap().into()
    }
}

impl Handshake {
    /// Returns a valid request.
    pub fn new(token: &str) -> Self {
        let headers = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let mut headers: Vec<_> = headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        headers.push(("Sec-WebSocket-Protocol", format!("orderbell.v1, bearer.{token}")));
        Self { method: "GET", headers }
    }

    /// Sets a header, or removes it when the value is empty.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(key, _)| *key != name);
        if !value.is_empty() {
            self.headers.push((name, value.into()));
        }
        self
    }

    /// Sends the request. Returns the answer and the socket.
    pub async fn send(&self, base: &str, receive_buffer: Option<usize>) -> (Reply, TcpStream) {
        self.try_send(base, receive_buffer).await.expect("an answer to the handshake")
    }

    /// Sends the request as [`Self::send`] does. Returns `None` when no complete answer comes.
    pub async fn try_send(&self, base: &str, receive_buffer: Option<usize>) -> Option<(Reply, TcpStream)> {
        let authority = base.trim_start_matches("http://");
        let mut stream = connect(authority, receive_buffer).await.ok()?;
        let mut request = format!("{} /ws HTTP/1.1\r\nHost: {authority}\r\n", self.method);
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{request}\r\n").as_bytes()).await.ok()?;
        let reply = soon("an answer to the handshake", reply(&mut stream)).await.ok()?;
        Some((reply, stream))
    }
}

pub async fn reply(stream: &mut TcpStream) -> std::io::Result<Reply> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut body = String::new();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    stream.take(length.unwrap_or(0)).read_to_string(&mut body).await?;
    Ok(Reply { status, head, body })
}

/// A WebSocket without a library: it sends exactly what the test says, and reads only when asked.
pub struct Raw {
    pub stream: TcpStream,
}

impl Raw {
    pub async fn open(client: &Client) -> Self {
        Self::open_with(client, None).await
    }

    /// Opens a WebSocket with a receive buffer of `receive_buffer` bytes.
    pub async fn open_with(client: &Client, receive_buffer: Option<usize>) -> Self {
        let (reply, stream) = Handshake::new(&client.token).send(&client.base, receive_buffer).await;
        assert_eq!((reply.status, reply.header("sec-websocket-protocol")), (101, "orderbell.v1"), "{reply:?}");
        let mut raw = Self { stream };
        let (opcode, payload) = raw.frame().await.unwrap();
        assert_eq!(opcode, TEXT);
        assert!(payload.starts_with(b"{\"type\":\"welcome\""), "{payload:?}");
        raw
    }

    /// Sends bytes. A closed connection shows only when it is read.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _ = soon("space in the socket", self.stream.write_all(bytes)).await;
    }

    /// Sends a masked frame.
    pub async fn send(&mut self, first: u8, payload: &[u8]) {
        self.write(&masked(first, payload)).await;
    }

    /// Returns the first byte and the payload of the next frame, or `None` at the end.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        soon("a frame", async {
            let first = self.stream.read_u8().await.ok()?;
            let length = match self.stream.read_u8().await.ok()? {
                126 => u64::from(self.stream.read_u16().await.ok()?),
                127 => self.stream.read_u64().await.ok()?,
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await.ok()?;
            Some((first, payload))
        })
        .await
    }

    /// Reads to the end, and returns how the connection ended.
    pub async fn until_close(&mut self) -> Close {
        while let Some((first, payload)) = self.frame().await {
            if first == CLOSE {
                return Close::Code(u16::from_be_bytes([payload[0], payload[1]]));
            }
        }
        Close::Cut
    }
}

/// Returns a frame's header (RFC 6455, section 5.2).
pub fn header(first: u8, length: u64, masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(mask | length as u8),
        126..65_536 => {
            bytes.push(mask | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(mask | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    if masked {
        bytes.extend(MASK);
    }
    bytes
}

/// Returns a complete masked frame.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64, true);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}
