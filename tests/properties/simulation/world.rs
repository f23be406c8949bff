//! The world: a queue of events in simulated time, the database, the nodes, the connections and the clients.

use super::chance::Chance;
use super::client::Client;
use super::connection::Connection;
use super::database::Database;
use super::node::{Node, What};
use super::rules::Rule;
use crate::support::{at, restaurant};
use orderbell::domain::values::ids::RestaurantId;
use orderbell::domain::values::time::Timestamp;
use orderbell::protocol::Frame;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// The time during which clients act and faults occur.
const BUSY: i64 = 3000;
/// The time after [`BUSY`] within which everything must arrive.
const CALM: i64 = 6000;
/// Nodes that serve one database.
const NODES: usize = 2;

/// A read of the database: gets the database, or `None` if the read fails, and returns the reader's next step.
pub type Read = Box<dyn FnOnce(Option<&Database>) -> What>;

/// Something that happens at a time.
pub enum Happening {
    /// A client does something.
    Act(usize),
    /// A client connects.
    Connect(usize),
    /// A message of a client reaches its node.
    Arrive(u64, String),
    /// A frame reaches its client.
    Show(u64, Frame),
    /// A connection sends the frames in its mailbox.
    Send(u64),
    /// A node notices that a connection has ended.
    Close(u64),
    /// A message of one node reaches another.
    Relay(usize, Vec<u8>),
    /// A node does something, unless it has restarted since.
    Do(usize, u64, Box<What>),
    /// A node reads the database, unless it has restarted since.
    Read(usize, u64, Read),
    /// A node dies.
    Die(usize),
    /// A node starts.
    Start(usize),
    /// The database becomes reachable, or unreachable.
    Database(bool),
    /// Redis becomes reachable, or unreachable.
    Redis(bool),
    /// A client loses its connection, and perhaps its state.
    Flap(usize),
    /// A standby misses commits from now on.
    Standby,
    /// The standby replaces the database.
    Rewrite,
    /// All faults end.
    Calm,
}

/// The totals of a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    pub events: usize,
    pub shown: usize,
    pub connections: usize,
    pub snapshots: usize,
    pub deaths: usize,
}

impl Sum {
    pub fn plus(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            shown: self.shown + other.shown,
            connections: self.connections + other.connections,
            snapshots: self.snapshots + other.snapshots,
            deaths: self.deaths + other.deaths,
        }
    }
}

pub struct World {
    pub chance: Chance,
    broken: Option<Rule>,
    pub now: i64,
    queue: BTreeMap<(i64, u64), Happening>,
    queued: u64,
    pub database: Database,
    /// The standby's copy, while it misses commits.
    pub standby: Option<Database>,
    /// The earlier histories of the database, each as it was when its end was lost.
    pub past: Vec<Database>,
    /// The number of the server that has the database.
    pub origin: u64,
    pub has_database: bool,
    pub has_redis: bool,
    /// Whether Redis loses, repeats and reorders messages, and nodes die. Without these faults, a run tests the comparison of
    /// heads after a publisher has dropped messages or a subscription has missed some.
    pub is_lossy: bool,
    /// Whether clients return tags. Those of earlier versions do not, so they need each node to know what the database has lost.
    pub has_tags: bool,
    pub is_calm: bool,
    pub nodes: Vec<Node>,
    pub connections: BTreeMap<u64, Connection>,
    pub clients: Vec<Client>,
    pub sum: Sum,
    ids: u64,
    fault: Option<String>,
    /// The log of the run, if it is to be printed.
    tale: Option<String>,
}

impl World {
    /// Runs a seed, optionally with a broken rule. Returns the totals, or the first fault.
    pub fn run(seed: u64, broken: Option<Rule>) -> Result<Sum, String> {
        Self::of(seed, broken, false).go().map_err(|(fault, _)| fault)
    }

    /// Runs a seed again, and returns its log.
    pub fn tell(seed: u64, broken: Option<Rule>) -> String {
        let world = Self::of(seed, broken, true);
        match world.go() {
            Ok(sum) => format!("{sum:?}"),
            Err((fault, tale)) => format!("{tale}{fault}"),
        }
    }

    fn of(seed: u64, broken: Option<Rule>, is_told: bool) -> Self {
        let mut chance = Chance::of(seed);
        let (is_lossy, has_tags) = (chance.in_hundred(70), chance.in_hundred(60));
        let restaurants = restaurants();
        let mut world = Self {
            chance,
            broken,
            now: 0,
            queue: BTreeMap::new(),
            queued: 0,
            database: Database::of(&restaurants),
            standby: None,
            past: Vec::new(),
            origin: 0,
            has_database: true,
            has_redis: true,
            is_lossy,
            has_tags,
            is_calm: false,
            nodes: (0..NODES).map(|_| Node::default()).collect(),
            connections: BTreeMap::new(),
            clients: Client::cast(&restaurants),
            sum: Sum::default(),
            ids: 0,
            fault: None,
            tale: is_told.then(String::new),
        };
        (0..NODES).for_each(|node| world.later(0..=50, Happening::Start(node)));
        for client in 0..world.clients.len() {
            world.later(0..=300, Happening::Connect(client));
            world.later(50..=400, Happening::Act(client));
        }
        world.later(BUSY..=BUSY, Happening::Calm);
        world.plan_faults();
        world
    }

    fn plan_faults(&mut self) {
        for _ in 0..self.chance.below(3) {
            let begin = self.chance.span(0..=BUSY);
            self.later(begin..=begin, Happening::Redis(false));
            self.later(begin + 50..=begin + 1500, Happening::Redis(true));
        }
        for _ in 0..self.chance.below(3) {
            let begin = self.chance.span(0..=BUSY);
            self.later(begin..=begin, Happening::Database(false));
            self.later(begin + 20..=begin + 600, Happening::Database(true));
        }
        let most = if self.has_tags { 3 } else { 1 };
        let losses = if self.chance.in_hundred(50) { self.chance.below(most) + 1 } else { 0 };
        for _ in 0..losses {
            let begin = self.chance.span(200..=BUSY - 1000);
            self.later(begin..=begin, Happening::Standby);
            let rewrite = self.chance.span(begin + 20..=begin + 600);
            self.later(rewrite..=rewrite, Happening::Rewrite);
            // Many reads are under way when the database is replaced.
            for client in 0..self.clients.len() {
                self.later(begin..=rewrite + 50, Happening::Flap(client));
                self.later(rewrite - 20..=rewrite + 600, Happening::Flap(client));
            }
        }
        let deaths = if self.is_lossy && (self.has_tags || losses == 0) { self.chance.below(3) } else { 0 };
        for _ in 0..deaths {
            let node = self.chance.below(NODES);
            self.later(200..=BUSY, Happening::Die(node));
        }
    }

    fn go(mut self) -> Result<Sum, (String, String)> {
        while let Some(((now, _), happening)) = self.queue.pop_first() {
            if now > BUSY + CALM {
                break;
            }
            self.now = now;
            self.happen(happening);
            if self.fault.is_some() {
                break;
            }
        }
        if self.fault.is_none() {
            self.check_end();
        }
        match self.fault {
            Some(fault) => Err((format!("at {} ms: {fault}", self.now), self.tale.unwrap_or_default())),
            None => Ok(self.sum),
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Act(client) => self.act(client),
            Happening::Connect(client) => self.connect(client),
            Happening::Arrive(connection, text) => self.arrive(connection, &text),
            Happening::Show(connection, frame) => self.show(connection, &frame),
            Happening::Send(connection) => self.send(connection),
            Happening::Close(connection) => self.close(connection),
            Happening::Relay(node, message) => self.hear(node, &message),
            Happening::Do(node, life, what) if self.nodes[node].is_alive(life) => self.act_on(node, *what),
            // Most reads wait for a connection.
            Happening::Read(node, life, read) if !self.has_database && self.chance.in_hundred(80) => {
                self.later(20..=120, Happening::Read(node, life, read));
            }
            Happening::Read(node, life, read) if self.nodes[node].is_alive(life) => {
                let fails = !self.has_database || self.has_faults() && self.chance.in_hundred(3);
                let what = read((!fails).then_some(&self.database));
                self.soon(node, 0..=25, what);
            }
            Happening::Do(..) | Happening::Read(..) => {}
            Happening::Die(node) => self.die(node),
            Happening::Start(node) => self.start(node),
            Happening::Database(is_there) => self.set_database(is_there || self.is_calm),
            Happening::Redis(is_there) => self.set_redis(is_there || self.is_calm),
            Happening::Flap(client) => self.flap(client),
            Happening::Standby => self.standby = Some(self.database.clone()),
            Happening::Rewrite => self.rewrite(),
            Happening::Calm => self.calm_down(),
        }
    }

    /// Ends all faults.
    fn calm_down(&mut self) {
        self.is_calm = true;
        self.set_database(true);
        self.set_redis(true);
        for client in 0..self.clients.len() {
            self.settle(client);
        }
    }

    /// Makes the database reachable or not. A node whose connections then lead to another server compares all feeds that it
    /// knows.
    fn set_database(&mut self, is_there: bool) {
        self.has_database = is_there;
        for node in (0..self.nodes.len()).filter(|_| is_there) {
            if std::mem::replace(&mut self.nodes[node].server, self.origin) != self.origin {
                let most = self.chance.span(20..=2000);
                self.soon(node, 0..=most, What::CompareKnown);
            }
        }
    }

    /// Returns a history by its number.
    pub fn history(&self, number: usize) -> &Database {
        self.past.get(number).unwrap_or(&self.database)
    }

    /// Returns the numbers of all histories.
    pub fn histories(&self) -> std::ops::RangeInclusive<usize> {
        0..=self.past.len()
    }

    /// Returns whether faults other than those of Redis occur now.
    pub fn has_faults(&self) -> bool {
        self.is_lossy && !self.is_calm
    }

    /// Returns whether a rule is kept in this run.
    pub fn keeps(&self, rule: Rule) -> bool {
        self.broken != Some(rule)
    }

    /// Lets something happen after a time.
    pub fn later(&mut self, wait: std::ops::RangeInclusive<i64>, happening: Happening) {
        let when = self.now + self.chance.span(wait);
        self.at(when, happening);
    }

    /// Lets something happen at a time, after everything already planned for that time.
    pub fn at(&mut self, when: i64, happening: Happening) {
        self.queued += 1;
        self.queue.insert((when, self.queued), happening);
    }

    /// Lets the current life of a node do something after a time.
    pub fn soon(&mut self, node: usize, wait: std::ops::RangeInclusive<i64>, what: What) {
        let life = self.nodes[node].life;
        self.later(wait, Happening::Do(node, life, Box::new(what)));
    }

    /// Lets the current life of a node read the database.
    pub fn read(&mut self, node: usize, read: impl FnOnce(Option<&Database>) -> What + 'static) {
        let life = self.nodes[node].life;
        self.later(0..=25, Happening::Read(node, life, Box::new(read)));
    }

    /// Ends the run with a fault.
    pub fn blame(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    /// Adds to the log, if the run is to be printed.
    pub fn note(&mut self, words: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(tale) = &mut self.tale {
            let _ = writeln!(tale, "{now:>6}  {}", words());
        }
    }

    /// Returns a new number.
    pub fn number(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Returns a new id.
    pub fn id(&mut self) -> Uuid {
        Uuid::from_u128(0x1_0000_0000 + u128::from(self.number()))
    }

    pub fn time(&self) -> Timestamp {
        at(self.now)
    }
}

/// The restaurants of the world.
pub fn restaurants() -> [RestaurantId; 2] {
    [restaurant(), RestaurantId::from_uuid(Uuid::from_u128(2))]
}
