//! A room, which drives its members and its tail like `src/room`: it sends each event to all members, and replays missed
//! events to members who join or lag.

use super::connection::{Connection, Mail};
use super::database::Database;
use super::node::{Next, What};
use super::rules::Rule;
use super::world::{Happening, World};
use orderbell::domain::model::event::Event;
use orderbell::domain::model::history::{Comparison, Head, Known, Mark, Point, Standing};
use orderbell::domain::model::room_id::{RoomId, RoomKind};
use orderbell::domain::values::ids::{Generation, RestaurantId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::text::Key;
use orderbell::protocol::{Frame, ServerFrame, Snapshot};
use orderbell::room::MemberId;
use orderbell::room::members::{Members, Sent};
use orderbell::room::tail::Tail;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Messages that a mailbox holds.
const MAILBOX: usize = 3;
/// Frames of the tail.
const TAIL: usize = 4;
const TAIL_BYTES: usize = 1 << 20;
/// Events of a page of a replay.
const PAGE: usize = 3;
/// Events held while the room opens.
const EARLY: usize = 1;

/// A join on its way to a room.
#[derive(Clone)]
pub struct JoinRoom {
    pub room: RoomId,
    pub member: u64,
    pub number: u64,
    pub since: Option<Point>,
    pub has_event: Option<bool>,
    pub only_owner: Option<Key>,
    pub paged: bool,
    pub head: Point,
    /// The generation in the `welcome` of the connection.
    pub generation: Option<Generation>,
}

/// A message in a room's mailbox.
pub enum Inbox {
    Join(JoinRoom),
    Leave(u64),
    Event(Arc<Event>),
    Sync(Point),
}

/// A join that the room is serving.
#[derive(Debug, Clone, Copy)]
pub struct PendingJoin {
    pub member: u64,
    number: u64,
    turn: u64,
    paged: bool,
    rewritten: bool,
}

/// The opening state of a room.
pub struct Opened {
    last: Position,
    asked: Position,
    owner: Option<Key>,
    snapshot: Option<(Snapshot, Mark)>,
}

/// A page of the events that a member missed.
pub type Page = (Vec<Frame>, Point);

enum Stage {
    Closed(Vec<Arc<Event>>),
    Opening(Vec<Arc<Event>>, Vec<JoinRoom>),
    Open(Position),
}

/// A room of a node.
pub struct Room {
    /// Its number, unique among the rooms of all nodes.
    pub serial: u64,
    /// The generation of its feed.
    generation: Option<Generation>,
    head: Point,
    stage: Stage,
    tail: Tail,
    members: Members<u64>,
    owner: Option<Key>,
    inbox: VecDeque<Inbox>,
    awaiting: Vec<PendingJoin>,
    snapshot: Option<Snapshot>,
    joins: u64,
    /// Joins that the feed has sent.
    pub sent_joins: u64,
    has_turn: bool,
    catches_up: bool,
    is_closing: bool,
}

impl Room {
    pub fn new(serial: u64, Standing { generation, last }: Standing) -> Self {
        Self {
            serial,
            generation,
            head: last.into(),
            stage: Stage::Closed(Vec::new()),
            tail: Tail::new(last.position, TAIL, TAIL_BYTES),
            members: Members::default(),
            owner: None,
            inbox: VecDeque::new(),
            awaiting: Vec::new(),
            snapshot: None,
            joins: 0,
            sent_joins: 0,
            has_turn: false,
            catches_up: false,
            is_closing: false,
        }
    }

    /// Puts a message into the mailbox. Returns false if it is full.
    pub fn put(&mut self, message: Inbox) -> bool {
        let has_space = self.inbox.len() < MAILBOX;
        if has_space {
            self.inbox.push_back(message);
        }
        has_space
    }

    /// Puts a message into the mailbox, which must not lose it.
    pub fn push(&mut self, message: Inbox) {
        self.inbox.push_back(message);
    }

    fn is_empty(&self) -> bool {
        let has_joins = matches!(&self.stage, Stage::Opening(_, joining) if !joining.is_empty());
        self.members.is_empty() && !has_joins
    }

    /// Holds an event until the room is open. If there are too many, the room opens after the last of them.
    fn hold(&mut self, event: Arc<Event>) {
        let (Stage::Closed(early) | Stage::Opening(early, _)) = &mut self.stage else { return };
        if early.len() < EARLY {
            early.push(event);
            return;
        }
        early.clear();
        self.head = event.mark().into();
        self.tail = Tail::new(event.position, TAIL, TAIL_BYTES);
    }

    /// Returns the mailbox of a join, if it is still the same one.
    fn handle(&self, turn: PendingJoin) -> Option<u64> {
        self.members.handle(MemberId(turn.member), turn.turn).copied()
    }
}

fn put(connections: &mut BTreeMap<u64, Connection>, woken: &mut Vec<u64>, to: u64, frames: Vec<Frame>) -> Sent {
    woken.push(to);
    connections.get_mut(&to).map_or(Sent::Gone, |connection| connection.put(Mail::Frames(frames)))
}

impl World {
    fn room(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) -> Option<&mut Room> {
        self.nodes[node].feeds.get_mut(&restaurant)?.rooms.get_mut(&room)
    }

    /// Lets a room do something after a time, unless the room has closed by then.
    fn soon_in(&mut self, node: usize, serial: u64, wait: std::ops::RangeInclusive<i64>, what: What) {
        self.soon(node, wait, What::In(serial, Box::new(what)));
    }

    /// Lets a room read the database.
    fn read_in(&mut self, node: usize, serial: u64, read: impl FnOnce(Option<&Database>) -> What + 'static) {
        self.read(node, move |database| What::In(serial, Box::new(read(database))));
    }

    /// Lets a room handle its mailbox.
    pub fn wake(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        if !open.inbox.is_empty() && !std::mem::replace(&mut open.has_turn, true) {
            let serial = open.serial;
            self.soon_in(node, serial, 0..=8, What::Turn(room, restaurant));
        }
    }

    pub fn turn(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        open.has_turn = false;
        match open.inbox.pop_front() {
            Some(Inbox::Join(join)) => self.take_join(node, restaurant, join),
            Some(Inbox::Leave(member)) => {
                if let Stage::Opening(_, joining) = &mut open.stage {
                    joining.retain(|join| join.member != member);
                }
                open.members.leave(MemberId(member));
                self.close_if_empty(node, restaurant, room);
            }
            Some(Inbox::Event(event)) => self.take_event(node, restaurant, room, event),
            Some(Inbox::Sync(head)) => self.sync(node, restaurant, room, head),
            None => {}
        }
        self.wake(node, restaurant, room);
    }

    fn take_event(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, event: Arc<Event>) {
        let holds = self.keeps(Rule::EarlyIsHeld);
        let Some(open) = self.room(node, restaurant, room) else { return };
        match open.stage {
            Stage::Open(_) => self.broadcast_event(node, restaurant, room, &event),
            Stage::Closed(_) | Stage::Opening(..) if holds => open.hold(event),
            Stage::Closed(_) | Stage::Opening(..) => {}
        }
    }

    fn take_join(&mut self, node: usize, restaurant: RestaurantId, join: JoinRoom) {
        let room = join.room;
        let Some(open) = self.room(node, restaurant, room) else { return };
        open.joins += 1;
        match &mut open.stage {
            Stage::Open(_) => {
                open.head = open.head.or_later(join.head);
                self.join(node, restaurant, join);
            }
            Stage::Opening(_, joining) => joining.push(join),
            Stage::Closed(early) => {
                open.stage = Stage::Opening(std::mem::take(early), vec![join]);
                self.open(node, restaurant, room);
            }
        }
    }

    fn open(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) {
        let Some((serial, head)) = self.room(node, restaurant, room).map(|open| (open.serial, open.head.position)) else {
            return;
        };
        self.read_in(node, serial, move |database| {
            let opened = database.map(|database| {
                let exists = match room {
                    RoomId::Order(id) => database.order(restaurant, id).is_some(),
                    RoomId::Kitchen(id) | RoomId::Floor(id) | RoomId::Menu(id) => id == restaurant,
                };
                let last = database.last_in_room(restaurant, room, head);
                let has_snapshot = matches!(room, RoomId::Order(_) | RoomId::Menu(_));
                let snapshot = if has_snapshot { database.snapshot(restaurant, room) } else { None };
                exists.then(|| Opened { last, asked: head, owner: database.owner(restaurant, room), snapshot })
            });
            What::Opened(room, restaurant, opened)
        });
    }

    /// Compares the head after the opening state was read.
    pub fn opening_read(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, opened: Option<Option<Opened>>) {
        let Some(Some(Opened { snapshot, .. })) = &opened else {
            return self.opened(node, restaurant, room, opened);
        };
        if let Some((_, last)) = snapshot {
            self.note_shown(node, restaurant, room, *last);
        }
        let next =
            move |world: &mut Self, head: Option<Head>| world.opened(node, restaurant, room, opened.filter(|_| head.is_some()));
        self.read_head(node, restaurant, room, None, Box::new(next));
    }

    fn opened(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, opened: Option<Option<Opened>>) {
        let checks = self.keeps(Rule::OpenedAtItsHead);
        let Some(open) = self.room(node, restaurant, room) else { return };
        if checks && matches!(&opened, Some(Some(opened)) if opened.asked != open.head.position) {
            return self.open(node, restaurant, room);
        }
        let Stage::Opening(early, joining) = std::mem::replace(&mut open.stage, Stage::Closed(Vec::new())) else { return };
        match opened {
            Some(Some(opened)) => {
                open.owner = opened.owner;
                if let Some((snapshot, _)) = opened.snapshot {
                    open.snapshot = Some(snapshot);
                }
                open.stage = Stage::Open(opened.last);
                early.iter().for_each(|event| self.broadcast_event(node, restaurant, room, event));
                joining.into_iter().for_each(|join| self.join(node, restaurant, join));
            }
            refused => {
                open.stage = Stage::Closed(early);
                for join in joining {
                    let answer = if refused.is_some() { Mail::Refused } else { Mail::Unavailable };
                    self.deliver(join.member, answer(room, join.number));
                }
                self.close_if_empty(node, restaurant, room);
            }
        }
    }

    pub fn refuse_unavailable(&mut self, join: &JoinRoom) {
        self.deliver(join.member, Mail::Unavailable(join.room, join.number));
    }

    /// Serves a join from the tail if possible, and otherwise from the log or with a snapshot.
    fn join(&mut self, node: usize, restaurant: RestaurantId, join: JoinRoom) {
        let (owns, covers) = (self.keeps(Rule::OwnOrdersOnly), self.keeps(Rule::TailCovers));
        let Some(open) = self.room(node, restaurant, join.room) else { return };
        if owns && join.only_owner.is_some() && join.only_owner != open.owner {
            self.deliver(join.member, Mail::Refused(join.room, join.number));
            return self.close_if_empty(node, restaurant, join.room);
        }
        let turn = open.members.join(MemberId(join.member), join.member);
        let rewritten = join.has_event == Some(false);
        let turn = PendingJoin { member: join.member, number: join.number, turn, paged: join.paged, rewritten };
        let room = join.room;
        let is_usable = |at: Position| room.kind() != RoomKind::Menu || at > Position::ZERO || open.head.position == at;
        let is_covered = |at: Position| at <= open.head.position && (open.tail.covers(at) || !covers);
        match join.since.filter(|since| !turn.rewritten && is_usable(since.position)) {
            Some(since) if join.has_event == Some(true) && is_covered(since.position) => {
                self.finish(node, restaurant, room, turn, Vec::new(), since);
            }
            Some(since) => self.replay(node, restaurant, room, turn, since, true),
            None => self.send_snapshot(node, restaurant, room, turn),
        }
    }

    fn replay(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, turn: PendingJoin, sent: Point, is_first: bool) {
        let Some(serial) = self.room(node, restaurant, room).map(|open| open.serial) else { return };
        let asks = self.keeps(Rule::CursorsAreCompared);
        let next = move |world: &mut Self, head: Option<Head>| match head {
            Some(head) if is_first && asks && !head.has(sent) => {
                world.send_snapshot(node, restaurant, room, PendingJoin { rewritten: true, ..turn });
            }
            Some(head) if is_first && sent.position > head.last.position => world.send_snapshot(node, restaurant, room, turn),
            Some(head) => world.read_in(node, serial, move |database| {
                let page = database.map(|database| page(database, restaurant, room, sent.position, head.last));
                What::Paged(room, restaurant, turn, page)
            }),
            None => world.drop_member(node, restaurant, room, turn, Mail::Unavailable(room, turn.number)),
        };
        self.read_head(node, restaurant, room, Some(sent.position), Box::new(next));
    }

    /// Compares the head again after a page was read: the database may have been replaced meanwhile.
    pub fn paged(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, turn: PendingJoin, page: Option<Page>) {
        if page.is_none() {
            return self.replayed(node, restaurant, room, turn, page);
        }
        let next = move |world: &mut Self, head: Option<Head>| {
            world.replayed(node, restaurant, room, turn, page.filter(|_| head.is_some()))
        };
        self.read_head(node, restaurant, room, None, Box::new(next));
    }

    /// Reads the head for a room, like `Histories::head`.
    fn read_head(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, also: Option<Position>, next: Next) {
        let Some(serial) = self.room(node, restaurant, room).map(|open| open.serial) else { return };
        let known = self.nodes[node].known.get(&restaurant).cloned();
        self.read_in(node, serial, move |database| {
            let asked = known.iter().flat_map(Known::positions).chain(also);
            let head = database.map(|database| database.head_and(restaurant, asked));
            What::Headed(room, restaurant, known, head, next)
        });
    }

    /// Compares a head that a room has read with the node's knowledge of the feed. Returns the head if it belongs to the room's
    /// history.
    pub fn judged(
        &mut self,
        node: usize,
        restaurant: RestaurantId,
        room: RoomId,
        known: Option<Known>,
        head: Option<Head>,
    ) -> Option<Head> {
        let generation = self.room(node, restaurant, room)?.generation;
        let head = head?;
        let known = known?;
        let is_same = known.generation == generation && known.compare(&head) == Comparison::Same;
        if is_same || !self.keeps(Rule::ReadsAreCompared) {
            self.show_up_to(node, restaurant, Standing { generation, last: head.last });
            return Some(head);
        }
        self.request(node, restaurant);
        None
    }

    fn replayed(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, turn: PendingJoin, page: Option<Page>) {
        match page {
            Some((frames, through)) => self.finish(node, restaurant, room, turn, frames, through),
            None => self.drop_member(node, restaurant, room, turn, Mail::Unavailable(room, turn.number)),
        }
    }

    fn send_snapshot(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, turn: PendingJoin) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        if let Some(last) = open.snapshot.clone().filter(|last| open.tail.count_after(last.position()) == Some(0)) {
            return self.send_shared(node, restaurant, room, turn, &last);
        }
        open.awaiting.push(turn);
        if open.awaiting.len() == 1 {
            let serial = open.serial;
            self.read_in(node, serial, move |database| {
                What::Read(room, restaurant, database.and_then(|database| database.snapshot(restaurant, room)))
            });
        }
    }

    /// Notes that members may be shown everything up to an event.
    fn note_shown(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, last: Mark) {
        if let Some(generation) = self.room(node, restaurant, room).map(|open| open.generation) {
            self.show_up_to(node, restaurant, Standing { generation, last });
        }
    }

    /// Compares the head after a snapshot was read.
    pub fn snapshot_read(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, read: Option<(Snapshot, Mark)>) {
        let Some((snapshot, last)) = read else { return self.refreshed(node, restaurant, room, None) };
        self.note_shown(node, restaurant, room, last);
        let next = move |world: &mut Self, head: Option<Head>| world.refreshed(node, restaurant, room, head.map(|_| snapshot));
        self.read_head(node, restaurant, room, None, Box::new(next));
    }

    fn refreshed(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, snapshot: Option<Snapshot>) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        let awaiting = std::mem::take(&mut open.awaiting);
        if snapshot.is_some() {
            open.snapshot.clone_from(&snapshot);
        }
        for turn in awaiting {
            match &snapshot {
                Some(snapshot) => self.send_shared(node, restaurant, room, turn, snapshot),
                None => self.drop_member(node, restaurant, room, turn, Mail::Unavailable(room, turn.number)),
            }
        }
    }

    fn send_shared(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, turn: PendingJoin, snapshot: &Snapshot) {
        let first = if turn.paged { snapshot.part(0) } else { None };
        let frame = first.unwrap_or_else(|| snapshot.plain());
        self.finish(node, restaurant, room, turn, vec![frame], snapshot.point());
    }

    /// Sends these frames, then the rest after `through` from the tail, then `live`. Sends more than a page of them page by page.
    fn finish(
        &mut self,
        node: usize,
        restaurant: RestaurantId,
        room: RoomId,
        turn: PendingJoin,
        mut frames: Vec<Frame>,
        through: Point,
    ) {
        let (covers, has_all) = (self.keeps(Rule::TailCovers), self.keeps(Rule::LiveHasAll));
        let (continues, keeps_from) = (self.keeps(Rule::PagesContinue), self.keeps(Rule::LiveFromIsKept));
        let Some(open) = self.room(node, restaurant, room) else { return };
        let rest = if has_all { open.tail.after(through.position) } else { Some(Vec::new()) };
        let is_whole = rest.is_some() || !covers;
        frames.extend(rest.unwrap_or_default());
        if frames.len() > PAGE || !is_whole {
            let sent = if frames.len() > PAGE && continues { frames[PAGE - 1].point() } else { through };
            frames.truncate(PAGE);
            if open.handle(turn).is_some() {
                let then = What::In(open.serial, Box::new(What::Resume(room, restaurant, turn, sent)));
                self.deliver(turn.member, Mail::Page(frames, Box::new(then)));
            }
            return;
        }
        let Point { position, tag } = frames.last().map_or(through, Frame::point).or_later(through).or_later(open.head);
        frames.push(ServerFrame::Live { room, position, tag, rewritten: turn.rewritten }.encode());
        let Some(member) = open.handle(turn) else { return };
        let from = if keeps_from { position } else { Position::ZERO };
        let mut woken = Vec::new();
        let open = self.nodes[node].feeds.get_mut(&restaurant).and_then(|feed| feed.rooms.get_mut(&room));
        let Some(open) = open else { return };
        if put(&mut self.connections, &mut woken, member, frames) == Sent::Taken {
            open.members.set_live(MemberId(turn.member), turn.turn, from);
            self.send_soon(woken);
        } else {
            self.drop_member(node, restaurant, room, turn, Mail::Evicted);
        }
    }

    pub fn resume_after(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, turn: PendingJoin, sent: Point) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        if open.tail.covers(sent.position) {
            self.finish(node, restaurant, room, turn, Vec::new(), sent);
        } else {
            self.replay(node, restaurant, room, turn, sent, false);
        }
    }

    fn drop_member(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, turn: PendingJoin, why: Mail) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        if open.handle(turn).is_some() {
            open.members.leave(MemberId(turn.member));
            self.deliver(turn.member, why);
            self.close_if_empty(node, restaurant, room);
        }
    }

    fn broadcast_event(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, event: &Event) {
        let names_last = self.keeps(Rule::PrevIsTheLast);
        let Some(open) = self.room(node, restaurant, room) else { return };
        let Stage::Open(last) = &mut open.stage else { return };
        let prev = std::mem::replace(last, event.position);
        let told = Position::new(event.position.number() - 1).filter(|_| !names_last).unwrap_or(prev);
        let frame = ServerFrame::event(room, told, event).encode();
        open.head = open.head.or_later(event.mark().into());
        open.tail.push(frame.clone());
        self.broadcast(node, restaurant, room, &frame, prev, true);
    }

    fn sync(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, head: Point) {
        let now = self.time();
        let Some(open) = self.room(node, restaurant, room) else { return };
        let Stage::Open(prev) = open.stage else { return };
        open.head = open.head.or_later(head);
        let Point { position, tag } = head;
        let frame = ServerFrame::Sync { room, position, tag, prev, server_time: now }.encode();
        self.broadcast(node, restaurant, room, &frame, prev, false);
    }

    fn broadcast(&mut self, node: usize, restaurant: RestaurantId, room: RoomId, frame: &Frame, prev: Position, is_event: bool) {
        let now = self.time();
        let mut woken = Vec::new();
        let open = self.nodes[node].feeds.get_mut(&restaurant).and_then(|feed| feed.rooms.get_mut(&room));
        let Some(open) = open else { return };
        let connections = &mut self.connections;
        open.members
            .broadcast(frame, prev, is_event, now, |member, frame| put(connections, &mut woken, *member, vec![frame.clone()]));
        self.send_soon(woken);
        self.close_if_empty(node, restaurant, room);
        self.catch_up_soon(node, restaurant, room);
    }

    fn send_soon(&mut self, woken: Vec<u64>) {
        for connection in woken {
            self.later(0..=2, Happening::Send(connection));
        }
    }

    fn catch_up_soon(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        if open.members.has_lagging() && !std::mem::replace(&mut open.catches_up, true) {
            let serial = open.serial;
            self.soon_in(node, serial, 20..=20, What::CatchUp(room, restaurant));
        }
    }

    pub fn catch_up(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) {
        let (now, catches_up) = (self.time(), self.keeps(Rule::LaggingIsCaughtUp));
        let mut woken = Vec::new();
        let open = self.nodes[node].feeds.get_mut(&restaurant).and_then(|feed| feed.rooms.get_mut(&room));
        let Some(open) = open else { return };
        open.catches_up = false;
        let connections = &mut self.connections;
        let evicted = open.members.catch_up(&open.tail, now, |member, frames| match frames.is_empty() || !catches_up {
            true => Sent::Taken,
            false => put(connections, &mut woken, *member, frames),
        });
        self.send_soon(woken);
        evicted.into_iter().for_each(|member| self.deliver(member, Mail::Evicted));
        self.close_if_empty(node, restaurant, room);
        self.catch_up_soon(node, restaurant, room);
    }

    fn close_if_empty(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        if !open.is_empty() || std::mem::replace(&mut open.is_closing, true) {
            return;
        }
        let wait = if matches!(open.stage, Stage::Open(_)) { 100..=300 } else { 0..=0 };
        let serial = open.serial;
        self.soon_in(node, serial, wait, What::Empty(room, restaurant));
    }

    /// Reports to the feed that a room is empty.
    pub fn report_empty(&mut self, node: usize, restaurant: RestaurantId, room: RoomId) {
        let Some(open) = self.room(node, restaurant, room) else { return };
        open.is_closing = false;
        if open.is_empty() {
            let (serial, joins) = (open.serial, open.joins);
            self.soon_in(node, serial, 0..=20, What::RoomEmpty(room, restaurant, joins));
        }
    }
}

/// Reads a page of the events that a member missed, like `src/room/opening.rs`.
fn page(database: &Database, restaurant: RestaurantId, room: RoomId, sent: Position, head: Mark) -> Page {
    let mut prev = sent;
    let encode = |event: &Arc<Event>| {
        let frame = ServerFrame::event(room, prev, event).encode();
        prev = event.position;
        frame
    };
    let frames: Vec<_> = database.events(restaurant, Some(room), sent, head.position).take(PAGE).map(encode).collect();
    let through = frames.last().map(Frame::point).filter(|_| frames.len() == PAGE).unwrap_or_else(|| head.into());
    (frames, through)
}
