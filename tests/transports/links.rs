//! A client's three kinds of links to a room, each of which yields frames one by one.

use crate::follower::Follower;
use crate::server::Server;
use futures_util::{SinkExt, StreamExt};
use reqwest::Response;
use serde_json::{Value, json};
use std::collections::VecDeque;
use support::wait::soon;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A WebSocket in one room.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(server: &Server, token: &str, room: &str, from: &Follower) -> Self {
        let mut request = format!("ws://{}/ws", server.address()).into_client_request().unwrap();
        let protocols = format!("orderbell.v1, bearer.{token}");
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        let (mut socket, _) = soon("a WebSocket", connect_async(request)).await.unwrap();
        let mut subscribe = json!({"type": "subscribe", "room": room});
        if let Some(cursor) = from.cursor {
            (subscribe["since"], subscribe["epoch"]) = (json!(cursor), json!(from.epoch));
        }
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        Self(socket)
    }

    async fn next(&mut self) -> Value {
        loop {
            match soon("a message", self.0.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// One message of a stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: Option<String>,
    pub event: String,
    pub data: Value,
}

/// A stream of server-sent events, parsed by the specification (WHATWG HTML, section 9.2).
pub struct Events {
    pub response: Response,
    text: String,
    looked: usize,
    pub last_id: String,
    pub retry_ms: Option<u64>,
    pub heartbeats: usize,
}

impl Events {
    /// Requests a stream, with `last_id` as the header unless it is empty.
    pub async fn ask(server: &Server, token: &str, room: &str, query: &str, last_id: &str) -> Response {
        let call = server.http.get(format!("{}/api/v1/rooms/{room}/stream{query}", server.base)).bearer_auth(token);
        let call = call.header("accept-encoding", "br, gzip").header("last-event-id", last_id);
        soon("a stream", call.send()).await.unwrap()
    }

    pub async fn open(server: &Server, token: &str, room: &str, last_id: &str) -> Self {
        let response = Self::ask(server, token, room, "", last_id).await;
        Self { last_id: last_id.into(), ..Self::reading(response) }
    }

    /// Reads a requested stream.
    pub fn reading(response: Response) -> Self {
        assert_eq!(response.status(), 200, "{response:?}");
        Self { response, text: String::new(), looked: 0, last_id: String::new(), retry_ms: None, heartbeats: 0 }
    }

    /// Returns the next message; `None` at the end of the stream, where an unfinished message is
    /// dropped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            // Resume the search where it stopped, since a snapshot has megabytes.
            while let Some(end) = self.text[self.looked..].find("\n\n").map(|end| self.looked + end) {
                let rest = self.text.split_off(end + 2);
                let block = std::mem::replace(&mut self.text, rest);
                self.looked = 0;
                if let Some(event) = self.read(&block[..end]) {
                    return Some(event);
                }
            }
            self.looked = self.text.len().saturating_sub(1);
            let chunk = soon("a piece of a stream", self.response.chunk()).await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).expect("frames here are ASCII"));
        }
    }

    fn read(&mut self, block: &str) -> Option<Event> {
        let (mut event, mut data, mut id) = ("message".to_owned(), Vec::new(), None);
        for line in block.lines() {
            let (field, value) = line.split_once(": ").unwrap();
            match field {
                "" => self.heartbeats += usize::from(value == "hb"),
                "id" => id = Some(value.to_owned()),
                "event" => event = value.to_owned(),
                "retry" => self.retry_ms = Some(value.parse().unwrap()),
                "data" => data.push(value),
                other => panic!("no such field: {other}"),
            }
        }
        if let Some(id) = &id {
            self.last_id = id.clone();
        }
        (!data.is_empty()).then(|| Event { id, event, data: serde_json::from_str(&data.join("\n")).unwrap() })
    }
}

/// Long polls, one after another.
pub struct Polls {
    pub waiting: VecDeque<Value>,
}

impl Polls {
    pub async fn ask(server: &Server, token: &str, room: &str, query: &str) -> Response {
        server.get(&format!("/api/v1/rooms/{room}/events{query}"), token).await
    }
}

/// Returns the query for frames after a cursor.
pub fn since(follower: &Follower) -> String {
    follower.cursor.map_or_else(String::new, |cursor| format!("&since={cursor}&epoch={}", follower.epoch))
}

/// Any of the three.
pub enum Link {
    Socket(Box<Socket>),
    Events(Box<Events>),
    Polls(Polls),
}

impl Link {
    /// Opens the link with this number at a follower's cursor.
    pub async fn open(which: usize, server: &Server, token: &str, room: &str, from: &Follower) -> Self {
        match which % 3 {
            0 => Self::Socket(Box::new(Socket::open(server, token, room, from).await)),
            1 => {
                let last_id = from.cursor.map_or_else(String::new, |cursor| format!("{}.{cursor}", from.epoch));
                Self::Events(Box::new(Events::open(server, token, room, &last_id).await))
            }
            _ => Self::Polls(Polls { waiting: VecDeque::new() }),
        }
    }

    /// Returns the next frame. A poll's answer also sets the cursor, after its last frame.
    pub async fn next(&mut self, server: &Server, token: &str, room: &str, at: &Follower) -> Value {
        match self {
            Self::Socket(socket) => socket.next().await,
            Self::Events(events) => events.next().await.expect("the stream stays open").data,
            Self::Polls(polls) => loop {
                if let Some(frame) = polls.waiting.pop_front() {
                    return frame;
                }
                let answer = Polls::ask(server, token, room, &format!("?wait=10{}", since(at))).await;
                assert_eq!(answer.status(), 200, "{answer:?}");
                let answer: Value = answer.json().await.unwrap();
                let live = json!({"type": "live", "room": room, "position": answer["position"]});
                let welcome = json!({"type": "welcome", "epoch": answer["epoch"]});
                polls.waiting.push_back(welcome);
                polls.waiting.extend(answer["frames"].as_array().unwrap().iter().cloned());
                polls.waiting.push_back(live);
            },
        }
    }
}
