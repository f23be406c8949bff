//! A group of commands has the same results as its members one by one: equal answers, events, positions and state, for
//! groups of any size.

use crate::support::{at, basket, cause, context, fresh, line, menu, principal};
use orderbell::domain::model::basket::Basket;
use orderbell::domain::model::call::Calls;
use orderbell::domain::model::command::{CallAction, OrderAction};
use orderbell::domain::model::event::By;
use orderbell::domain::model::history::Mark;
use orderbell::domain::model::order::{Order, Service};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::model::status::OrderStatus;
use orderbell::domain::model::ticket_counter::TicketCounter;
use orderbell::domain::model::undrawn;
use orderbell::domain::rules::decision::Decision;
use orderbell::domain::rules::order_limits::{Guest, OpenOrders};
use orderbell::domain::rules::place_order::{self, NewIds};
use orderbell::domain::rules::transition;
use orderbell::domain::rules::waiter_call;
use orderbell::domain::values::ids::{CallId, CommandId, OrderId, RestaurantId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::reason::CallReason;
use orderbell::domain::values::text::Station;
use orderbell::store::group::{AnswerKey, External, ExternalKey, Feed, Reading, Remembered, Writes, fold};
use orderbell::store::log::{CommandKey, Committed, Reads, State, Work};
use orderbell::store::{Result, StoreError};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A command of the test. The small numbers make members of a group collide on orders, tables and ids.
#[derive(Debug, Clone)]
enum Op {
    Guest { diner: u8, table: Option<u8> },
    External { number: u8, meaning: u8 },
    Act { order: u8, action: u8 },
    Raise { table: u8 },
    Answer { call: u8 },
    Panic,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..3_u8, prop::option::of(0..2_u8)).prop_map(|(diner, table)| Op::Guest { diner, table }),
        2 => (0..3_u8, 0..2_u8).prop_map(|(number, meaning)| Op::External { number, meaning }),
        6 => (0..12_u8, 0..7_u8).prop_map(|(order, action)| Op::Act { order, action }),
        1 => (0..3_u8).prop_map(|table| Op::Raise { table }),
        1 => (0..30_u8).prop_map(|call| Op::Answer { call }),
        1 => Just(Op::Panic),
    ]
}

/// The restaurant (the third does not exist), the command's id and meaning, and the command.
type Member = (u8, Option<(u8, u8)>, Op);

fn members() -> impl Strategy<Value = Vec<Member>> {
    let restaurant = prop_oneof![8 => Just(0_u8), 3 => Just(1_u8), 1 => Just(2_u8)];
    prop::collection::vec((restaurant, prop::option::of((0..12_u8, 0..2_u8)), op()), 1..40)
}

fn restaurant(n: u8) -> RestaurantId {
    RestaurantId::from_uuid(Uuid::from_u128(1 + u128::from(n)))
}

fn order_id(member: usize) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(0x5000 + member as u128))
}

fn call_id(member: usize) -> CallId {
    CallId::from_uuid(Uuid::from_u128(0x6000 + member as u128))
}

fn place(
    state: State,
    number: usize,
    lines: u16,
    who: &Principal,
    external: Option<u8>,
) -> std::result::Result<Decision, Refusal> {
    let mut basket = basket(vec![line(0, lines)]);
    if lines.is_multiple_of(3) {
        let due_at = Some(state.moment.now.plus(Duration::from_secs(3600)));
        basket = Basket { service: Service::Takeaway, due_at, ..basket };
    }
    state.open.check(&OpenOrders::limits(2, 3, 4), basket.due_at.is_some())?;
    basket.external_id = external.map(|id| id.to_string().parse().unwrap());
    let tickets = state.ticket_counter;
    let ids = NewIds { number: state.next_number, tickets, order: order_id(number), ..fresh(1) };
    place_order::decide(&state.menu.unwrap(), &basket, who, &ids, state.moment)
}

fn action(number: u8) -> OrderAction {
    match number {
        0 => OrderAction::Accept { minutes: None },
        1 => OrderAction::Start,
        2 => OrderAction::Ready,
        3 => OrderAction::Serve,
        4 => OrderAction::Cancel(cause()),
        5 => OrderAction::Reject(cause()),
        _ => OrderAction::Rush(true),
    }
}

type Decide = Box<dyn Fn(State) -> std::result::Result<Decision, Refusal> + Send + Sync>;

fn work(number: usize, (of, command, op): &Member) -> Work {
    let staff = Principal { restaurant: restaurant(*of), ..principal(Role::Staff, None) };
    let (reads, decide): (Reads, Decide) = match op.clone() {
        Op::Guest { diner, table } => {
            let table = table.map(|table| format!("t{table}").parse().unwrap());
            let who = Principal { sub: format!("d{diner}").parse().unwrap(), role: Role::Diner, table, ..staff.clone() };
            let reads = Reads::GuestBasket(Guest::of(&who).unwrap());
            (reads, Box::new(move |state| place(state, number, 1, &who, None)))
        }
        Op::External { number: external, meaning } => {
            let (who, id) = (staff.clone(), external.to_string().parse().unwrap());
            let reads = Reads::ExternalBasket(id);
            let decide = move |state: State| match state.external.first() {
                Some(known) => {
                    let document = orderbell::domain::model::draft::to_json(&known.order);
                    Ok(Decision::Keep { document, position: known.order.position })
                }
                None => place(state, number, 1 + u16::from(meaning), &who, Some(external)),
            };
            (reads, Box::new(decide))
        }
        Op::Act { order, action: number } => {
            let (who, order) = (staff.clone(), order_id(usize::from(order)));
            let decide = move |state: State| {
                let missing = || Refusal::new(RefusalKind::NotFound, "no such order");
                let ids = [Uuid::from_u128(9)];
                let context = context(&who, state.moment, &ids, None);
                transition::decide(state.order.as_ref().ok_or_else(missing)?, &action(number), None, context)
            };
            (Reads::Order(order), Box::new(decide))
        }
        Op::Raise { table } => {
            let who = Principal { role: Role::Diner, table: Some(format!("t{table}").parse().unwrap()), ..staff.clone() };
            let decide = move |state: State| {
                let raise = CallAction::Raise(CallReason::Bill);
                waiter_call::decide(&state.calls, &raise, &who, call_id(number), state.moment)
            };
            (Reads::Calls, Box::new(decide))
        }
        Op::Answer { call } => {
            let (who, answer) = (staff.clone(), CallAction::Answer(call_id(usize::from(call))));
            let decide = move |state: State| waiter_call::decide(&state.calls, &answer, &who, call_id(number), state.moment);
            (Reads::Calls, Box::new(decide))
        }
        Op::Panic => (Reads::Basket, Box::new(|_| panic!("a decision of the test panics"))),
    };
    let key = |(id, meaning): &(u8, u8)| CommandKey {
        sub: staff.sub.clone(),
        id: CommandId::from_uuid(Uuid::from_u128(u128::from(*id))),
        fingerprint: [*meaning; 32],
    };
    Work {
        restaurant: staff.restaurant,
        reads,
        command: command.as_ref().map(key),
        by: By::of(&staff),
        at: at(i64::try_from(number).unwrap()),
        note: None,
        delivery: None,
        decide,
    }
}

/// The columns of an order beside its document.
type Marks = (bool, Option<Position>);

/// A database in memory.
#[derive(Debug, Clone, PartialEq)]
struct Database {
    feeds: BTreeMap<RestaurantId, Feed>,
    answers: HashMap<AnswerKey, Remembered>,
    orders: BTreeMap<(RestaurantId, OrderId), (Order, Marks)>,
    external: HashMap<ExternalKey, Vec<External>>,
    calls: BTreeMap<RestaurantId, Calls>,
    events: Vec<String>,
}

impl Database {
    fn new() -> Self {
        let last = Some(Mark::default());
        let tickets = TicketCounter::default();
        let feed =
            Feed { head: Position::ZERO, generation: None, last, next_number: 1, tickets, default_minutes: 20, version: 0 };
        Self {
            feeds: BTreeMap::from([(restaurant(0), feed), (restaurant(1), feed)]),
            answers: HashMap::new(),
            orders: BTreeMap::new(),
            external: HashMap::new(),
            calls: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    fn reading(&self, works: &[Work]) -> Reading {
        let menus = self.feeds.keys().map(|id| {
            let mut menu = menu();
            menu.restaurant = *id;
            (*id, Arc::new(menu))
        });
        let open = works.iter().filter_map(|work| match &work.reads {
            Reads::GuestBasket(guest) => Some(((work.restaurant, guest.clone()), self.open(work.restaurant, guest))),
            _ => None,
        });
        Reading {
            feeds: self.feeds.clone().into_iter().collect(),
            answers: self.answers.clone(),
            orders: self.orders.iter().map(|(key, (order, _))| (*key, order.clone())).collect(),
            external: self.external.clone(),
            menus: menus.collect(),
            open: open.collect(),
            calls: self.calls.clone().into_iter().collect(),
            ..Reading::default()
        }
    }

    fn open(&self, restaurant: RestaurantId, guest: &Guest) -> OpenOrders {
        let count = |is_counted: &dyn Fn(&Order) -> bool| {
            let orders = self.orders.iter().filter(|((of, _), _)| *of == restaurant).map(|(_, (order, _))| order);
            let of_guests = orders.filter(|order| order.diner.is_some() && !order.status.is_final());
            u32::try_from(of_guests.filter(|order| is_counted(order)).count()).unwrap()
        };
        OpenOrders {
            by_diner: count(&|order| order.diner.as_ref() == Some(&guest.diner) && order.table == guest.table),
            by_table: count(&|order| guest.table.is_some() && order.table == guest.table),
            by_restaurant: count(&|_| true),
            later_by_diner: count(&|order| {
                order.upcoming && order.diner.as_ref() == Some(&guest.diner) && order.table == guest.table
            }),
            later_by_table: count(&|order| order.upcoming && guest.table.is_some() && order.table == guest.table),
        }
    }

    fn write(&mut self, writes: Writes) {
        for (key, write) in writes.orders {
            let before = self.orders.get(&key).map(|(_, marks)| *marks);
            assert_eq!(before.is_none(), write.is_new, "an order is added once and then changed");
            if write.is_document_only {
                assert_eq!(columns(&self.orders[&key].0), columns(&write.order), "the columns beside the document stay");
            }
            let (was_changed, accepted) = before.unwrap_or_default();
            let marks = (was_changed || write.is_changed, accepted.or(write.accepted));
            if let (Some(command), Some(id)) = (&write.source, &write.order.external_id) {
                let (source, fingerprint) = (command.sub.clone(), command.fingerprint.to_vec());
                let external = External { order: key.1, source, fingerprint };
                assert!(self.external.insert((key.0, id.clone()), vec![external]).is_none(), "a number belongs to one order");
            }
            self.orders.insert(key, (write.order, marks));
        }
        for ((restaurant, id), call) in writes.calls {
            let calls = self.calls.entry(restaurant).or_default();
            match call {
                Some((call, _)) => assert!(calls.insert(id, call).is_none(), "a call is opened once"),
                None => assert!(calls.remove(&id).is_some(), "only an open call is removed"),
            }
        }
        self.calls.retain(|_, calls| !calls.is_empty());
        for (key, remembered, _) in writes.answers {
            assert!(self.answers.insert(key, remembered).is_none(), "an id is remembered once");
        }
        for (restaurant, (from, to)) in writes.feeds {
            assert_eq!(self.feeds.insert(restaurant, to), Some(from), "the head moves from where it was read");
        }
        let mut events: Vec<_> = writes.events.iter().flat_map(|events| events.iter()).collect();
        // Events are ordered within a feed, and not between restaurants.
        events.sort_by_key(|event| (event.restaurant, event.position));
        self.events.extend(events.iter().map(|event| {
            let (kind, position, patch) = (event.kind.as_str(), event.position, event.patch.get());
            format!("{} {position:?} {kind} {:?} {:?} {patch}", event.restaurant, event.order, event.command)
        }));
    }
}

/// Returns the values on which the columns beside an order's document depend.
fn columns(order: &Order) -> (OrderStatus, bool, BTreeSet<Station>) {
    (order.status, order.accepted_at.is_some(), undrawn::waits_at(order))
}

/// Returns what the caller of a member sees, as text.
fn seen(outcome: &Result<Committed>) -> String {
    match outcome {
        Err(error) => format!("{error:?}"),
        Ok(Committed { answer: Err(refusal), events, repeated, .. }) => format!("{repeated} {} {refusal:?}", events.len()),
        Ok(Committed { answer: Ok(ack), events, repeated, .. }) => {
            let events: Vec<_> = events.iter().map(|event| (event.position, event.kind.as_str())).collect();
            format!("{repeated} {:?} {} {} {events:?}", ack.position, ack.changed, ack.document)
        }
    }
}

/// Runs the works in groups of a size. Returns what the callers saw, and the database.
fn run(works: &[Work], size: usize) -> (Vec<String>, Database) {
    let mut database = Database::new();
    let mut all = Vec::new();
    for group in works.chunks(size) {
        let (outcomes, writes) = fold(database.reading(group), group, Uuid::nil);
        database.write(writes);
        all.extend(outcomes.iter().map(seen));
    }
    database.events.sort();
    (all, database)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_group_has_the_same_results_as_its_members_one_by_one(members in members(), size in 2..40_usize) {
        let works: Vec<_> = members.iter().enumerate().map(|(number, member)| work(number, member)).collect();
        let (one_by_one, alone) = run(&works, 1);
        let (grouped, together) = run(&works, size);
        prop_assert_eq!(one_by_one, grouped);
        prop_assert_eq!(alone, together);
    }
}

#[test]
fn members_of_a_group_see_the_effects_of_earlier_members() {
    let member = |command, op| (0_u8, command, op);
    let guest = || Op::Guest { diner: 0, table: Some(0) };
    let works: Vec<_> = [
        member(Some((1, 0)), guest()),
        member(Some((1, 0)), guest()),
        member(Some((1, 1)), guest()),
        member(None, guest()),
        member(None, guest()),
        member(None, Op::Act { order: 0, action: 0 }),
        member(None, Op::Panic),
        member(Some((2, 0)), Op::External { number: 1, meaning: 0 }),
        member(Some((3, 0)), Op::External { number: 1, meaning: 0 }),
        (2, None, guest()),
    ]
    .iter()
    .enumerate()
    .map(|(number, member)| work(number, member))
    .collect();
    let database = Database::new();
    let (outcomes, writes) = fold(database.reading(&works), &works, Uuid::nil);
    let refused = |n: usize| outcomes[n].as_ref().unwrap().answer.as_ref().unwrap_err().kind;
    let acked = |n: usize| outcomes[n].as_ref().unwrap().answer.as_ref().unwrap();
    assert_eq!(acked(0).position.number(), 1);
    assert!(outcomes[1].as_ref().unwrap().repeated, "the same id inside one group is answered again");
    assert_eq!(acked(1).document.get(), acked(0).document.get());
    assert_eq!(refused(2), RefusalKind::Conflict, "the same id with another meaning");
    assert_eq!(acked(3).position.number(), 2);
    assert_eq!(refused(4), RefusalKind::RateLimited, "the third open order of a guest, counted inside the group");
    assert_eq!(acked(5).position.number(), 3, "an order that the group has placed");
    assert_eq!(outcomes[6].as_ref().unwrap_err(), &StoreError::Internal, "a member that panics fails alone");
    assert!(acked(7).changed && !acked(8).changed, "the previous member has used the number");
    assert_eq!(outcomes[9].as_ref().unwrap_err(), &StoreError::Missing);
    assert_eq!((writes.orders.len(), writes.events.len(), writes.answers.len()), (3, 4, 3));
    let (from, to) = writes.feeds[&restaurant(0)];
    assert_eq!((from.head, to.head.number(), to.next_number), (Position::ZERO, 4, 4));
}
