//! A node: it commits commands, announces their events to its own feeds and to other nodes, and compares heads.

use super::connection::Mail;
use super::feed::Feed;
use super::room::{Opened, Page, PendingJoin};
use super::rules::Rule;
use super::world::{Happening, World};
use crate::support::context;
use orderbell::auth::policy;
use orderbell::broker::message::{Body, Message};
use orderbell::broker::outbox::{Outbox, Waiting};
use orderbell::broker::redis_connection::Outgoing;
use orderbell::domain::model::basket::Basket;
use orderbell::domain::model::command::{Command, Subject};
use orderbell::domain::model::event::{By, Event};
use orderbell::domain::model::history::{Head, Known, Mark, Point};
use orderbell::domain::model::order::Order;
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::rules::change_menu::{self, MenuAction};
use orderbell::domain::rules::place_order::{self, NewIds};
use orderbell::domain::rules::transition;
use orderbell::domain::rules::waiter_call;
use orderbell::domain::values::ids::{CallId, CommandId, OrderId, RestaurantId};
use orderbell::domain::values::level::Level;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::version::Expected;
use orderbell::feed::EventCommitted;
use orderbell::protocol::{Failure, Frame, ServerFrame, Snapshot};
use orderbell::store::group::Writes;
use orderbell::store::log::{CommandKey, Committed, Decide, Reads, State, Work};
use orderbell::store::{Result, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// A step of a node.
pub enum What {
    /// Decides on the commands that wait.
    Commit,
    /// Commits a group that was decided.
    Write(Vec<(Work, Sender)>, Vec<Result<Committed>>, Box<Writes>),
    /// Takes the outcomes of a group.
    Committed(Vec<(Result<Committed>, Sender)>),
    /// A feed takes announced events.
    Take(EventCommitted),
    Head(RestaurantId, Position),
    /// A feed has read its head. Includes the node's knowledge of the feed before.
    Started(RestaurantId, Option<Known>, Option<Head>),
    ReadMissing(RestaurantId),
    /// A feed takes the events after a given one, as read from the log. `None` after a failed read.
    Missing(RestaurantId, Mark, Option<Vec<Arc<Event>>>),
    Pump(RestaurantId),
    Sync(RestaurantId),
    /// A step of the feed or room with a number, unless it has ended.
    In(u64, Box<What>),
    /// A room handles the next message of its mailbox.
    Turn(RoomId, RestaurantId),
    Opened(RoomId, RestaurantId, Option<Option<Opened>>),
    /// A room has read the head, compares it with the node's knowledge, and continues with it.
    Headed(RoomId, RestaurantId, Option<Known>, Option<Head>, Next),
    /// A room has read a snapshot.
    Read(RoomId, RestaurantId, Option<(Snapshot, Mark)>),
    Paged(RoomId, RestaurantId, PendingJoin, Option<Page>),
    Resume(RoomId, RestaurantId, PendingJoin, Point),
    CatchUp(RoomId, RestaurantId),
    Empty(RoomId, RestaurantId),
    RoomEmpty(RoomId, RestaurantId, u64),
    Compare,
    CompareNow,
    CompareDoubted,
    CompareKnown,
    /// The heads of some feeds, or of all that the node knows, were read. Includes the node's knowledge before.
    Compared(bool, Option<Vec<(RestaurantId, Known, Head)>>),
    /// Ends a feed whose history was rewritten.
    End(RestaurantId, Mark),
    /// A node that starts examines where the database is, for the first or the second time.
    Examine(bool),
    /// A connection is welcomed, if the node knows the generation of its restaurant now.
    Welcome(u64, Option<Head>),
    Published(Vec<Outgoing>),
    Reconnect,
    Subscribe,
}

/// The room's next step with a head. The head is `None` if it belongs to another history or the read failed.
pub type Next = Box<dyn FnOnce(&mut World, Option<Head>)>;

/// The sender of a command, who waits for its answer.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    pub connection: u64,
    pub id: CommandId,
}

/// A node. Its life number changes with each start.
#[derive(Default)]
pub struct Node {
    pub life: u64,
    is_up: bool,
    /// Whether it accepts connections.
    pub is_open: bool,
    pub feeds: BTreeMap<RestaurantId, Feed>,
    /// The number of the database server to which its connections lead.
    pub server: u64,
    /// The numbers of the feeds and rooms that have not ended.
    pub open: BTreeSet<u64>,
    /// Its knowledge of feeds.
    pub known: BTreeMap<RestaurantId, Known>,
    /// The feeds of which a comparison is requested.
    pub doubted: BTreeSet<RestaurantId>,
    waiting: Vec<(Work, Sender)>,
    outbox: Outbox,
    is_connected: bool,
    in_flight: Option<Vec<(RestaurantId, Position)>>,
    is_subscribed: bool,
}

impl Node {
    pub fn is_alive(&self, life: u64) -> bool {
        self.is_up && self.life == life
    }

    pub fn accepts(&self) -> bool {
        self.is_up && self.is_open
    }
}

impl World {
    pub fn start(&mut self, node: usize) {
        let life = self.nodes[node].life + 1;
        self.nodes[node] = Node { life, is_up: true, server: self.origin, ..Node::default() };
        self.note(|| format!("node {node} starts"));
        self.soon(node, 0..=50, What::Examine(false));
        self.soon(node, 0..=50, What::Reconnect);
        self.soon(node, 0..=50, What::Subscribe);
        self.soon(node, 100..=2000, What::Compare);
    }

    pub fn die(&mut self, node: usize) {
        if self.is_calm || !self.nodes[node].is_up {
            return;
        }
        self.note(|| format!("node {node} dies"));
        self.sum.deaths += 1;
        self.nodes[node].is_up = false;
        let open: Vec<u64> = self.connections.iter().filter(|(_, open)| open.node == node).map(|(id, _)| *id).collect();
        for id in open {
            self.cut(id, 0..=200);
            self.connections.remove(&id);
        }
        self.later(20..=700, Happening::Start(node));
    }

    pub fn act_on(&mut self, node: usize, what: What) {
        match what {
            What::Commit => self.commit(node),
            What::Write(group, outcomes, writes) => self.write(node, group, outcomes, *writes),
            What::Committed(outcomes) => self.committed(node, outcomes),
            What::Take(committed) => self.take_announced(node, committed),
            What::Head(restaurant, head) => self.note_head(node, restaurant, head),
            What::Started(restaurant, known, head) => self.started(node, restaurant, known, head),
            What::ReadMissing(restaurant) => self.read_missing(node, restaurant),
            What::Missing(restaurant, after, events) => self.missing(node, restaurant, after, events),
            What::Pump(restaurant) => self.retry(node, restaurant),
            What::Sync(restaurant) => self.sync_rooms(node, restaurant),
            What::In(serial, what) => {
                if self.nodes[node].open.contains(&serial) {
                    self.act_on(node, *what);
                }
            }
            What::Turn(room, restaurant) => self.turn(node, restaurant, room),
            What::Opened(room, restaurant, opened) => self.opening_read(node, restaurant, room, opened),
            What::Read(room, restaurant, snapshot) => self.snapshot_read(node, restaurant, room, snapshot),
            What::Paged(room, restaurant, turn, page) => self.paged(node, restaurant, room, turn, page),
            What::Headed(room, restaurant, known, head, next) => {
                let head = self.judged(node, restaurant, room, known, head);
                next(self, head);
            }
            What::Resume(room, restaurant, turn, sent) => self.resume_after(node, restaurant, room, turn, sent),
            What::CatchUp(room, restaurant) => self.catch_up(node, restaurant, room),
            What::Empty(room, restaurant) => self.report_empty(node, restaurant, room),
            What::RoomEmpty(room, restaurant, joins) => self.room_empty(node, restaurant, room, joins),
            What::Compare => self.compare(node),
            What::CompareNow => self.compare_now(node),
            What::CompareDoubted => self.compare_doubted(node),
            What::CompareKnown => self.compare_known(node),
            What::Compared(is_all, heads) => self.judge_these(node, is_all, heads),
            What::End(restaurant, head) => self.end_feed(node, restaurant, head),
            What::Examine(is_again) => self.examine(node, is_again),
            What::Welcome(connection, head) => self.welcome(node, connection, head),
            What::Published(messages) => self.published(node, messages),
            What::Reconnect => self.reconnect(node),
            What::Subscribe => self.subscribe(node),
        }
    }

    /// Runs a command of a connection.
    pub fn command(&mut self, connection: u64, command: Command) {
        let Some(who) = self.connections.get(&connection).map(|open| open.state.principal.clone()) else { return };
        let key = key(&who, command.id, format!("{command:?}"));
        let sender = Sender { connection, id: command.id };
        if !policy::may_act(&who, command.action()) {
            return self.answer(sender, Err(Refusal::new(RefusalKind::Forbidden, "your role may not do this")));
        }
        let (reads, decide): (Reads, Decide) = match command.subject {
            Subject::Order { order, expected, action } => {
                let (who, ids) = (who.clone(), [self.id()]);
                let decide = move |state: State| {
                    let is_visible = |order: &Order| who.role != Role::Diner || order.diner.as_ref() == Some(&who.sub);
                    let order = state.order.filter(is_visible);
                    let order = order.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "no such order"))?;
                    transition::decide(&order, &action, expected, context(&who, state.moment, &ids, None))
                };
                (Reads::Order(order), Box::new(decide))
            }
            Subject::Call(action) => {
                let (who, id) = (who.clone(), CallId::from_uuid(self.id()));
                let decide = move |state: State| waiter_call::decide(&state.calls, &action, &who, id, state.moment);
                (Reads::Calls, Box::new(decide))
            }
            Subject::Visit { .. } => unreachable!("no client of the simulation moves a visit"),
        };
        self.enqueue(connection, &who, reads, Some(key), sender, decide);
    }

    /// Places an order of a connection.
    pub fn place(&mut self, connection: u64, id: CommandId, basket: Basket) {
        let Some(who) = self.connections.get(&connection).map(|open| open.state.principal.clone()) else { return };
        let key = key(&who, id, format!("{basket:?}"));
        let order = OrderId::from_uuid(self.id());
        let items: Vec<_> = basket.items.iter().map(|_| self.id()).collect();
        let orderer = who.clone();
        let decide = move |state: State| {
            let (number, tickets, level) = (state.next_number, state.ticket_counter, Level::CURRENT);
            let default_minutes = state.default_minutes;
            let ids = NewIds { number, tickets, order, items: items.clone(), default_minutes, level, rules: state.rules };
            place_order::decide(&state.menu.unwrap(), &basket, &orderer, &ids, state.moment)
        };
        self.enqueue(connection, &who, Reads::Basket, Some(key), Sender { connection, id }, Box::new(decide));
    }

    /// Pauses a restaurant, or ends its pause, by an HTTP call.
    pub fn pause(&mut self, connection: u64, paused: bool) {
        let Some(who) = self.connections.get(&connection).map(|open| open.state.principal.clone()) else { return };
        let decide = move |state: State| {
            let action = MenuAction::Pause { paused, until: None };
            change_menu::decide(&state.menu.unwrap(), &action, &Expected::ANY, state.moment)
        };
        let sender = Sender { connection: 0, id: CommandId::from_uuid(Uuid::nil()) };
        self.enqueue(connection, &who, Reads::Menu, None, sender, Box::new(decide));
    }

    fn enqueue(
        &mut self,
        connection: u64,
        who: &Principal,
        reads: Reads,
        command: Option<CommandKey>,
        sender: Sender,
        decide: Decide,
    ) {
        let Some(node) = self.connections.get(&connection).map(|open| open.node) else { return };
        let at = self.time();
        let work = Work { restaurant: who.restaurant, reads, command, by: By::of(who), at, note: None, delivery: None, decide };
        self.nodes[node].waiting.push((work, sender));
        if self.nodes[node].waiting.len() == 1 {
            self.soon(node, 1..=30, What::Commit);
        }
    }

    /// Decides on the waiting commands as one group, up to a command that cannot share a group. Locks nothing until the commit.
    fn commit(&mut self, node: usize) {
        let waiting = &mut self.nodes[node].waiting;
        let shared = waiting.iter().take_while(|(work, _)| work.reads.is_shared()).count();
        let (works, senders): (Vec<_>, Vec<_>) = waiting.drain(..shared.max(1).min(waiting.len())).unzip();
        if works.is_empty() {
            return;
        }
        if !waiting.is_empty() {
            self.soon(node, 1..=10, What::Commit);
        }
        let fails = !self.has_database || self.has_faults() && self.chance.in_hundred(5);
        if fails {
            return self.fail_commit(node, senders);
        }
        let (outcomes, writes) = self.database.decide(&works, self.keeps(Rule::AnswersAreRemembered));
        if !self.keeps(Rule::AckAfterCommit) {
            for (outcome, sender) in outcomes.iter().zip(&senders) {
                self.answer_outcome(*sender, outcome);
            }
        }
        self.soon(node, 0..=40, What::Write(works.into_iter().zip(senders).collect(), outcomes, Box::new(writes)));
    }

    /// Commits a decided group, or decides it again if another commit came first. The node may not learn the outcome.
    fn write(&mut self, node: usize, group: Vec<(Work, Sender)>, outcomes: Vec<Result<Committed>>, writes: Writes) {
        let senders: Vec<_> = group.iter().map(|(_, sender)| *sender).collect();
        if !self.has_database || self.has_faults() && self.chance.in_hundred(5) {
            return self.fail_commit(node, senders);
        }
        if self.keeps(Rule::HeadIsCompared) && !self.database.is_unmoved(&writes, self.keeps(Rule::AnswersAreRemembered)) {
            self.nodes[node].waiting.splice(..0, group);
            return self.soon(node, 0..=5, What::Commit);
        }
        self.database.write(writes);
        if self.has_faults() && self.chance.in_hundred(6) {
            return self.fail_commit(node, senders);
        }
        self.soon(node, 0..=30, What::Committed(outcomes.into_iter().zip(senders).collect()));
    }

    fn fail_commit(&mut self, node: usize, senders: Vec<Sender>) {
        let outcomes = senders.into_iter().map(|sender| (Err(StoreError::Unavailable), sender)).collect();
        self.soon(node, 10..=200, What::Committed(outcomes));
    }

    /// Announces the events of a group, and answers its members.
    fn committed(&mut self, node: usize, outcomes: Vec<(Result<Committed>, Sender)>) {
        for (outcome, sender) in outcomes {
            if let Ok(Committed { events, link, .. }) = &outcome
                && let (Some(first), Some(last)) = (events.first(), events.last())
            {
                let committed = EventCommitted { restaurant: first.restaurant, link: *link, events: events.clone() };
                // Announcements of two commits may cross.
                self.soon(node, 0..=12, What::Take(committed.clone()));
                self.announce(node, last.position, committed);
            }
            self.answer_outcome(sender, &outcome);
        }
    }

    fn answer_outcome(&mut self, sender: Sender, outcome: &Result<Committed>) {
        match outcome {
            Ok(Committed { answer: Ok(ack), .. }) => {
                let frame =
                    ServerFrame::Ack { id: sender.id, position: ack.position, changed: ack.changed, document: &ack.document };
                self.reply(sender, frame.encode());
            }
            Ok(Committed { answer: Err(refusal), .. }) => self.answer(sender, Err(refusal.clone())),
            Err(_) => self.reply(sender, Failure::database_unavailable().about_command(sender.id).frame()),
        }
    }

    fn answer(&mut self, sender: Sender, refused: std::result::Result<(), Refusal>) {
        if let Err(refusal) = refused {
            self.reply(sender, Failure::from(refusal).about_command(sender.id).frame());
        }
    }

    fn reply(&mut self, sender: Sender, frame: Frame) {
        self.deliver(sender.connection, Mail::Frames(vec![frame]));
    }

    /// Announces events to other nodes, or remembers that it could not.
    fn announce(&mut self, node: usize, reaches: Position, committed: EventCommitted) {
        let restaurant = committed.restaurant;
        if self.nodes[node].is_connected {
            self.put(node, restaurant, reaches, Body::Committed(committed));
            self.publish_waiting(node);
        } else {
            self.miss(node, restaurant, reaches);
        }
    }

    fn put(&mut self, node: usize, restaurant: RestaurantId, reaches: Position, body: Body) {
        let sealed = Message { node: Uuid::from_u128(node as u128), body }.encode();
        let outgoing = Outgoing { channel: restaurant.to_string(), sealed };
        if !self.nodes[node].outbox.put(Waiting { restaurant, reaches, outgoing }) {
            self.miss(node, restaurant, reaches);
        }
    }

    fn miss(&mut self, node: usize, restaurant: RestaurantId, reaches: Position) {
        if self.keeps(Rule::DroppedIsRemembered) {
            self.nodes[node].outbox.miss(restaurant, reaches);
        }
    }

    fn put_missed(&mut self, node: usize) {
        let mut missed = self.nodes[node].outbox.take_missed();
        missed.sort_unstable(); // the outbox has no order
        for (restaurant, head) in missed {
            self.put(node, restaurant, head, Body::Head(restaurant, head));
        }
    }

    fn publish_waiting(&mut self, node: usize) {
        let from = &mut self.nodes[node];
        if !from.is_connected || from.in_flight.is_some() {
            return;
        }
        let (heads, messages) = from.outbox.take_batch();
        if !messages.is_empty() {
            from.in_flight = Some(heads);
            self.soon(node, 0..=20, What::Published(messages));
        }
    }

    fn published(&mut self, node: usize, messages: Vec<Outgoing>) {
        let fails = !self.has_redis || !self.is_calm && self.chance.in_hundred(if self.is_lossy { 5 } else { 30 });
        // Redis may have received everything although the round trip fails.
        if self.has_redis && (!fails || self.chance.in_hundred(50)) {
            messages.into_iter().for_each(|message| self.relay(node, &message));
        }
        if fails {
            return self.lose_publisher(node);
        }
        self.nodes[node].in_flight = None;
        self.put_missed(node);
        self.publish_waiting(node);
    }

    fn lose_publisher(&mut self, node: usize) {
        let from = &mut self.nodes[node];
        from.is_connected = false;
        let lost = from.in_flight.take().unwrap_or_default().into_iter().chain(from.outbox.clear());
        for (restaurant, reaches) in lost.collect::<Vec<_>>() {
            self.miss(node, restaurant, reaches);
        }
        self.soon(node, 10..=300, What::Reconnect);
    }

    fn reconnect(&mut self, node: usize) {
        if !self.has_redis {
            return self.soon(node, 10..=300, What::Reconnect);
        }
        self.nodes[node].is_connected = true;
        self.put_missed(node);
        self.publish_waiting(node);
    }

    /// Relays a message to the other nodes, which may get it late, twice or never.
    fn relay(&mut self, from: usize, message: &Outgoing) {
        for node in (0..self.nodes.len()).filter(|node| *node != from) {
            let copies = match self.chance.below(10) {
                // What disturbs the database may disturb the network too.
                0..=5 if self.has_faults() && self.standby.is_some() => 0,
                _ if !self.has_faults() => 1,
                0..=1 => 0,
                2 => 2,
                _ => 1,
            };
            for _ in 0..copies {
                self.later(1..=90, Happening::Relay(node, message.sealed.clone()));
            }
        }
    }

    /// Takes a message of another node.
    pub fn hear(&mut self, node: usize, message: &[u8]) {
        if !self.nodes[node].is_up || !self.nodes[node].is_subscribed {
            return;
        }
        match Message::decode(message).map(|message| message.body) {
            Ok(Body::Committed(committed)) => self.soon(node, 0..=5, What::Take(committed)),
            Ok(Body::Head(restaurant, head)) => self.soon(node, 0..=5, What::Head(restaurant, head)),
            Ok(Body::Beat(_)) | Err(_) => self.blame("a message is garbled".into()),
        }
    }

    pub fn set_redis(&mut self, is_there: bool) {
        self.has_redis = is_there;
        for node in 0..self.nodes.len() {
            if !is_there {
                self.nodes[node].is_subscribed = false;
            }
            self.soon(node, 10..=300, What::Subscribe);
        }
    }

    /// Subscribes to the announcements of other nodes. The comparison of heads finds earlier events.
    fn subscribe(&mut self, node: usize) {
        if !self.has_redis || self.nodes[node].is_subscribed {
            return;
        }
        self.nodes[node].is_subscribed = true;
        if self.keeps(Rule::HeadsAreCompared) {
            self.compare_now(node);
        }
    }

    fn compare(&mut self, node: usize) {
        self.soon(node, 500..=2500, What::Compare);
        if self.is_lossy && self.keeps(Rule::HeadsAreCompared) {
            self.compare_now(node);
        }
    }

    fn compare_now(&mut self, node: usize) {
        let restaurants: Vec<_> = self.nodes[node].feeds.keys().copied().collect();
        self.compare_these(node, restaurants, false);
    }
}

/// The key of a command.
fn key(who: &Principal, id: CommandId, meaning: String) -> CommandKey {
    let mut fingerprint = [0; 32];
    for (at, byte) in meaning.bytes().enumerate() {
        fingerprint[at % 32] ^= byte;
    }
    CommandKey { sub: who.sub.clone(), id, fingerprint }
}
