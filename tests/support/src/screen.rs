//! A screen: one WebSocket that follows rooms by "The cursor rule" in docs/protocol.md, and checks
//! the shape of each frame. A gap fails the test.

use super::client::Client;
use super::followed::Followed;
use super::wait::{PATIENCE, soon};
use super::{contract, new_id, shape};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// With a close frame.
    Code(u16),
    /// Without one.
    Cut,
}

/// One WebSocket and the rooms it has joined.
pub struct Screen {
    socket: WebSocketStream<TcpStream>,
    pub welcome: Value,
    pub rooms: BTreeMap<String, Followed>,
    /// The server's pings, each of which was answered.
    pub pings: usize,
    /// Frames that belong to no room, in order of arrival.
    pub others: Vec<Value>,
}

/// Connects a socket, with the kernel's receive buffer or one of the given size.
pub async fn connect(address: &str, receive_buffer: Option<usize>) -> std::io::Result<TcpStream> {
    let address: SocketAddr = address.parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_nonblocking(true).unwrap();
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    soon("a connection", TcpSocket::from_std_stream(socket.into()).connect(address)).await
}

impl Screen {
    pub async fn open(client: &Client) -> Self {
        Self::open_with(client, None).await
    }

    /// Opens a WebSocket with a receive buffer of `receive_buffer` bytes.
    pub async fn open_with(client: &Client, receive_buffer: Option<usize>) -> Self {
        Self::attempt(client, receive_buffer).await.unwrap_or_else(|why| panic!("no connection: {why}"))
    }

    /// Opens a WebSocket. Returns the reason when the server is gone or refuses.
    pub async fn attempt(client: &Client, receive_buffer: Option<usize>) -> Result<Self, String> {
        let authority = client.base.trim_start_matches("http://");
        let stream = connect(authority, receive_buffer).await.map_err(|error| error.to_string())?;
        let mut request = format!("ws://{authority}/ws").into_client_request().unwrap();
        let protocols = format!("orderbell.v1, bearer.{}", client.token);
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocols.parse().unwrap());
        let shaken = soon("the handshake", tokio_tungstenite::client_async(request, stream)).await;
        let (socket, response) = shaken.map_err(|error| error.to_string())?;
        assert_eq!(response.headers()["sec-websocket-protocol"], "orderbell.v1");
        let mut screen = Self { socket, welcome: Value::Null, rooms: BTreeMap::new(), pings: 0, others: Vec::new() };
        screen.welcome = screen.next().await.map_err(|close| format!("{close:?}"))?;
        assert_eq!(screen.welcome["type"], "welcome", "{}", screen.welcome);
        Ok(screen)
    }

    /// Opens another connection of the principal, which resumes every room at its cursor.
    pub async fn resume_on(self, client: &Client) -> Self {
        let mut next = Self::open(client).await;
        for (room, followed) in self.rooms {
            next.resume(&room, followed).await;
        }
        next
    }

    pub fn epoch(&self) -> &Value {
        &self.welcome["epoch"]
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends any text. A closed connection shows only when it is read.
    pub async fn send_text(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        let _ = soon("space in the socket", self.socket.send(message)).await;
    }

    /// Returns the next frame, or how the connection ended.
    pub async fn next(&mut self) -> Result<Value, Close> {
        soon("a frame", self.read()).await
    }

    /// Returns the next frame, if one arrives within a time.
    pub async fn next_within(&mut self, within: Duration) -> Option<Result<Value, Close>> {
        tokio::time::timeout(within, self.read()).await.ok()
    }

    async fn read(&mut self) -> Result<Value, Close> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.follow(&frame);
                    return Ok(frame);
                }
                Some(Ok(Message::Ping(_))) => self.pings += 1,
                Some(Ok(Message::Pong(_))) => {}
                Some(Ok(Message::Close(Some(close)))) => return Err(Close::Code(close.code.into())),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Err(Close::Cut),
                Some(Ok(other)) => panic!("frames are text: {other:?}"),
            }
        }
    }

    fn follow(&mut self, frame: &Value) {
        shape::check(frame);
        contract::check_frame(frame);
        match frame.get("room").and_then(|room| self.rooms.get_mut(room.as_str().unwrap())) {
            Some(room) => room.take(frame).unwrap_or_else(|fault| panic!("{fault:?} at {frame}")),
            None => self.others.push(frame.clone()),
        }
    }

    /// Reads until a frame matches `wanted`, and returns it.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                match self.read().await {
                    Ok(frame) if wanted(&frame) => return frame,
                    Ok(_) => {}
                    Err(close) => panic!("{what}: closed with {close:?} before it came"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
    }

    /// Reads until the connection ends.
    pub async fn until_close(&mut self) -> Close {
        loop {
            if let Err(close) = self.next().await {
                return close;
            }
        }
    }

    /// Joins a room without a cursor, and reads until it is live.
    pub async fn join(&mut self, room: &str) -> &Followed {
        self.rooms.insert(room.into(), Followed::default());
        self.subscribe(json!({"type": "subscribe", "room": room})).await
    }

    /// Resumes a room from `followed`, and reads until it is live.
    pub async fn resume(&mut self, room: &str, followed: Followed) -> &Followed {
        let subscribe = json!({"type": "subscribe", "room": room, "since": followed.cursor, "epoch": self.epoch()});
        self.rooms.insert(room.into(), followed);
        self.subscribe(subscribe).await
    }

    async fn subscribe(&mut self, frame: Value) -> &Followed {
        let room = frame["room"].clone();
        self.send(&frame).await;
        let last =
            self.until("live", |frame| frame["room"] == room && (frame["type"] == "live" || frame["type"] == "error")).await;
        assert_eq!(last["type"], "live", "{last}");
        self.room(room.as_str().unwrap())
    }

    pub fn room(&self, name: &str) -> &Followed {
        &self.rooms[name]
    }

    /// Subscribes to a room that must be refused, and returns the error.
    pub async fn refused(&mut self, room: &str) -> Value {
        self.send(&json!({"type": "subscribe", "room": room})).await;
        let answer = self.until("an answer to subscribe", |frame| frame["room"] == room || frame["type"] == "error").await;
        assert_eq!(answer["type"], "error", "{answer}");
        answer
    }

    /// Reads until a room has reached a position.
    pub async fn see(&mut self, room: &str, position: u64) -> &Followed {
        while self.room(room).cursor.is_none_or(|cursor| cursor < position) {
            let frame = self.next().await;
            assert!(frame.is_ok(), "closed with {frame:?} at {:?} of {position}", self.room(room).cursor);
        }
        self.room(room)
    }

    /// Sends a `command` or `place` frame, with a new id if it has none. Returns its `ack` or `error`.
    pub async fn ask(&mut self, mut frame: Value) -> Value {
        if frame.get("id").is_none() {
            frame["id"] = new_id().into();
        }
        self.send(&frame).await;
        self.until("an answer", |answer| answer["id"] == frame["id"] && (answer["type"] == "ack" || answer["type"] == "error"))
            .await
    }

    /// Sends a command about an order. Returns its `ack` or `error`.
    pub async fn command(&mut self, order: &Value, action: &str, fields: Value) -> Value {
        let mut frame = json!({"type": "command", "order": order, "action": action});
        frame.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.ask(frame).await
    }

    /// Asserts that the connection still answers, which also means that everything sent before was handled.
    pub async fn alive(&mut self) {
        let nonce = new_id();
        self.send(&json!({"type": "ping", "nonce": nonce})).await;
        self.until("a pong", |frame| frame["type"] == "pong" && frame["nonce"] == nonce.as_str()).await;
    }
}
