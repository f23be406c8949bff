//! The calls of hostile guests and strangers, sent at a steady rate.

use crate::good::fresh_id;
use crate::http::{Call, call, connect};
use crate::server::{HOSTILE_TABLE, SLUG, Server, sign_in, text};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio_tungstenite::tungstenite::http;

/// A small receive buffer, for a reader who reads nothing.
const SMALL_WINDOW: u32 = 4096;
/// The most concurrent calls. Calls above it are not sent.
const AT_ONCE: usize = 256;

/// A way to abuse a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mix {
    /// Bodies of 200 KB that decompress to 200 MB, without a token.
    Bombs,
    /// Large orders of one guest.
    LargeOrders,
    /// Small orders of one guest.
    SmallOrders,
    /// Orders of 9,900 portions.
    Portions,
    /// Orders from a phone whose table was deleted.
    GoneTable,
    /// Connections that send one request and then stay silent.
    Idle,
    /// Answers, and then long polls, that nobody reads.
    Unread,
    /// WebSocket handshakes with invalid tokens, from the address of the normal load.
    Handshakes,
    /// Guesses of table keys, from the address of the normal load.
    TableKeys,
    /// Guesses of one manager's password, from many addresses.
    Passwords,
    /// Guesses of a password behind a second header line, which names another address each time.
    Forwarded,
    /// WebSockets of one table's guests, as many as the server accepts.
    Sockets,
}

impl Mix {
    /// Every mix.
    pub const ALL: [Self; 12] = [
        Self::Bombs,
        Self::LargeOrders,
        Self::SmallOrders,
        Self::Portions,
        Self::GoneTable,
        Self::Idle,
        Self::Unread,
        Self::Handshakes,
        Self::TableKeys,
        Self::Passwords,
        Self::Forwarded,
        Self::Sockets,
    ];

    /// Returns the name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bombs => "bombs",
            Self::LargeOrders => "large-orders",
            Self::SmallOrders => "small-orders",
            Self::Portions => "portions",
            Self::GoneTable => "gone-table",
            Self::Idle => "idle",
            Self::Unread => "unread",
            Self::Handshakes => "handshakes",
            Self::TableKeys => "table-keys",
            Self::Passwords => "passwords",
            Self::Forwarded => "forwarded",
            Self::Sockets => "sockets",
        }
    }

    /// Returns the calls a second.
    const fn pace(self) -> u64 {
        match self {
            Self::Bombs => 30,
            Self::Passwords | Self::Forwarded => 60,
            Self::Unread => 100,
            Self::LargeOrders => 150,
            Self::Idle | Self::Sockets => 300,
            Self::SmallOrders | Self::Portions | Self::GoneTable | Self::Handshakes | Self::TableKeys => 400,
        }
    }

    /// Returns the address of the calls: that of the normal load if the mix is about a shared address, otherwise another one.
    const fn address(self, number: u32) -> Ipv4Addr {
        match self {
            Self::Handshakes | Self::TableKeys | Self::LargeOrders | Self::SmallOrders | Self::Portions => Ipv4Addr::LOCALHOST,
            Self::Passwords => Ipv4Addr::new(127, 0, 1 + (number / 200 % 200) as u8, 1 + (number % 200) as u8),
            _ => Ipv4Addr::new(127, 0, 0, 2),
        }
    }

    /// Returns the number of requests in one call. Their unread answers must exceed the kernel's buffers.
    const fn requests(self) -> usize {
        if matches!(self, Self::Unread) { 8 } else { 1 }
    }

    /// Returns flags that the server needs for this mix.
    pub const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Forwarded => &["--trust-forwarded-for"],
            Self::Sockets => &["--connections", "2000"],
            _ => &[],
        }
    }
}

/// The server under attack, and the shared state of a mix's calls.
pub struct Target {
    mix: Mix,
    server: SocketAddr,
    /// The guest's token, if the mix has a guest.
    guest: String,
    dish: String,
    restaurant: String,
    bomb: Vec<u8>,
    held: RefCell<Vec<TcpStream>>,
    answers: RefCell<BTreeMap<String, u64>>,
}

impl Target {
    /// Prepares a mix, for example by sitting down at a table.
    pub async fn prepare(mix: Mix, server: &Server) -> Result<Rc<Self>, Box<dyn std::error::Error>> {
        let seat = Call::new("POST /api/v1/diner-sessions").json(&json!({"table_key": server.tables[HOSTILE_TABLE]}));
        let guest = text(&call(Ipv4Addr::LOCALHOST, server.address, &seat).await?.json()["access_token"]);
        if mix == Mix::GoneTable {
            let delete = format!("DELETE /api/v1/restaurants/{SLUG}/tables/{}", server.table_ids[HOSTILE_TABLE]);
            server.managed(Call::new(delete)).await?;
        }
        let bomb = if mix == Mix::Bombs { bomb()? } else { Vec::new() };
        let (dish, restaurant) = (server.dish.clone(), server.restaurant.clone());
        let (held, answers) = (RefCell::default(), RefCell::default());
        Ok(Rc::new(Self { mix, server: server.address, guest, dish, restaurant, bomb, held, answers }))
    }

    /// Attacks for a while, or sends as many harmless calls from the same addresses. Returns the number of each answer.
    pub async fn run(self: &Rc<Self>, is_hostile: bool, span: Duration) -> BTreeMap<String, u64> {
        let until = Instant::now() + span;
        let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / self.mix.pace()));
        let running = Rc::new(());
        let mut number = 0;
        while Instant::now() < until {
            pace.tick().await;
            number += 1;
            if Rc::strong_count(&running) > AT_ONCE {
                continue;
            }
            let (target, running) = (self.clone(), running.clone());
            spawn_local(async move {
                let outcome = if is_hostile { target.attack(number).await } else { target.ask(number).await };
                let outcome = outcome.map_or_else(|error| error.kind().to_string(), |status| status.to_string());
                *target.answers.borrow_mut().entry(outcome).or_default() += 1;
                drop(running);
            });
        }
        std::mem::take(&mut *self.answers.borrow_mut())
    }

    /// Closes every held connection.
    pub fn release(&self) {
        self.held.borrow_mut().clear();
    }

    /// Sends one harmless request.
    async fn ask(&self, number: u32) -> std::io::Result<u16> {
        let profile = Call::new(format!("GET /api/v1/restaurants/{SLUG}"));
        for _ in 1..self.mix.requests() {
            call(self.mix.address(number), self.server, &profile).await?;
        }
        Ok(call(self.mix.address(number), self.server, &profile).await?.status)
    }

    async fn attack(&self, number: u32) -> std::io::Result<u16> {
        let request = match self.mix {
            Mix::Bombs => {
                let mut request = Call::new("POST /api/v1/sessions").header("Content-Type", "application/json");
                request.body = self.bomb.clone();
                request.header("Content-Encoding", "gzip")
            }
            Mix::LargeOrders => self.order(100, 1, &"n".repeat(200)),
            Mix::SmallOrders | Mix::GoneTable => self.order(1, 1, ""),
            Mix::Portions => self.order(100, 99, ""),
            Mix::Idle => return self.hold(number, &Call::new("GET /healthz")).await,
            Mix::Unread => return self.hold(number, &self.unread(number)).await,
            Mix::Sockets => return self.hold(number, &handshake(&self.guest)).await,
            Mix::Handshakes => handshake("nonsense"),
            Mix::TableKeys => {
                Call::new("POST /api/v1/diner-sessions").json(&json!({"table_key": format!("guessed-{number:012}")}))
            }
            Mix::Passwords => sign_in("manager", &format!("guess {number} of many")),
            Mix::Forwarded => {
                let other = format!("203.0.{}.{}", number / 250 % 250, 1 + number % 250);
                let request = sign_in("manager", &format!("guess {number} of many"));
                request.header("X-Forwarded-For", &other).header("X-Forwarded-For", "198.51.100.7")
            }
        };
        Ok(call(self.mix.address(number), self.server, &request).await?.status)
    }

    fn order(&self, lines: usize, quantity: u32, note: &str) -> Call {
        let mut line = json!({"menu_item": self.dish, "quantity": quantity});
        if !note.is_empty() {
            line["note"] = json!(note);
        }
        let basket = json!({"service": "dine_in", "items": vec![line; lines]});
        let request = Call::new(format!("POST /api/v1/restaurants/{SLUG}/orders")).json(&basket);
        request.token(&self.guest).header("Idempotency-Key", &fresh_id())
    }

    /// Returns a request with a large answer, or a long poll.
    fn unread(&self, number: u32) -> Call {
        if number.is_multiple_of(2) {
            return Call::new(format!("GET /api/v1/restaurants/{SLUG}/menu"));
        }
        Call::new(format!("GET /api/v1/rooms/menu:{}/events?wait=30", self.restaurant)).token(&self.guest)
    }

    /// Sends requests without reading an answer, and keeps the connection open.
    async fn hold(&self, number: u32, request: &Call) -> std::io::Result<u16> {
        let window = (self.mix == Mix::Unread).then_some(SMALL_WINDOW);
        let mut stream = connect(self.mix.address(number), self.server, window).await?;
        stream.write_all(&request.bytes(true).repeat(self.mix.requests())).await?;
        self.held.borrow_mut().push(stream);
        Ok(0)
    }
}

/// Returns a body of about 200 KB that decompresses to 200 MB.
fn bomb() -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"{\"username\":\"")?;
    for _ in 0..200 {
        encoder.write_all(&vec![b'a'; 1024 * 1024])?;
    }
    encoder.finish()
}

fn handshake(token: &str) -> Call {
    Call::new("GET /ws")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header(http::header::SEC_WEBSOCKET_VERSION.as_str(), "13")
        .header(http::header::SEC_WEBSOCKET_KEY.as_str(), "dGhlIHNhbXBsZSBub25jZQ==")
        .header(http::header::SEC_WEBSOCKET_PROTOCOL.as_str(), "orderbell.v1")
        .token(token)
}
