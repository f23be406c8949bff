//! A small restaurant with its people, and an order under test.

use orderbell::domain::model::basket::{Basket, Line};
use orderbell::domain::model::command::{Cause, OrderAction};
use orderbell::domain::model::course::{Course, CourseNumber, Firing};
use orderbell::domain::model::dish_option::DishOption;
use orderbell::domain::model::draft::{Draft, Moment, to_json};
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::line::{Correction, Round};
use orderbell::domain::model::menu::{Category, Menu, MenuItem};
use orderbell::domain::model::order::{Item, Order, Service};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::model::status::{ItemStatus, OrderStatus};
use orderbell::domain::model::ticket_counter::TicketCounter;
use orderbell::domain::rules::courses;
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::order_limits::OrderSize;
use orderbell::domain::rules::place_order::{self, NewIds};
use orderbell::domain::rules::schedule;
use orderbell::domain::rules::transition::{self, TransitionContext};
use orderbell::domain::values::ids::{CategoryId, ItemId, MenuItemId, OptionId, OrderId, RestaurantId};
use orderbell::domain::values::level::Level;
use orderbell::domain::values::merge_patch;
use orderbell::domain::values::money::Money;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::reason::Reason;
use orderbell::domain::values::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The stations of the restaurant; dish `n` of the menu is cooked at station `n % 3`.
pub const STATIONS: [&str; 3] = ["hot", "cold", "bar"];
/// The number of dishes.
pub const DISHES: u128 = 6;
/// The minutes of an `accept` without a number.
pub const DEFAULT_MINUTES: u16 = 20;
/// An unknown id.
pub const NOBODY: Uuid = Uuid::from_u128(0xdead);

pub fn restaurant() -> RestaurantId {
    RestaurantId::from_uuid(Uuid::from_u128(1))
}

pub fn dish(n: u128) -> MenuItemId {
    MenuItemId::from_uuid(Uuid::from_u128(0x100 + n))
}

pub fn item(n: u128) -> ItemId {
    ItemId::from_uuid(Uuid::from_u128(0x1000 + n))
}

/// The id of the `n`th item that a command at a head adds or splits off.
pub fn added(head: Position, n: usize) -> ItemId {
    item(0x10_0000 + 0x100 * u128::from(head.number()) + n as u128)
}

/// The context of a decision.
pub fn context<'a>(who: &'a Principal, moment: Moment, ids: &'a [Uuid], menu: Option<&'a Menu>) -> TransitionContext<'a> {
    let size = &OrderSize::DEFAULT;
    TransitionContext { who, moment, default_minutes: DEFAULT_MINUTES, new_items: ids, menu, size }
}

pub fn bdt(amount: i64) -> Money {
    Money { amount, currency: "BDT".parse().unwrap() }
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_514_400_000 + millis)
}

pub fn position(number: u64) -> Position {
    Position::new(number).unwrap()
}

pub fn cause() -> Cause {
    Cause { reason: Reason::Other, detail: Some("because".parse().unwrap()) }
}

/// Dish `n` costs 100 × (n + 1) and has two options: one that costs 50 more, one that costs 10 less.
fn menu_item(n: u128) -> MenuItem {
    let option = |k: u128, name: &str, price| {
        (OptionId::from_uuid(Uuid::from_u128(0x200 + 2 * n + k)), DishOption::new(name.parse().unwrap(), bdt(price)))
    };
    MenuItem {
        id: dish(n),
        name: format!("dish {n}").parse().unwrap(),
        description: None,
        category: CategoryId::from_uuid(Uuid::from_u128(0x10)),
        price: bdt(100 * (i64::try_from(n).unwrap() + 1)),
        station: STATIONS[usize::try_from(n % 3).unwrap()].parse().unwrap(),
        sort: u32::try_from(n).unwrap(),
        available: true,
        until: None,
        photo: None,
        picture: None,
        sku: None,
        options: BTreeMap::from([option(0, "large", 50), option(1, "small", -10)]),
        groups: BTreeMap::new(),
    }
}

pub fn menu() -> Menu {
    Menu {
        position: position(3),
        categories: BTreeMap::from([(CategoryId::from_uuid(Uuid::from_u128(0x10)), Category::new("Mains".parse().unwrap(), 1))]),
        items: (0..DISHES).map(|n| (dish(n), menu_item(n))).collect(),
        ..Menu::new(restaurant(), "BDT".parse().unwrap())
    }
}

/// A menu with courses: dish `n` belongs to course `n % 3`, and to none if that is 0.
pub fn course_menu(firing: Firing) -> Menu {
    let mut menu = menu();
    for n in 1..3_u16 {
        let category = CategoryId::from_uuid(Uuid::from_u128(0x10 + u128::from(n)));
        let name = ["Starters", "Mains"][usize::from(n - 1)].parse().unwrap();
        let course = Some(Course { number: course(n), name });
        menu.categories.insert(category, Category { course, ..Category::new(format!("of course {n}").parse().unwrap(), 1) });
        for dish_number in (u128::from(n)..DISHES).step_by(3) {
            menu.items.get_mut(&dish(dish_number)).unwrap().category = category;
        }
    }
    menu.firing = firing;
    menu
}

pub fn course(number: u16) -> CourseNumber {
    CourseNumber::new(number).unwrap()
}

pub fn principal(role: Role, station: Option<&str>) -> Principal {
    Principal {
        sub: format!("{role}-1").parse().unwrap(),
        role,
        restaurant: restaurant(),
        session: "session-1".parse().unwrap(),
        station: station.map(|name| name.parse().unwrap()),
        table: (role == Role::Diner).then(|| "7".parse().unwrap()),
        device: None,
        share: None,
        name: None,
    }
}

pub fn line(n: u128, quantity: u16) -> Line {
    Line { menu_item: dish(n), quantity, options: Vec::new(), course: None, seat: None, note: None, allergy: false }
}

/// Another round of these lines.
pub fn round(items: Vec<Line>) -> OrderAction {
    OrderAction::AddItems(Round { items, expected_total: None })
}

/// A correction of item `n`, which becomes this line.
pub fn correction(n: u128, line: Line) -> OrderAction {
    OrderAction::ChangeItem(Correction { item: item(n), line, expected_total: None })
}

pub fn basket(items: Vec<Line>) -> Basket {
    let service = Service::DineIn;
    Basket {
        service,
        items,
        note: None,
        allergy: false,
        guest_name: None,
        due_at: None,
        delivery: None,
        expected_total: None,
        table: None,
        external_id: None,
    }
}

pub fn fresh(lines: usize) -> NewIds {
    let ids = (0..lines).map(|n| item(u128::try_from(n).unwrap()).uuid()).collect();
    let (tickets, order) = (TicketCounter::default(), OrderId::from_uuid(Uuid::from_u128(0x2000)));
    NewIds {
        number: 42,
        tickets,
        order,
        items: ids,
        default_minutes: DEFAULT_MINUTES,
        level: Level::CURRENT,
        rules: Arc::default(),
    }
}

/// Returns whether a document has a null anywhere.
pub fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

/// Folds drafts onto a document, and checks that positions have no gaps.
pub fn fold(document: &mut Value, head: Position, drafts: &[Draft]) {
    assert!(!drafts.is_empty(), "a change has events");
    for (n, draft) in (1..).zip(drafts) {
        merge_patch::apply(document, &draft.patch);
        assert_eq!(document["position"], Value::from(head.number() + n), "positions have no gaps");
        assert!(!has_null(document), "no null in {document}");
    }
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Events of these kinds.
    Changed(Vec<EventKind>),
    /// `changed: false`.
    Kept,
    /// Refused.
    Refused(RefusalKind),
}

/// A cell of a transition table.
#[derive(Debug, Clone, Copy)]
pub enum Cell {
    /// These events, and the order's status after them.
    To(OrderStatus, &'static [EventKind]),
    /// `changed: false`.
    Same,
    /// `invalid_transition`.
    No,
}

impl Cell {
    pub fn outcome(self) -> Outcome {
        match self {
            Self::To(_, kinds) => Outcome::Changed(kinds.to_vec()),
            Self::Same => Outcome::Kept,
            Self::No => Outcome::Refused(RefusalKind::InvalidTransition),
        }
    }
}

/// An order, a client's fold of its patches, and the feed's head.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub order: Order,
    pub folded: Value,
    pub head: Position,
    pub now: Timestamp,
    pub menu: Menu,
}

impl Ticket {
    /// Places an order; `head` is the feed's head before it.
    pub fn place(basket: &Basket, head: Position) -> Result<Self, Refusal> {
        Self::place_on(menu(), basket, head)
    }

    /// Places an order on a menu.
    pub fn place_on(menu: Menu, basket: &Basket, head: Position) -> Result<Self, Refusal> {
        let moment = Moment { now: at(0), head };
        let who = principal(Role::Diner, None);
        basket.check(&who)?;
        let decision = place_order::decide(&menu, basket, &who, &fresh(basket.items.len()), moment)?;
        let Decision::Change { drafts, write, document } = decision else { panic!("placing changes something") };
        let mut folded = Value::Object(Map::new());
        fold(&mut folded, head, &drafts);
        let Write::Order(order) = write else { panic!("placing writes an order") };
        assert_eq!(folded, document);
        assert_eq!(folded, to_json(&order));
        Ok(Self { head: order.position, order: *order, folded, now: at(0), menu })
    }

    /// An order of the first `lines` dishes, one of each: item `n` is cooked at station `n % 3`.
    pub fn of(lines: u128) -> Self {
        Self::place(&basket((0..lines).map(|n| line(n, 1)).collect()), position(100)).unwrap()
    }

    /// Applies a command to the order, and checks the invariants of any answer.
    pub fn put(&mut self, who: &Principal, action: &OrderAction, expected: Option<Position>) -> Outcome {
        let moment = Moment { now: self.now, head: self.head };
        let ids: Vec<_> = (0..action.new_items()).map(|n| added(self.head, n).uuid()).collect();
        match transition::decide(&self.order, action, expected, context(who, moment, &ids, Some(&self.menu))) {
            Ok(Decision::Change { drafts, write, document }) => self.follow(&drafts, write, &document),
            Ok(Decision::Keep { document, position }) => {
                assert_eq!((document, position), (self.folded.clone(), self.order.position));
                Outcome::Kept
            }
            Err(refusal) => {
                let carried = (refusal.kind == RefusalKind::Stale).then(|| self.folded.clone());
                if refusal.kind != RefusalKind::PriceChanged && refusal.closed.is_none() {
                    assert_eq!(refusal.document, carried, "only stale carries the document");
                }
                Outcome::Refused(refusal.kind)
            }
        }
    }

    fn follow(&mut self, drafts: &[Draft], write: Write, document: &Value) -> Outcome {
        assert!(drafts.iter().all(|draft| draft.order == Some(self.order.id)));
        fold(&mut self.folded, self.head, drafts);
        let Write::Order(order) = write else { panic!("a command on an order writes the order") };
        assert_eq!(&self.folded, document, "the fold of the patches is the answer's document");
        assert_eq!(self.folded, to_json(&order), "the fold of the patches is the written document");
        assert_eq!(serde_json::from_value::<Order>(self.folded.clone()).unwrap(), *order, "the document reads back unchanged");
        (self.head, self.order) = (order.position, *order);
        Outcome::Changed(drafts.iter().map(|draft| draft.kind).collect())
    }

    /// Puts a command that must change something.
    pub fn must(&mut self, who: &Principal, action: &OrderAction) -> &mut Self {
        let outcome = self.put(who, action, None);
        assert!(matches!(outcome, Outcome::Changed(_)), "{action:?}: {outcome:?}");
        self
    }

    /// Lets a node check whether the order is due.
    pub fn tick(&mut self) -> Outcome {
        match schedule::decide(&self.order, Moment { now: self.now, head: self.head }) {
            Decision::Change { drafts, write, document } => self.follow(&drafts, write, &document),
            Decision::Keep { document, position } => {
                assert_eq!((document, position), (self.folded.clone(), self.order.position));
                Outcome::Kept
            }
        }
    }

    /// Lets a node look whether the next course is due.
    pub fn tick_courses(&mut self) -> Outcome {
        match courses::decide(&self.order, Moment { now: self.now, head: self.head }) {
            Decision::Change { drafts, write, document } => self.follow(&drafts, write, &document),
            Decision::Keep { document, position } => {
                assert_eq!((document, position), (self.folded.clone(), self.order.position));
                Outcome::Kept
            }
        }
    }

    /// Applies a command of the staff that must change something.
    pub fn staff(&mut self, action: &OrderAction) -> &mut Self {
        self.must(&principal(Role::Staff, None), action)
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: Duration) -> &mut Self {
        self.now = self.now.plus(span);
        self
    }

    /// An order of two items brought to a status in the ordinary way.
    pub fn in_status(status: OrderStatus) -> Self {
        let mut ticket = Self::of(2);
        let way: &[OrderAction] = match status {
            OrderStatus::Placed => &[],
            OrderStatus::Accepted => &[OrderAction::Accept { minutes: None }],
            OrderStatus::Preparing => &[OrderAction::Accept { minutes: None }, OrderAction::Start],
            OrderStatus::Ready => &[OrderAction::Accept { minutes: None }, OrderAction::Ready],
            OrderStatus::Served => &[OrderAction::Accept { minutes: None }, OrderAction::Ready, OrderAction::Serve],
            OrderStatus::Rejected => &[OrderAction::Reject(cause())],
            OrderStatus::Cancelled => &[OrderAction::Cancel(cause())],
        };
        way.iter().for_each(|action| {
            ticket.staff(action);
        });
        assert_eq!(ticket.order.status, status);
        ticket
    }

    pub fn item_status(&self, n: u128) -> ItemStatus {
        self.order.items[&item(n)].status
    }
}

/// Checks that the next course of an order waits for a time if, and only if, the order's rule fires it and those before are
/// over. So no course is forgotten.
pub fn check_courses_wait(order: &Order) {
    let courses = || order.items.values().filter_map(|item| item.course.as_ref().map(|course| (course.number, item)));
    let next = courses().filter(|(_, item)| item.held).map(|(number, _)| number).min();
    let is_over = |item: &Item| match order.firing {
        Firing::AfterServed => item.served_at.is_some(),
        _ => item.status == ItemStatus::Done,
    };
    let mut before = courses().filter(|(number, item)| Some(*number) < next && item.status != ItemStatus::Voided);
    let is_of_rule = !order.status.is_final() && order.firing.is_by_itself();
    let waits = is_of_rule && next.is_some() && before.all(|(_, item)| is_over(item));
    assert_eq!(order.fires_at.is_some(), waits, "{order:?}");
    assert!(!waits || order.firing_minutes.is_some(), "without minutes it fires at once");
}
