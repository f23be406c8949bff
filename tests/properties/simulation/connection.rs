//! A connection on a node, over a network that keeps the order of one connection's bytes and may cut it at any time.

use super::node::What;
use super::world::{Happening, World};
use orderbell::connection::Limits;
use orderbell::connection::subscription::LastJoins;
use orderbell::connection::websocket::client_state::{ClientState, Effect};
use orderbell::domain::model::history::Epoch;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::Generation;
use orderbell::protocol::{Failure, Frame};
use orderbell::room::members::Sent;
use std::collections::VecDeque;

/// The epoch of the database.
const EPOCH: &str = "e1";
/// Messages that a mailbox holds.
const MAILBOX: usize = 6;
/// Frames that the network holds.
const WINDOW: usize = 5;

/// A message in a connection's mailbox.
pub enum Mail {
    Frames(Vec<Frame>),
    /// A page of a replay or of a snapshot, and the room's next step once the page is sent.
    Page(Vec<Frame>, Box<What>),
    Refused(RoomId, u64),
    Unavailable(RoomId, u64),
    Evicted,
    /// The history of its rooms was rewritten.
    Rewritten,
}

/// A connection.
pub struct Connection {
    pub client: usize,
    pub node: usize,
    pub state: ClientState,
    /// The generation in its `welcome`.
    pub generation: Option<Generation>,
    pub joins: LastJoins,
    mail: VecDeque<Mail>,
    /// Frames on their way.
    unread: usize,
    /// When the last of them arrives.
    arrives: i64,
    /// When the last message to the node arrives.
    pub sent: i64,
    /// Whether it has ended for the client. The node may not know yet.
    pub is_cut: bool,
}

impl Connection {
    pub fn new(client: usize, node: usize, state: ClientState) -> Self {
        let (joins, mail) = (LastJoins::default(), VecDeque::new());
        Self { client, node, state, generation: None, joins, mail, unread: 0, arrives: 0, sent: 0, is_cut: false }
    }

    /// Returns the epoch that `welcome` names.
    pub fn epoch(&self) -> String {
        Epoch { database: EPOCH, generation: self.generation }.to_string()
    }

    /// Puts a message into the mailbox, if there is space.
    pub fn put(&mut self, mail: Mail) -> Sent {
        let waiting = self.mail.iter().filter(|mail| !matches!(mail, Mail::Page(..))).count();
        if waiting >= MAILBOX {
            return Sent::Full;
        }
        self.mail.push_back(mail);
        Sent::Taken
    }

    /// Puts a message into the mailbox, which must not lose it.
    pub fn push(&mut self, mail: Mail) {
        self.mail.push_back(mail);
    }
}

impl World {
    /// Puts a message into a mailbox that must not lose it.
    pub fn deliver(&mut self, connection: u64, mail: Mail) {
        if let Some(open) = self.connections.get_mut(&connection) {
            open.push(mail);
            self.later(0..=2, Happening::Send(connection));
        }
    }

    /// Sends waiting frames, as far as the network takes them.
    pub fn send(&mut self, id: u64) {
        while let Some(connection) = self.connections.get_mut(&id).filter(|connection| connection.unread < WINDOW)
            && let Some(mail) = connection.mail.pop_front()
        {
            let node = connection.node;
            match mail {
                Mail::Frames(frames) => self.transmit(id, frames),
                Mail::Page(frames, then) => {
                    self.transmit(id, frames);
                    self.soon(node, 1..=60, *then);
                }
                Mail::Refused(room, number) => self.turn_away(id, room, number, &Failure::forbidden_room()),
                Mail::Unavailable(room, number) => self.turn_away(id, room, number, &Failure::room_unavailable()),
                Mail::Evicted | Mail::Rewritten => return self.hang_up(id),
            }
        }
    }

    fn turn_away(&mut self, id: u64, room: RoomId, number: u64, failure: &Failure) {
        if let Some(connection) = self.connections.get_mut(&id) {
            if !connection.joins.is_last(room, number) {
                return;
            }
            connection.state.left(room);
        }
        self.transmit(id, vec![failure.clone().about_room(room).frame()]);
    }

    fn transmit(&mut self, id: u64, frames: Vec<Frame>) {
        for frame in frames {
            let Some(connection) = self.connections.get(&id) else { return };
            let is_slow = self.clients[connection.client].is_slow;
            let delay = self.chance.span(if is_slow { 20..=400 } else { 1..=40 });
            let Some(connection) = self.connections.get_mut(&id) else { return };
            connection.unread += 1;
            connection.arrives = connection.arrives.max(self.now + delay);
            let when = connection.arrives;
            self.at(when, Happening::Show(id, frame));
        }
    }

    /// Shows a frame to the client, unless the connection was cut.
    pub fn show(&mut self, id: u64, frame: &Frame) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.is_cut) else { return };
        connection.unread -= 1;
        let client = connection.client;
        self.later(0..=0, Happening::Send(id));
        self.take(client, id, frame);
    }

    /// Ends a connection from the node's side.
    pub fn hang_up(&mut self, id: u64) {
        self.cut(id, 0..=100);
        self.close(id);
    }

    /// Cuts a connection. The node notices it later.
    pub fn cut(&mut self, id: u64, back: std::ops::RangeInclusive<i64>) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.is_cut) else { return };
        connection.is_cut = true;
        let client = connection.client;
        self.clients[client].lose();
        self.later(0..=800, Happening::Close(id));
        self.later(back, Happening::Connect(client));
    }

    /// Ends a connection on its node, which leaves its rooms.
    pub fn close(&mut self, id: u64) {
        let Some(connection) = self.connections.remove(&id) else { return };
        let restaurant = connection.state.principal.restaurant;
        for room in connection.state.rooms() {
            self.leave_room(connection.node, restaurant, *room, id);
        }
    }

    /// Handles a message of the client.
    pub fn arrive(&mut self, id: u64, text: &str) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.is_cut) else { return };
        let (node, restaurant) = (connection.node, connection.state.principal.restaurant);
        let (epoch, generation) = (connection.epoch(), connection.generation);
        match connection.state.read(text, &epoch, &Limits::default()) {
            Effect::Join(subscription) => self.join_room(node, restaurant, id, generation, subscription),
            Effect::Leave(room) => {
                connection.joins.remove(room);
                self.leave_room(node, restaurant, room, id);
            }
            Effect::Command(command) => self.command(id, *command),
            Effect::Place(command, basket, _) => self.place(id, command, *basket),
            Effect::Fail(failure) => self.deliver(id, Mail::Frames(vec![failure.frame()])),
            Effect::Nothing => {} // the client has already left the room
            other => self.blame(format!("{other:?} on {text}")),
        }
    }
}
