//! The fold of a group of commands that share a transaction.

use crate::support::{DEFAULT_MINUTES, Ticket, at, context, position, principal, restaurant};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::event::By;
use orderbell::domain::model::order::Order;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::model::ticket_counter::TicketCounter;
use orderbell::domain::rules::transition;
use orderbell::domain::values::ids::{CommandId, OrderId};
use orderbell::store::group::{Feed, Reading, fold};
use orderbell::store::log::{CommandKey, Reads, State, Work};
use uuid::Uuid;

fn order_id(number: usize) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(0x5000 + number as u128))
}

/// A command that accepts an order.
fn accepting(number: usize) -> Work {
    let who = principal(Role::Staff, None);
    let command = CommandId::from_uuid(Uuid::from_u128(number as u128));
    let key = CommandKey { sub: who.sub.clone(), id: command, fingerprint: [0; 32] };
    let by = By::of(&who);
    let decide = move |state: State| {
        let missing = || Refusal::new(RefusalKind::NotFound, "no such order");
        let order = state.order.as_ref().ok_or_else(missing)?;
        transition::decide(order, &OrderAction::Accept { minutes: None }, None, context(&who, state.moment, &[], None))
    };
    Work {
        restaurant: restaurant(),
        reads: Reads::Order(order_id(number)),
        command: Some(key),
        by,
        at: at(1000),
        note: None,
        delivery: None,
        decide: Box::new(decide),
    }
}

fn reading(size: usize) -> Reading {
    let order = Ticket::of(3).order;
    let numbered = |number| ((restaurant(), order_id(number)), Order { id: order_id(number), ..order.clone() });
    let feed = Feed {
        head: position(1000),
        generation: None,
        last: None,
        next_number: 100,
        tickets: TicketCounter::default(),
        default_minutes: DEFAULT_MINUTES,
        version: 0,
    };
    Reading { feeds: [(restaurant(), feed)].into(), orders: (0..size).map(numbered).collect(), ..Reading::default() }
}

#[divan::bench(args = [1, 8, 64])]
fn fold_group(bencher: Bencher, size: usize) {
    let works: Vec<_> = (0..size).map(accepting).collect();
    let (outcomes, _) = fold(reading(size), &works, Uuid::nil);
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|committed| committed.answer.is_ok())));
    bencher
        .counter(ItemsCount::new(size))
        .with_inputs(|| reading(size))
        .bench_values(|reading| fold(reading, black_box(&works), Uuid::nil));
}
