//! The thousand clients who use the restaurant normally: guests who follow their orders, kitchen screens, the floor, and
//! newcomers.

use crate::http::{Call, call};
use crate::server::{PASSWORD, SLUG, Server, TABLES, WAITERS, sign_in, text};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http::HeaderValue};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Kitchen screens, waiters' phones on the floor, and guests: a thousand together.
pub const KITCHENS: usize = 20;
const FLOORS: usize = 30;
const GUESTS: usize = 950;
/// Commands a second.
const COMMANDS: u64 = 50;
/// Newcomers a second: enough that the 99th percentile of ten seconds is not simply the slowest one.
const NEWCOMERS: u64 = 20;
/// How long an event may take before it counts as lost.
const LATE: Duration = Duration::from_secs(15);

/// The measurements of one phase.
#[derive(Default)]
pub struct Figures {
    /// Microseconds from a command to its answer.
    pub commands: Vec<u64>,
    /// Microseconds from a command to each screen that shows it.
    pub deliveries: Vec<u64>,
    /// Microseconds from a newcomer's first byte to the first document.
    pub newcomers: Vec<u64>,
    /// Refused or lost requests and connections of these clients, by outcome.
    pub refused: HashMap<String, u64>,
}

/// The events that the screens have seen and should see.
#[derive(Default)]
struct Book {
    figures: RefCell<Figures>,
    /// Commands that were sent, by id.
    sent: RefCell<HashMap<String, Sent>>,
    /// Repeated events, and events after a gap.
    faults: Cell<u64>,
    is_over: Cell<bool>,
}

/// A command that was sent.
struct Sent {
    begun: Instant,
    is_acknowledged: bool,
    /// The screens that have shown it.
    seen: usize,
}

impl Book {
    fn begin(&self, id: &str) {
        let begun = Instant::now();
        self.sent.borrow_mut().insert(id.to_owned(), Sent { begun, is_acknowledged: false, seen: 0 });
    }

    fn acknowledge(&self, id: &str) {
        if let Some(sent) = self.sent.borrow_mut().get_mut(id) {
            self.figures.borrow_mut().commands.push(micros(sent.begun));
            sent.is_acknowledged = true;
        }
    }

    fn refuse(&self, what: impl Into<String>) {
        *self.figures.borrow_mut().refused.entry(what.into()).or_default() += 1;
    }
}

/// The people at one server.
pub struct Crowd {
    book: Rc<Book>,
    server: SocketAddr,
    tables: Vec<String>,
    waiters: Vec<String>,
    kitchen: String,
    restaurant: String,
    orders: Vec<String>,
}

#[derive(Deserialize)]
struct Frame {
    r#type: String,
    #[serde(default)]
    position: u64,
    #[serde(default)]
    prev: u64,
    event: Option<Event>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct Event {
    command: Option<String>,
}

impl Crowd {
    /// Connects everybody. Each guest gets an accepted order.
    pub async fn join(server: &Server) -> Outcome<Rc<Self>> {
        let mut waiters = Vec::new();
        for waiter in 0..WAITERS {
            waiters.push(text(&server.sign_in(&format!("waiter{waiter}")).await?["access_token"]));
        }
        let kitchen = server.kitchen_token()?;
        let mut crowd = Self {
            book: Rc::default(),
            server: server.address,
            tables: server.tables.clone(),
            waiters,
            kitchen,
            restaurant: server.restaurant.clone(),
            orders: Vec::new(),
        };
        for guest in 0..GUESTS {
            let (token, order) = crowd.sit_and_order(guest, &server.dish).await?;
            crowd.watch(&token, &format!("order:{order}")).await?;
            crowd.orders.push(order);
        }
        for _ in 0..KITCHENS {
            crowd.watch(&crowd.kitchen, &format!("kitchen:{}", crowd.restaurant)).await?;
        }
        for floor in 0..FLOORS {
            crowd.watch(&crowd.waiters[floor % WAITERS], &format!("floor:{}", crowd.restaurant)).await?;
        }
        Ok(Rc::new(crowd))
    }

    async fn sit_and_order(&self, guest: usize, dish: &str) -> Outcome<(String, String)> {
        let seat = json!({"table_key": self.tables[guest % TABLES]});
        let seated = self.call(&Call::new("POST /api/v1/diner-sessions").json(&seat)).await?;
        let token = text(&seated["access_token"]);
        let basket = json!({"service": "dine_in", "items": [{"menu_item": dish, "quantity": 1}]});
        let place = Call::new(format!("POST /api/v1/restaurants/{SLUG}/orders")).json(&basket).token(&token);
        let order = text(&self.call(&place.header("Idempotency-Key", &fresh_id())).await?["id"]);
        let accept = json!({"id": fresh_id(), "action": "accept", "minutes": 20});
        let accept = Call::new(format!("POST /api/v1/orders/{order}/commands")).json(&accept);
        self.call(&accept.token(&self.waiters[guest % WAITERS])).await?;
        Ok((token, order))
    }

    async fn call(&self, request: &Call) -> Outcome<Value> {
        let answer = call(Ipv4Addr::LOCALHOST, self.server, request).await?;
        match answer.status {
            200..=299 => Ok(answer.json()),
            status => Err(format!("{status} {} ({})", text(&answer.json()["code"]), request.line).into()),
        }
    }

    /// Joins a room, and follows it by the cursor rule until the end.
    async fn watch(&self, token: &str, room: &str) -> Outcome<()> {
        let (mut socket, mut cursor) = timeout(LATE, open(self.server, token, room)).await??;
        let book = self.book.clone();
        spawn_local(async move {
            while let Some(Ok(message)) = socket.next().await {
                let now = Instant::now();
                let Message::Text(message) = message else { continue };
                let Ok(frame) = serde_json::from_str::<Frame>(&message) else { continue };
                if !matches!(&*frame.r#type, "event" | "sync") {
                    continue;
                }
                if frame.prev > cursor || frame.event.is_some() && frame.position <= cursor {
                    book.faults.set(book.faults.get() + 1);
                }
                cursor = cursor.max(frame.position);
                if let Some(command) = frame.event.and_then(|event| event.command) {
                    note(&book, &command, now);
                }
            }
            if !book.is_over.get() {
                book.refuse("an accepted connection was closed");
            }
        });
        Ok(())
    }

    /// Runs the load for a while. Returns the measurements.
    pub async fn work(self: &Rc<Self>, span: Duration) -> Figures {
        let until = Instant::now() + span;
        tokio::join!(self.send_commands(until), self.let_newcomers_in(until));
        std::mem::take(&mut *self.book.figures.borrow_mut())
    }

    async fn send_commands(&self, until: Instant) {
        let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / COMMANDS));
        let mut running = Vec::new();
        let mut number = 0;
        while Instant::now() < until {
            pace.tick().await;
            number += 1;
            let (order, waiter) = (self.orders[number % self.orders.len()].clone(), self.waiters[number % WAITERS].clone());
            let (book, server) = (self.book.clone(), self.server);
            running.push(spawn_local(async move {
                let id = fresh_id();
                let body = json!({"id": id, "action": "promise", "minutes": 25});
                let request = Call::new(format!("POST /api/v1/orders/{order}/commands")).json(&body).token(&waiter);
                book.begin(&id);
                match call(Ipv4Addr::LOCALHOST, server, &request).await {
                    Ok(answer) if answer.status == 200 => book.acknowledge(&id),
                    Ok(answer) => book.refuse(format!("a command: {} {}", answer.status, text(&answer.json()["code"]))),
                    Err(error) => book.refuse(format!("a command: {}", error.kind())),
                }
            }));
        }
        for command in running {
            let _ = command.await;
        }
    }

    /// Lets newcomers in: a guest, a screen and a waiter in turn, each of whom connects, waits for the first document and
    /// leaves.
    async fn let_newcomers_in(self: &Rc<Self>, until: Instant) {
        let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / NEWCOMERS));
        let mut coming = Vec::new();
        while Instant::now() < until {
            pace.tick().await;
            let (crowd, number) = (self.clone(), coming.len() + 1);
            coming.push(spawn_local(async move {
                let begun = Instant::now();
                let outcome = timeout(LATE, crowd.come_in(number)).await.unwrap_or_else(|_| Err("took too long".into()));
                match outcome {
                    // A password check costs more than all other steps together. It must succeed, but is not measured.
                    Ok(()) if signs_in(number) => {}
                    Ok(()) => crowd.book.figures.borrow_mut().newcomers.push(micros(begun)),
                    Err(error) => crowd.book.refuse(format!("a newcomer: {error}")),
                }
            }));
        }
        for newcomer in coming {
            let _ = newcomer.await;
        }
    }

    async fn come_in(&self, number: usize) -> Outcome<()> {
        if signs_in(number) {
            self.call(&sign_in(&format!("waiter{}", number / 20 % WAITERS), PASSWORD)).await?;
            return Ok(());
        }
        let (token, room) = match number % 2 {
            0 => (self.kitchen.clone(), format!("kitchen:{}", self.restaurant)),
            _ => {
                let seat = json!({"table_key": self.tables[number % TABLES]});
                let seated = self.call(&Call::new("POST /api/v1/diner-sessions").json(&seat)).await?;
                (text(&seated["access_token"]), format!("menu:{}", self.restaurant))
            }
        };
        let (mut socket, _) = open(self.server, &token, &room).await?;
        let _ = socket.close(None).await;
        Ok(())
    }

    /// Waits until every acknowledged command is on every screen. Returns the number of missing events, and of repeated or
    /// misordered ones.
    pub async fn settle(&self) -> (usize, u64) {
        let wanted = 1 + KITCHENS + FLOORS;
        let until = Instant::now() + LATE;
        loop {
            let is_lost = |sent: &&Sent| sent.is_acknowledged && sent.seen < wanted;
            let lost = self.book.sent.borrow().values().filter(is_lost).count();
            if lost == 0 || Instant::now() > until {
                return (lost, self.book.faults.get());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.book.is_over.set(true);
    }
}

/// Returns whether a newcomer is a waiter who signs in.
const fn signs_in(number: usize) -> bool {
    number.is_multiple_of(20)
}

fn note(book: &Book, command: &str, now: Instant) {
    if let Some(sent) = book.sent.borrow_mut().get_mut(command) {
        sent.seen += 1;
        book.figures.borrow_mut().deliveries.push(u64::try_from((now - sent.begun).as_micros()).unwrap_or(u64::MAX));
    }
}

/// Opens a WebSocket and joins a room. Returns the WebSocket and the room's position when it is live.
async fn open(server: SocketAddr, token: &str, room: &str) -> Outcome<(WebSocketStream<TcpStream>, u64)> {
    let mut request = format!("ws://{server}/ws").into_client_request()?;
    request.headers_mut().insert("Authorization", HeaderValue::from_str(&format!("Bearer {token}"))?);
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("orderbell.v1"));
    let stream = TcpStream::connect(server).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    socket.send(Message::text(json!({"type": "subscribe", "room": room}).to_string())).await?;
    while let Some(message) = socket.next().await {
        let Message::Text(message) = message? else { continue };
        let frame: Frame = serde_json::from_str(&message)?;
        match &*frame.r#type {
            "live" if !frame.more => return Ok((socket, frame.position)),
            "error" => return Err(format!("{room}: {message}").into()),
            _ => {}
        }
    }
    Err("closed before it was live".into())
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Returns a random id for a command.
pub fn fresh_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}
