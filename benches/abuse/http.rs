//! A single HTTP call on a new connection, from an address of the caller's choice, as an attacker's tool makes it.

use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The longest duration of a call.
const DEADLINE: Duration = Duration::from_secs(10);

/// A request.
#[derive(Clone, Default)]
pub struct Call {
    /// The method and the path, such as `GET /healthz`.
    pub line: String,
    pub headers: Vec<String>,
    /// The body. An empty one is not sent.
    pub body: Vec<u8>,
}

impl Call {
    /// Returns a request without headers and body.
    pub fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), ..Self::default() }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(format!("{name}: {value}"));
        self
    }

    /// Adds a token.
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Adds a JSON body.
    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("Content-Type", "application/json")
    }

    /// Returns the request's bytes.
    pub fn bytes(&self, keep_alive: bool) -> Vec<u8> {
        let mut head = format!("{} HTTP/1.1\r\nHost: 127.0.0.1\r\n", self.line);
        if !self.headers.iter().any(|header| header.starts_with("Connection:")) {
            head.push_str(if keep_alive { "Connection: keep-alive\r\n" } else { "Connection: close\r\n" });
        }
        for header in &self.headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        if !self.body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// A response.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns the body as JSON, or `null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Connects from an address of the loopback network, with a receive buffer of `window` bytes.
pub async fn connect(from: Ipv4Addr, server: SocketAddr, window: Option<u32>) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(window) = window {
        socket.set_recv_buffer_size(window)?;
    }
    if from != Ipv4Addr::LOCALHOST {
        socket.bind((from, 0).into())?;
    }
    socket.connect(server).await
}

/// Sends a request and reads the answer to its end.
///
/// # Errors
/// Those of the connection, and a timeout after ten seconds.
pub async fn call(from: Ipv4Addr, server: SocketAddr, call: &Call) -> std::io::Result<Answer> {
    let exchange = async {
        let mut stream = connect(from, server, None).await?;
        // A server that refuses early may reset the connection before the whole body is sent. Read its answer all the same.
        let _ = stream.write_all(&call.bytes(false)).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        match parse(&answer) {
            Some(answer) => Ok(answer),
            None => Err(read.err().unwrap_or(std::io::ErrorKind::UnexpectedEof.into())),
        }
    };
    timeout(DEADLINE, exchange).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let status = std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()?;
    let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
    let body = &answer[head + 4..];
    let body = if text.contains("transfer-encoding: chunked") { unchunk(body) } else { body.to_vec() };
    Some(Answer { status, body })
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let length = std::str::from_utf8(&body[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(length) = length.filter(|length| *length > 0 && body.len() >= end + 2 + length) else { break };
        whole.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = body.get(end + 4 + length..).unwrap_or_default();
    }
    whole
}
