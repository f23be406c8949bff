//! A client: it follows rooms by the cursor rule of docs/protocol.md, sends each command until it is answered, and checks
//! every frame that it gets against the database.

use super::connection::Connection;
use super::database::Database;
use super::node::What;
use super::rules::Rule;
use super::world::{Happening, World};
use crate::support::{dish, principal};
use orderbell::connection::Limits;
use orderbell::connection::websocket::client_state::ClientState;
use orderbell::domain::model::draft::to_json;
use orderbell::domain::model::history::{Head, Standing};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::{CommandId, Generation, OrderId, RestaurantId};
use orderbell::domain::values::merge_patch;
use orderbell::domain::values::position::Position;
use orderbell::protocol::Frame;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The state of a room in a client.
#[derive(Default)]
struct Followed {
    /// The position up to which it has seen everything; `None` before the first snapshot.
    cursor: Option<Position>,
    /// The end of the id of the event at it.
    tag: Option<String>,
    /// The epoch in which it got the cursor.
    epoch: String,
    /// The histories to which its state may belong.
    possible: BTreeSet<usize>,
    documents: BTreeMap<String, Value>,
    calls: Value,
}

/// A client's subscriptions to a room on one connection.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// How often it has subscribed.
    times: usize,
    /// Whether it has got no refusal since.
    is_open: bool,
    /// Whether it has left since.
    has_left: bool,
}

/// A command without an answer.
struct Wish {
    id: CommandId,
    frame: Value,
    sent_at: i64,
}

/// A client.
pub struct Client {
    who: Principal,
    pub is_slow: bool,
    connection: Option<u64>,
    /// Whether it waits for `welcome`.
    is_connecting: bool,
    rooms: BTreeMap<RoomId, Followed>,
    /// The rooms that it has asked for on this connection.
    asked: BTreeMap<RoomId, Asked>,
    wishes: Vec<Wish>,
    answers: BTreeMap<CommandId, Value>,
    orders: Vec<OrderId>,
    last_ack: Position,
    is_paused: bool,
}

impl Client {
    /// Returns the clients of the world: a kitchen screen, a waiter and two guests in one restaurant, and a waiter and a guest
    /// in another.
    pub fn cast(restaurants: &[RestaurantId; 2]) -> Vec<Self> {
        let [one, other] = *restaurants;
        let cast = [
            (one, Role::Kitchen, "kitchen"),
            (one, Role::Staff, "waiter"),
            (one, Role::Diner, "guest"),
            (one, Role::Diner, "friend"),
            (other, Role::Staff, "other waiter"),
            (other, Role::Diner, "other guest"),
        ];
        cast.into_iter().map(|(restaurant, role, name)| Self::of(restaurant, role, name)).collect()
    }

    fn of(restaurant: RestaurantId, role: Role, name: &str) -> Self {
        let rooms = match role {
            Role::Kitchen => vec![RoomId::Kitchen(restaurant)],
            Role::Staff => vec![RoomId::Floor(restaurant), RoomId::Menu(restaurant)],
            _ => vec![RoomId::Menu(restaurant)],
        };
        Self {
            who: Principal { restaurant, sub: name.replace(' ', "-").parse().unwrap(), ..principal(role, None) },
            is_slow: false,
            connection: None,
            is_connecting: false,
            rooms: rooms.into_iter().map(|room| (room, Followed::default())).collect(),
            asked: BTreeMap::new(),
            wishes: Vec::new(),
            answers: BTreeMap::new(),
            orders: Vec::new(),
            last_ack: Position::ZERO,
            is_paused: false,
        }
    }

    /// Loses the connection.
    pub fn lose(&mut self) {
        self.connection = None;
        self.is_connecting = false;
        self.asked.clear();
    }

    fn is_diner(&self) -> bool {
        self.who.role == Role::Diner
    }
}

impl World {
    /// Connects a client to a node, if one is up. It resumes its rooms, and repeats its commands.
    pub fn connect(&mut self, client: usize) {
        if self.clients[client].connection.is_some() || self.clients[client].is_connecting {
            return;
        }
        let up: Vec<usize> = (0..self.nodes.len()).filter(|node| self.nodes[*node].accepts()).collect();
        let Some(node) = self.chance.pick(&up) else { return self.later(50..=200, Happening::Connect(client)) };
        let id = self.number();
        let state = ClientState::new(self.clients[client].who.clone(), Limits::default().messages, self.time());
        self.connections.insert(id, Connection::new(client, node, state));
        self.clients[client].is_connecting = true;
        self.sum.connections += 1;
        self.note(|| format!("client {client} connects to node {node} as connection {id}"));
        let restaurant = self.clients[client].who.restaurant;
        match self.nodes[node].known.get(&restaurant).map(|known| known.generation) {
            Some(generation) => self.welcomed(id, generation),
            None => {
                self.read(node, move |database| What::Welcome(id, database.map(|database| database.head_and(restaurant, None))))
            }
        }
    }

    /// Welcomes a connection to a restaurant of which the node has read the head.
    pub fn welcome(&mut self, node: usize, id: u64, head: Option<Head>) {
        let Some(restaurant) = self.connections.get(&id).map(|open| open.state.principal.restaurant) else { return };
        let Some(head) = head else { return self.hang_up(id) };
        self.begin(node, restaurant, Standing { generation: head.generation, last: head.last });
        self.welcomed(id, self.nodes[node].known[&restaurant].generation);
    }

    /// Takes a `welcome`, subscribes to all rooms and repeats commands without an answer.
    fn welcomed(&mut self, id: u64, generation: Option<Generation>) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.is_cut) else { return };
        connection.generation = generation;
        let client = connection.client;
        self.clients[client].is_connecting = false;
        self.clients[client].connection = Some(id);
        let rooms: Vec<_> = self.clients[client].rooms.keys().copied().collect();
        let is_hasty = self.chance.in_hundred(20);
        for room in rooms {
            self.follow(client, room);
            if is_hasty {
                self.follow(client, room);
            }
        }
        self.repeat(client, 0);
    }

    /// Does something at random, and plans its next action.
    pub fn act(&mut self, client: usize) {
        self.later(if self.is_calm { 500..=500 } else { 40..=220 }, Happening::Act(client));
        let Some(connection) = self.clients[client].connection else { return };
        self.mend(client);
        if self.is_calm {
            return;
        }
        match self.chance.below(24) {
            0..=12 => self.wish(client, connection),
            13 => self.repeat(client, 0),
            14 => self.cut(connection, 0..=1200),
            15 if self.chance.in_hundred(50) => {
                let rooms: Vec<_> = self.clients[client].rooms.keys().copied().collect();
                rooms.into_iter().for_each(|room| self.forget(client, room));
                self.cut(connection, 0..=100);
            }
            16..=18 => {
                let rooms: Vec<_> = self.clients[client].rooms.keys().copied().collect();
                if let Some(room) = self.chance.pick(&rooms) {
                    self.follow(client, room);
                }
            }
            19..=20 => self.leave(client),
            21 => self.snoop(client),
            22 => self.clients[client].is_slow = !self.clients[client].is_slow,
            _ => {}
        }
    }

    /// Loses the connection, and in half of the cases the state too, as a page that is loaded again.
    pub fn flap(&mut self, client: usize) {
        let Some(connection) = self.clients[client].connection.filter(|_| !self.is_calm) else { return };
        if self.chance.in_hundred(50) {
            let rooms: Vec<_> = self.clients[client].rooms.keys().copied().collect();
            rooms.into_iter().for_each(|room| self.forget(client, room));
        }
        self.cut(connection, 0..=100);
    }

    /// Stops being slow.
    pub fn settle(&mut self, client: usize) {
        self.clients[client].is_slow = false;
    }

    /// Subscribes to rooms that it could not follow, and repeats commands without an answer.
    fn mend(&mut self, client: usize) {
        let of = &self.clients[client];
        let is_missing = |room: &RoomId| !of.asked.get(room).is_some_and(|asked| asked.is_open);
        let missing: Vec<_> = of.rooms.keys().copied().filter(is_missing).collect();
        missing.into_iter().for_each(|room| self.follow(client, room));
        self.repeat(client, 700);
    }

    /// Subscribes to a room at its cursor.
    fn follow(&mut self, client: usize, room: RoomId) {
        let (of_room, paged) = (self.keeps(Rule::CursorIsOfTheRoom), self.chance.in_hundred(50));
        let (of_epoch, connection) = (self.keeps(Rule::CursorIsOfItsEpoch), self.clients[client].connection);
        let names_event = self.has_tags && self.keeps(Rule::CursorNamesItsEvent);
        let current = connection.and_then(|id| self.connections.get(&id)).map(Connection::epoch).unwrap_or_default();
        let of = &mut self.clients[client];
        let followed = of.rooms.entry(room).or_default();
        let (cursor, epoch) = (followed.cursor, if of_epoch { followed.epoch.clone() } else { current });
        let since = if of_room { cursor } else { cursor.map(|cursor| cursor.max(of.last_ack)) };
        let asked = of.asked.entry(room).or_default();
        *asked = Asked { times: asked.times + 1, is_open: true, has_left: false };
        let mut frame = json!({"type": "subscribe", "room": room, "paged": paged});
        if let Some(since) = since {
            let tag = followed.tag.as_ref().filter(|_| names_event && followed.cursor == Some(since));
            let epoch = tag.map_or_else(|| epoch.clone(), |tag| format!("{epoch}~{tag}"));
            (frame["since"], frame["epoch"]) = (json!(since), json!(epoch));
        }
        self.say(client, &frame);
    }

    /// Forgets the state of a room.
    fn forget(&mut self, client: usize, room: RoomId) {
        let replaces = self.keeps(Rule::SnapshotReplaces);
        let followed = self.clients[client].rooms.entry(room).or_default();
        *followed = if replaces { Followed::default() } else { Followed { cursor: None, ..std::mem::take(followed) } };
    }

    /// Leaves a room and forgets it. It subscribes again later.
    fn leave(&mut self, client: usize) {
        let rooms: Vec<_> = self.clients[client].rooms.keys().copied().collect();
        let Some(room) = self.chance.pick(&rooms) else { return };
        self.forget(client, room);
        let asked = self.clients[client].asked.entry(room).or_default();
        (asked.is_open, asked.has_left) = (false, true);
        self.say(client, &json!({"type": "unsubscribe", "room": room}));
        if self.chance.in_hundred(50) {
            self.follow(client, room);
        }
    }

    /// Asks for an order that may be another guest's.
    fn snoop(&mut self, client: usize) {
        let orders: Vec<_> = self.database.orders(self.clients[client].who.restaurant).map(|order| order.id).collect();
        if let Some(room) = self.chance.pick(&orders).map(RoomId::Order) {
            self.clients[client].asked.entry(room).or_default().times += 1;
            self.say(client, &json!({"type": "subscribe", "room": room}));
        }
    }

    /// Sends a frame.
    fn say(&mut self, client: usize, frame: &Value) {
        let delay = self.chance.span(1..=40);
        let Some(id) = self.clients[client].connection else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.sent = connection.sent.max(self.now + delay);
        let when = connection.sent;
        self.note(|| format!("client {client} sends {frame}"));
        self.at(when, Happening::Arrive(id, frame.to_string()));
    }

    /// Sends a new command.
    fn wish(&mut self, client: usize, connection: u64) {
        let restaurant = self.clients[client].who.restaurant;
        let id = CommandId::from_uuid(self.id());
        let orders: Vec<_> = self.database.orders(restaurant).map(|order| order.id).collect();
        let calls: Vec<_> = self.database.calls(restaurant).keys().copied().collect();
        let dice = self.chance.below(6);
        let frame = match self.clients[client].who.role {
            Role::Diner if dice < 3 => {
                let lines = json!([{"menu_item": dish(self.chance.below(3) as u128), "quantity": 1}]);
                json!({"type": "place", "id": id, "order": {"service": "dine_in", "items": lines, "note": id.to_string()}})
            }
            Role::Diner => json!({"type": "command", "id": id, "action": "call_waiter", "reason": "bill"}),
            Role::Staff if dice == 0 => {
                let paused = !std::mem::take(&mut self.clients[client].is_paused);
                self.clients[client].is_paused = paused;
                return self.pause(connection, paused);
            }
            Role::Staff if dice == 1 => match self.chance.pick(&calls) {
                Some(call) => json!({"type": "command", "id": id, "action": "answer_call", "call": call}),
                None => return,
            },
            role => {
                let actions: &[&str] =
                    if role == Role::Staff { &["accept", "ready", "serve", "rush"] } else { &["start", "ready", "recall"] };
                let (Some(order), Some(action)) = (self.chance.pick(&orders), self.chance.pick(actions)) else { return };
                let mut frame = json!({"type": "command", "id": id, "order": order, "action": action});
                if action == "rush" {
                    frame["rush"] = json!(self.chance.in_hundred(50));
                }
                frame
            }
        };
        self.say(client, &frame);
        let sent_at = self.now;
        self.clients[client].wishes.push(Wish { id, frame, sent_at });
    }

    /// Sends the commands again that have had no answer for some time.
    fn repeat(&mut self, client: usize, patience: i64) {
        let now = self.now;
        let is_due = |wish: &Wish| wish.sent_at + patience <= now;
        let due: Vec<usize> =
            self.clients[client].wishes.iter().enumerate().filter(|(_, wish)| is_due(wish)).map(|(at, _)| at).collect();
        for at in due {
            if !self.keeps(Rule::SameIdAgain) {
                let id = CommandId::from_uuid(self.id());
                let wish = &mut self.clients[client].wishes[at];
                (wish.id, wish.frame["id"]) = (id, json!(id));
            }
            let wish = &mut self.clients[client].wishes[at];
            wish.sent_at = now;
            let frame = wish.frame.clone();
            self.say(client, &frame);
        }
    }

    /// Takes a frame.
    pub fn take(&mut self, client: usize, connection: u64, frame: &Frame) {
        let text = frame.text();
        self.note(|| format!("client {client} on {connection} gets {text}"));
        let frame: Value = serde_json::from_str(&text).unwrap();
        let outcome = match frame["type"].as_str().unwrap() {
            "ack" => self.take_ack(client, &frame),
            "error" => self.take_error(client, &frame),
            kind => self.take_of_room(client, connection, kind, &frame),
        };
        if let Err(fault) = outcome {
            self.blame(format!("client {client}: {fault}: {frame}"));
        }
    }

    fn take_ack(&mut self, client: usize, frame: &Value) -> Result<(), String> {
        let id: CommandId = frame["id"].as_str().unwrap().parse().unwrap();
        let position = position_in(frame, "position");
        if frame["changed"] == true && self.histories().all(|number| self.history(number).effects(id) == 0) {
            return Err("a command is acknowledged, but not committed".into());
        }
        let was_rewritten = !self.past.is_empty();
        let of = &mut self.clients[client];
        of.last_ack = of.last_ack.max(position);
        of.wishes.retain(|wish| wish.id != id);
        // A database that has lost a command runs it again.
        if let Some(before) = of.answers.insert(id, frame.clone())
            && before != *frame
            && !was_rewritten
        {
            return Err(format!("answered before with {before}"));
        }
        let is_own_order = of.is_diner() && frame["document"]["diner"] == of.who.sub.as_str();
        if is_own_order && let Ok(order) = frame["document"]["id"].as_str().unwrap_or_default().parse() {
            of.orders.push(order);
            if !of.rooms.contains_key(&RoomId::Order(order)) {
                self.follow(client, RoomId::Order(order));
            }
        }
        Ok(())
    }

    fn take_error(&mut self, client: usize, frame: &Value) -> Result<(), String> {
        let is_final = frame["code"] != "unavailable";
        if let Some(id) = frame["id"].as_str() {
            let id: CommandId = id.parse().unwrap();
            if is_final {
                self.clients[client].wishes.retain(|wish| wish.id != id);
            }
            return Ok(());
        }
        let room: RoomId = frame["room"].as_str().ok_or("an error about nothing")?.parse().unwrap();
        if is_final && self.may_see_in(&self.database, client, room) {
            return Err("refused a room that it may see".into());
        }
        if is_final {
            self.clients[client].rooms.remove(&room); // the database has lost it
        }
        // The error may belong to an earlier subscription, so later frames still count.
        if let Some(asked) = self.clients[client].asked.get_mut(&room) {
            asked.is_open = false;
        }
        Ok(())
    }

    fn may_see(&self, client: usize, room: RoomId) -> bool {
        self.histories().any(|number| self.may_see_in(self.history(number), client, room))
    }

    fn may_see_in(&self, database: &Database, client: usize, room: RoomId) -> bool {
        let who = &self.clients[client].who;
        match room {
            RoomId::Order(id) => database
                .order(who.restaurant, id)
                .is_some_and(|order| who.role != Role::Diner || order.diner.as_ref() == Some(&who.sub)),
            RoomId::Menu(restaurant) => restaurant == who.restaurant,
            RoomId::Kitchen(restaurant) => restaurant == who.restaurant && who.role != Role::Diner,
            RoomId::Floor(restaurant) => restaurant == who.restaurant && who.role == Role::Staff,
        }
    }

    fn take_of_room(&mut self, client: usize, connection: u64, kind: &str, frame: &Value) -> Result<(), String> {
        let room: RoomId = frame["room"].as_str().ok_or("a frame without a room")?.parse().unwrap();
        if !self.may_see(client, room) {
            return Err("a frame of a room that the client may not see".into());
        }
        let asked = self.clients[client].asked.get(&room).copied().unwrap_or_default();
        if asked.times == 0 || asked.has_left {
            return Ok(()); // the frame was sent before the client left the room
        }
        let is_again = asked.times > 1;
        if kind == "snapshot" {
            return self.take_snapshot(client, connection, room, frame);
        }
        let position = position_in(frame, "position");
        self.histories().map(|number| self.check_prev(self.history(number), client, room, kind, frame)).min().unwrap()?;
        let followed = &self.clients[client].rooms[&room];
        let Some(cursor) = followed.cursor else {
            return if is_again { Ok(()) } else { Err("nothing comes before the snapshot".into()) };
        };
        let is_event = kind == "event";
        if frame["rewritten"] == true && self.past.is_empty() {
            return Err("no history was rewritten".into());
        }
        if kind == "live" && position < cursor && !is_again {
            return Err(format!("`live` is before the cursor, {cursor}"));
        }
        if position <= cursor && (!is_event || self.keeps(Rule::RepeatsAreDropped)) {
            return if is_event && !is_again { Err(format!("a repeat at the cursor {cursor}")) } else { Ok(()) };
        }
        if kind != "live" && position_in(frame, "prev") > cursor {
            return Err(format!("a gap after the cursor {cursor}"));
        }
        let restaurant = self.clients[client].who.restaurant;
        let continues = |number: usize| continues(self.history(number), restaurant, room, cursor, frame);
        let possible: BTreeMap<_, _> = followed.possible.iter().map(|number| (*number, continues(*number))).collect();
        if !possible.values().any(Result::is_ok) {
            return possible.into_values().next_back().unwrap();
        }
        self.sum.shown += usize::from(is_event);
        let Some(followed) = self.clients[client].rooms.get_mut(&room) else { return Ok(()) };
        followed.cursor = Some(position);
        followed.tag = tag_of(frame);
        followed.possible = possible.into_iter().filter(|(_, continues)| continues.is_ok()).map(|(number, _)| number).collect();
        if is_event {
            followed.apply(&frame["event"]);
        }
        Ok(())
    }

    /// Checks that the room has no event strictly between the positions that a frame names.
    fn check_prev(&self, database: &Database, client: usize, room: RoomId, kind: &str, frame: &Value) -> Result<(), String> {
        let between = || {
            let (prev, position) = (position_in(frame, "prev"), position_in(frame, "position"));
            database.events(self.clients[client].who.restaurant, Some(room), prev, position).count()
        };
        match kind {
            "event" if between() != 1 => Err("`prev` is not the event before".into()),
            "sync" if between() != 0 => Err("a `sync` passes events".into()),
            _ => Ok(()),
        }
    }

    fn take_snapshot(&mut self, client: usize, connection: u64, room: RoomId, frame: &Value) -> Result<(), String> {
        if frame["more"] == true {
            return Err("a snapshot of this size has one part".into());
        }
        self.sum.snapshots += 1;
        let restaurant = self.clients[client].who.restaurant;
        let is_of = |number: &usize| self.past.is_empty() || is_of(self.history(*number), restaurant, room, frame);
        let possible: BTreeSet<_> = self.histories().filter(is_of).collect();
        if possible.is_empty() {
            return Err("a snapshot equals no history".into());
        }
        let replaces = self.keeps(Rule::SnapshotReplaces);
        let epoch = self.connections[&connection].epoch();
        let followed = self.clients[client].rooms.entry(room).or_default();
        let mut documents = if replaces { BTreeMap::new() } else { std::mem::take(&mut followed.documents) };
        for document in frame["documents"].as_array().unwrap() {
            let id = document.get("id").unwrap_or(&document["restaurant"]);
            documents.insert(id.as_str().unwrap().to_owned(), document.clone());
        }
        let calls = if frame["calls"].is_object() { frame["calls"].clone() } else { Value::Object(Map::new()) };
        let cursor = Some(position_in(frame, "position"));
        *followed = Followed { cursor, tag: tag_of(frame), epoch, possible, documents, calls };
        Ok(())
    }

    /// Lets a standby continue with another history. The clients' present state may then belong to either.
    pub fn branch(&mut self, standby: &Database) {
        let (this, next) = (self.past.len(), self.past.len() + 1);
        for client in &mut self.clients {
            let head = standby.head(client.who.restaurant);
            for followed in client.rooms.values_mut() {
                if followed.possible.contains(&this) && followed.cursor <= Some(head) {
                    followed.possible.insert(next);
                }
            }
        }
    }

    /// Checks that every client has every event of its rooms, once.
    pub fn check_end(&mut self) {
        let faults: Vec<_> = (0..self.clients.len()).filter_map(|client| self.end_of(client).err()).collect();
        faults.into_iter().for_each(|fault| self.blame(fault));
        for id in self.database.commands() {
            if self.database.effects(*id) > 1 {
                return self.blame(format!("the command {id} has taken effect more than once"));
            }
        }
        for client in &self.clients {
            let notes: Vec<_> = self
                .database
                .orders(client.who.restaurant)
                .filter_map(|order| order.note.as_ref().map(ToString::to_string))
                .collect();
            if let Some(doubled) = notes.iter().find(|note| notes.iter().filter(|other| other == note).count() > 1) {
                let fault = format!("the order {doubled} was placed twice");
                return self.blame(fault);
            }
        }
        let restaurants: BTreeSet<_> = self.clients.iter().map(|client| client.who.restaurant).collect();
        let of = |id| self.database.events(id, None, Position::ZERO, Position::MAX).count();
        self.sum.events = restaurants.into_iter().map(of).sum();
    }

    fn end_of(&self, client: usize) -> Result<(), String> {
        let of = &self.clients[client];
        if !of.wishes.is_empty() {
            return Err(format!("client {client} has {} commands without an answer", of.wishes.len()));
        }
        of.rooms.iter().try_for_each(|(room, followed)| {
            self.end_of_room(of.who.restaurant, *room, followed).map_err(|fault| format!("client {client}, {room}: {fault}"))
        })
    }

    fn end_of_room(&self, restaurant: RestaurantId, room: RoomId, followed: &Followed) -> Result<(), String> {
        let last = self.database.last_in_room(restaurant, room, Position::MAX);
        let cursor = followed.cursor.ok_or("never came live")?;
        if cursor < last {
            return Err(format!("is at {cursor}, and the room at {last}"));
        }
        let truth: BTreeMap<String, Value> = match room {
            RoomId::Menu(_) => [(restaurant.to_string(), to_json(self.database.menu(restaurant)))].into(),
            _ => self.database.orders(restaurant).map(|order| (order.id.to_string(), to_json(order))).collect(),
        };
        for (id, document) in &followed.documents {
            if truth.get(id) != Some(document) {
                return Err(format!("shows {document}, and not {:?}", truth.get(id)));
            }
        }
        let must_have = |id: &&String| match room {
            RoomId::Menu(_) => true,
            RoomId::Order(own) => **id == own.to_string(),
            _ => truth[*id]["closed_at"].is_null(),
        };
        if let Some(missing) = truth.keys().filter(must_have).find(|id| !followed.documents.contains_key(*id)) {
            return Err(format!("does not show {missing}"));
        }
        let calls = to_json(self.database.calls(restaurant));
        if matches!(room, RoomId::Floor(_)) && followed.calls != calls {
            return Err(format!("shows the calls {}, and not {calls}", followed.calls));
        }
        Ok(())
    }
}

impl Followed {
    fn apply(&mut self, event: &Value) {
        let target = match (event["order"].as_str(), event["kind"].as_str().unwrap_or_default()) {
            (Some(order), _) => self.documents.entry(order.to_owned()).or_default(),
            (None, kind) if kind.starts_with("call.") => &mut self.calls,
            (None, _) => self.documents.values_mut().next().unwrap(),
        };
        merge_patch::apply(target, &event["patch"]);
    }
}

/// Checks that a frame continues a history after a cursor: it must be the only event since, or there must be none.
fn continues(database: &Database, restaurant: RestaurantId, room: RoomId, cursor: Position, frame: &Value) -> Result<(), String> {
    let position = position_in(frame, "position");
    let passed: Vec<_> = database.events(restaurant, Some(room), cursor, position).collect();
    if frame["type"] != "event" {
        return match passed.len() {
            0 => Ok(()),
            count => Err(format!("passes {count} events after the cursor {cursor}")),
        };
    }
    let [event] = &passed[..] else { return Err(format!("of {} events after the cursor {cursor}", passed.len())) };
    let patch: Value = serde_json::from_str(event.patch.get()).unwrap();
    let shown = &frame["event"];
    let is_same = event.position == position && shown["id"] == event.id.to_string();
    if is_same && shown["kind"] == event.kind.as_str() && shown["patch"] == patch { Ok(()) } else { Err("a ghost".into()) }
}

/// Returns whether a snapshot shows the documents of a history at its position.
fn is_of(database: &Database, restaurant: RestaurantId, room: RoomId, frame: &Value) -> bool {
    let position = position_in(frame, "position");
    if database.head(restaurant) < position {
        return false;
    }
    let mut folded: BTreeMap<String, Value> = BTreeMap::new();
    for event in database.events(restaurant, None, Position::ZERO, position) {
        if let Some(order) = event.order {
            let patch = serde_json::from_str(event.patch.get()).unwrap();
            merge_patch::apply(folded.entry(order.to_string()).or_default(), &patch);
        }
    }
    let documents = frame["documents"].as_array().unwrap();
    let is_there = |document: &Value| folded.get(document["id"].as_str().unwrap_or_default()) == Some(document);
    let open = folded.values().filter(|order| order["closed_at"].is_null()).count();
    match room {
        // The menu exists before the first event.
        RoomId::Menu(_) => true,
        RoomId::Order(_) => documents.iter().all(is_there),
        RoomId::Kitchen(_) | RoomId::Floor(_) => documents.iter().all(is_there) && documents.len() == open,
    }
}

/// Returns the end of the id of the event at a frame's position.
fn tag_of(frame: &Value) -> Option<String> {
    let tag = frame["tag"].as_str().map(ToOwned::to_owned);
    tag.or_else(|| frame["event"]["id"].as_str().map(|id| id[id.len() - 12..].to_owned()))
}

fn position_in(frame: &Value, field: &str) -> Position {
    frame[field].as_u64().and_then(Position::new).unwrap()
}
