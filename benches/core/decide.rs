//! Decisions on commands: permissions, transitions and patches.

use crate::support::{DISHES, Ticket, at, basket, context, fresh, line, menu, position, principal};
use divan::{Bencher, black_box};
use orderbell::auth::policy;
use orderbell::domain::model::basket::Basket;
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::draft::{Moment, to_json};
use orderbell::domain::model::order::Order;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::rules::place_order;
use orderbell::domain::rules::transition;
use orderbell::domain::values::action::ActionName;
use orderbell::domain::values::merge_patch;
use serde_json::Value;

/// The numbers of lines of the measured orders.
const LINES: [u128; 3] = [1, 3, 20];

fn basket_of(lines: u128) -> Basket {
    basket((0..lines).map(|n| line(n % DISHES, 1)).collect())
}

fn order_of(lines: u128) -> Order {
    Ticket::place(&basket_of(lines), position(100)).unwrap().order
}

/// An order before and after it is accepted.
fn accepted(lines: u128) -> (Value, Value) {
    let order = order_of(lines);
    let mut ticket = Ticket::place(&basket_of(lines), position(100)).unwrap();
    ticket.staff(&OrderAction::Accept { minutes: None });
    (to_json(&order), to_json(&ticket.order))
}

#[divan::bench(args = LINES)]
fn place(bencher: Bencher, lines: u128) {
    let menu = menu();
    let basket = basket_of(lines);
    let who = principal(Role::Diner, None);
    let ids = fresh(basket.items.len());
    let moment = Moment { now: at(0), head: position(100) };
    bencher.bench(|| place_order::decide(black_box(&menu), black_box(&basket), &who, &ids, moment));
}

#[divan::bench(args = LINES)]
fn transition(bencher: Bencher, lines: u128) {
    let order = order_of(lines);
    let who = principal(Role::Staff, None);
    let moment = Moment { now: at(1000), head: order.position };
    let context = context(&who, moment, &[], None);
    let accept = OrderAction::Accept { minutes: None };
    bencher.bench(|| transition::decide(black_box(&order), black_box(&accept), None, context));
}

#[divan::bench(args = LINES)]
fn patch_diff(bencher: Bencher, lines: u128) {
    let (before, after) = accepted(lines);
    bencher.bench(|| merge_patch::diff(black_box(&before), black_box(&after)));
}

#[divan::bench(args = LINES)]
fn patch_apply(bencher: Bencher, lines: u128) {
    let (before, after) = accepted(lines);
    let patch = merge_patch::diff(&before, &after);
    bencher.with_inputs(|| before.clone()).bench_refs(|document| merge_patch::apply(document, black_box(&patch)));
}

#[divan::bench]
fn policy_of_a_command(bencher: Bencher) {
    let order = order_of(3);
    let who = principal(Role::Kitchen, Some("hot"));
    bencher.bench(|| policy::may_command(black_box(&who), black_box(ActionName::Start), black_box(&order)));
}

#[divan::bench]
fn policy_of_a_room(bencher: Bencher) {
    let order = order_of(3);
    let who = principal(Role::Diner, None);
    let room = RoomId::Order(order.id);
    bencher.bench(|| policy::may_join(black_box(&who), black_box(room), Some(black_box(&order).into())));
}
