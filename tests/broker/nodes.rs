//! Nodes in one process over one database, each with its own registry of feeds and broker, and
//! screens connected to them.

use orderbell::broker::{self, Address, Broker, Signer, Verify};
use orderbell::clock;
use orderbell::commands::{CommandRates, Commands};
use orderbell::domain::model::event::{By, Event, EventKind};
use orderbell::domain::model::history::{Link, Point};
use orderbell::domain::model::menu::{Category, Menu, MenuItem};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::values::ids::{CategoryId, EventId, MenuItemId, RestaurantId};
use orderbell::domain::values::money::Money;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::time::Timestamp;
use orderbell::domain::values::version::Expected;
use orderbell::feed::{EventCommitted, FeedRegistry, HeadChecker};
use orderbell::protocol::{Frame, FrameKind};
use orderbell::room::messages::Page;
use orderbell::room::{Join, MemberId, ToMember};
use orderbell::store::accounts::Restaurant;
use orderbell::store::{Mode, Settings, SharedStore, open};
use orderbell::telemetry::Metrics;

use actix::prelude::*;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The key that the nodes of these tests share.
pub const KEY: [u8; 32] = [7; 32];
/// The period of comparisons of heads while healthy.
pub const PERIOD: Duration = Duration::from_secs(15);

/// One database.
pub struct TestDatabase {
    pub store: SharedStore,
    _folder: TempDir,
}

impl TestDatabase {
    pub async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("orderbell.db").display());
        let store = open(&url, Settings::new(Mode::Serve)).await.unwrap();
        Self { store, _folder: folder }
    }

    pub fn signer(&self) -> Signer {
        Signer::new(&KEY, self.store.epoch())
    }
}

/// A restaurant with one dish, whose availability makes events.
pub struct TestRestaurant {
    pub id: RestaurantId,
    dish: MenuItemId,
    staff: Principal,
    is_there: Cell<bool>,
    commits: RefCell<Vec<(u64, Instant)>>,
}

impl TestRestaurant {
    pub async fn open(database: &TestDatabase, slug: &str) -> Self {
        let (id, dish) = (RestaurantId::from_uuid(clock::new_id()), MenuItemId::from_uuid(clock::new_id()));
        let restaurant = Restaurant {
            id,
            slug: slug.parse().unwrap(),
            name: slug.parse().unwrap(),
            currency: "BDT".parse().unwrap(),
            default_minutes: 20,
        };
        database.store.add_restaurant(&restaurant, &menu(id, dish), clock::now()).await.unwrap();
        let staff = Principal {
            sub: "staff-1".parse().unwrap(),
            role: Role::Staff,
            restaurant: id,
            session: "session-1".parse().unwrap(),
            station: None,
            table: None,
            device: None,
            share: None,
            name: None,
        };
        Self { id, dish, staff, is_there: Cell::new(true), commits: RefCell::default() }
    }

    /// Commits one event on a node. Returns its position.
    pub async fn act(&self, node: &Node) -> u64 {
        let available = !self.is_there.get();
        self.is_there.set(available);
        let action = MenuAction::Availability { item: self.dish, option: None, available, until: None };
        let ack = node.commands.change_menu(&self.staff, action, Expected::ANY).await.unwrap();
        assert!(ack.changed);
        self.commits.borrow_mut().push((ack.position.number(), Instant::now()));
        ack.position.number()
    }

    /// Commits events on the nodes in turn, periodically, for a time.
    pub async fn act_for(&self, nodes: &[&Node], every: Duration, time: Duration) {
        let until = Instant::now() + time;
        for node in nodes.iter().cycle() {
            if Instant::now() >= until {
                return;
            }
            self.act(node).await;
            tokio::time::sleep(every).await;
        }
    }
}

fn menu(restaurant: RestaurantId, dish: MenuItemId) -> Menu {
    let category = CategoryId::from_uuid(clock::new_id());
    let item = MenuItem {
        id: dish,
        name: "Beef rezala".parse().unwrap(),
        description: None,
        category,
        price: Money { amount: 900, currency: "BDT".parse().unwrap() },
        station: "hot".parse().unwrap(),
        sort: 1,
        available: true,
        until: None,
        photo: None,
        picture: None,
        sku: None,
        options: BTreeMap::new(),
        groups: BTreeMap::new(),
    };
    Menu {
        categories: BTreeMap::from([(category, Category::new("Mains".parse().unwrap(), 1))]),
        items: BTreeMap::from([(dish, item)]),
        ..Menu::new(restaurant, "BDT".parse().unwrap())
    }
}

/// A node of the restaurant.
pub struct Node {
    pub directory: FeedRegistry,
    pub commands: Commands,
    pub metrics: Metrics,
    pub broker: Broker,
}

/// The parts of a node in which a test may differ from production.
pub struct Build {
    pub url: String,
    pub verifier: Arc<dyn Verify>,
    /// False only for the control, which compares the heads of a registry without feeds.
    pub compares: bool,
    pub period: Duration,
}

impl Build {
    pub fn new(database: &TestDatabase, url: impl Into<String>) -> Self {
        Self { url: url.into(), verifier: Arc::new(database.signer()), compares: true, period: PERIOD }
    }

    pub fn node(self, database: &TestDatabase) -> Node {
        let metrics = Metrics::new();
        let directory = FeedRegistry::new(database.store.clone(), metrics.clone());
        let compared = if self.compares { directory.clone() } else { FeedRegistry::new(database.store.clone(), Metrics::new()) };
        let registry = HeadChecker::new(compared, self.period).start();
        let address = Address::parse(&self.url.into()).unwrap();
        let broker = broker::start_with(address, database.signer(), self.verifier, directory.clone(), registry);
        Node { commands: Commands::new(directory.clone(), CommandRates::default()), directory, metrics, broker }
    }
}

impl Node {
    /// Starts a node as in production.
    pub fn join(database: &TestDatabase, url: impl Into<String>) -> Self {
        Build::new(database, url).node(database)
    }

    /// Returns a counter or gauge of this node.
    pub fn metric(&self, line: &str) -> u64 {
        let text = self.metrics.scrape();
        let value = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' ').map(str::to_owned));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits until Redis is healthy for this node, or not. Returns the time that it took.
    pub async fn wait_until_healthy(&self, is_healthy: bool, within: Duration) -> Duration {
        let begun = Instant::now();
        until(within, || async { self.broker.health.is_healthy() == is_healthy })
            .await
            .unwrap_or_else(|()| panic!("healthy: {is_healthy} within {within:?}"));
        begun.elapsed()
    }
}

/// Polls a condition until it holds.
pub async fn until<F: Future<Output = bool>>(within: Duration, mut ask: impl FnMut() -> F) -> Result<(), ()> {
    let end = Instant::now() + within;
    while !ask().await {
        if Instant::now() > end {
            return Err(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// A frame with its time of arrival.
#[derive(Debug, Clone)]
pub struct Seen {
    pub kind: FrameKind,
    pub at: Instant,
    pub position: u64,
    pub json: Value,
}

struct Glass(Arc<Mutex<Vec<Seen>>>);

impl Actor for Glass {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(4096);
    }
}

impl Handler<ToMember> for Glass {
    type Result = ();
    fn handle(&mut self, told: ToMember, _: &mut Context<Self>) {
        let frames = match told {
            ToMember::Frame(frame) => vec![frame],
            ToMember::Frames(frames) => frames,
            other => panic!("no screen of these tests is evicted: {other:?}"),
        };
        self.show(&frames);
    }
}

impl Handler<Page> for Glass {
    type Result = ();
    fn handle(&mut self, page: Page, _: &mut Context<Self>) {
        let frames = match page {
            Page::Frames(frames) => frames,
            Page::Whole(snapshot) => vec![snapshot.plain()],
        };
        self.show(&frames);
    }
}

impl Glass {
    fn show(&self, frames: &[Frame]) {
        self.0.lock().unwrap().extend(frames.iter().map(|frame| Seen {
            kind: frame.kind(),
            at: Instant::now(),
            position: frame.position().number(),
            json: serde_json::from_str(&frame.text()).unwrap(),
        }));
    }
}

/// The delays of the events that a screen has received.
#[derive(Debug, Clone, Copy)]
pub struct Lateness {
    pub events: usize,
    pub median: Duration,
    pub worst: Duration,
}

/// A member of the menu room on a node.
pub struct Screen {
    seen: Arc<Mutex<Vec<Seen>>>,
    from: u64,
}

impl Screen {
    pub async fn open(node: &Node, restaurant: &TestRestaurant) -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let glass = Glass(seen.clone()).start();
        let (mailbox, pages) = (glass.clone().recipient(), glass.recipient());
        let join = Join {
            number: 1,
            member: MemberId(1),
            since: None,
            has_event: None,
            generation: None,
            head: Point::default(),
            only_owner: None,
            paged: false,
            mailbox,
            pages,
        };
        assert!(node.directory.join(restaurant.id, RoomId::Menu(restaurant.id), join), "the feed takes a join");
        let is_live = || async { seen.lock().unwrap().iter().any(|seen| seen.kind == FrameKind::Live) };
        until(Duration::from_secs(10), is_live).await.expect("the room opens");
        let from = seen.lock().unwrap().iter().find(|seen| seen.kind == FrameKind::Snapshot).unwrap().position;
        Self { seen, from }
    }

    /// Returns the events that the screen has shown.
    pub fn events(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.kind == FrameKind::Event).cloned().collect()
    }

    /// Returns the delays of the events that were committed after a time.
    fn lateness_after(&self, restaurant: &TestRestaurant, since: Instant) -> Vec<Duration> {
        let commits = restaurant.commits.borrow();
        let after: BTreeMap<_, _> = commits.iter().copied().filter(|(_, at)| *at > since).collect();
        let late = |seen: &Seen| after.get(&seen.position).map(|at| seen.at.saturating_duration_since(*at));
        self.events().iter().filter_map(late).collect()
    }

    pub async fn has_reached(&self, position: u64, within: Duration) -> bool {
        let last = || self.events().last().map_or(self.from, |seen| seen.position);
        until(within, || async { last() >= position }).await.is_ok()
    }

    /// Checks that the screen shows each event of the restaurant since it opened, once and in order,
    /// as in the log.
    pub async fn check(&self, database: &TestDatabase, restaurant: &TestRestaurant, within: Duration) -> Lateness {
        let head = database.store.head(restaurant.id).await.unwrap();
        assert!(self.has_reached(head.number(), within).await, "every event arrives within {within:?}");
        let events = self.events();
        let positions: Vec<_> = events.iter().map(|seen| seen.position).collect();
        assert_eq!(
            positions,
            (self.from + 1..=head.number()).collect::<Vec<_>>(),
            "each event arrives once, in order, without a gap"
        );
        let after = Position::new(self.from).unwrap();
        let log = database.store.events(restaurant.id, None, after, head, 100_000).await.unwrap();
        for (seen, event) in events.iter().zip(&log) {
            assert_eq!(seen.json["event"]["id"], event.id.to_string(), "the frame carries the event of the log");
            assert_eq!(seen.json["event"]["patch"], serde_json::from_str::<Value>(event.patch.get()).unwrap());
        }
        lateness(&events, &restaurant.commits.borrow())
    }
}

fn lateness(events: &[Seen], commits: &[(u64, Instant)]) -> Lateness {
    let commits: BTreeMap<_, _> = commits.iter().copied().collect();
    let late = |seen: &Seen| commits.get(&seen.position).map(|at| seen.at.saturating_duration_since(*at));
    let mut all: Vec<_> = events.iter().filter_map(late).collect();
    all.sort_unstable();
    assert!(!all.is_empty(), "at least one event was measured");
    Lateness { events: all.len(), median: all[all.len() / 2], worst: all[all.len() - 1] }
}

/// Two nodes and two restaurants. Each node commits the events of one restaurant, and a screen on the
/// other node shows them.
pub struct Crossing {
    pub database: TestDatabase,
    pub one: Node,
    pub other: Node,
    from_one: Line,
    from_other: Line,
}

struct Line {
    restaurant: TestRestaurant,
    screen: Screen,
}

impl Crossing {
    pub async fn build(one: &str, other: &str) -> Self {
        let database = TestDatabase::build().await;
        let (one, other) = (Node::join(&database, one), Node::join(&database, other));
        let from_one = Line::open(&database, "from-one", &other).await;
        let from_other = Line::open(&database, "from-other", &one).await;
        Self { database, one, other, from_one, from_other }
    }

    pub async fn wait_until_healthy(&self, is_healthy: bool, within: Duration) {
        self.one.wait_until_healthy(is_healthy, within).await;
        self.other.wait_until_healthy(is_healthy, within).await;
    }

    pub async fn act_for(&self, every: Duration, time: Duration) {
        let (one, other) = ([&self.one], [&self.other]);
        let (from_one, from_other) = (&self.from_one.restaurant, &self.from_other.restaurant);
        tokio::join!(from_one.act_for(&one, every, time), from_other.act_for(&other, every, time));
    }

    /// Checks both screens. Returns the longer delay.
    pub async fn check(&self, within: Duration) -> Lateness {
        let one = self.from_one.screen.check(&self.database, &self.from_one.restaurant, within).await;
        let other = self.from_other.screen.check(&self.database, &self.from_other.restaurant, within).await;
        Lateness { events: one.events + other.events, median: one.median.max(other.median), worst: one.worst.max(other.worst) }
    }

    /// Returns the longest delay of the events that were committed after a time.
    pub fn worst_after(&self, since: Instant) -> Duration {
        let lines = [&self.from_one, &self.from_other];
        let worst = lines.map(|line| line.screen.lateness_after(&line.restaurant, since).into_iter().max().unwrap());
        worst[0].max(worst[1])
    }
}

impl Line {
    async fn open(database: &TestDatabase, slug: &str, node: &Node) -> Self {
        let restaurant = TestRestaurant::open(database, slug).await;
        Self { screen: Screen::open(node, &restaurant).await, restaurant }
    }
}

/// Prints a figure for the table of faults.
pub fn figure(fault: &str, late: Lateness) {
    println!(
        "{fault}: {} events, 0 lost, 0 doubled, late by {:.1?} in the median and {:.1?} at worst",
        late.events, late.median, late.worst
    );
}

/// Makes the announcement of an event that does not exist, as a forger would.
pub fn made_up(restaurant: RestaurantId, position: u64, link: Option<Link>) -> EventCommitted {
    let event = Event {
        restaurant,
        position: Position::new(position).unwrap(),
        id: EventId::from_uuid(clock::new_id()),
        kind: EventKind::MenuPaused,
        order: None,
        at: Timestamp::from_millis(1_795_514_400_000),
        by: By::role(Role::Manager),
        command: None,
        patch: serde_json::value::to_raw_value(&serde_json::json!({ "paused": true })).unwrap(),
    };
    EventCommitted { restaurant, link, events: vec![event].into() }
}
