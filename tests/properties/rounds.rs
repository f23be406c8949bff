//! Rounds and corrections beyond the tables: prices, promises, limits and permissions.

use crate::support::{
    DEFAULT_MINUTES, Outcome, Ticket, added, at, basket, bdt, correction, item, line, position, principal, round,
};
use orderbell::domain::model::basket::Line;
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::event::EventKind as E;
use orderbell::domain::model::line::{Correction, Round};
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus as I, OrderStatus as S};
use orderbell::domain::rules::place_order::MAX_DOCUMENT_BYTES;
use orderbell::domain::values::money::Money;
use serde_json::json;
use std::time::Duration;

fn refused(kind: RefusalKind) -> Outcome {
    Outcome::Refused(kind)
}

fn put(ticket: &mut Ticket, role: Role, action: &OrderAction) -> Outcome {
    ticket.put(&principal(role, None), action, None)
}

fn agreed_round(expected_total: Option<Money>) -> OrderAction {
    OrderAction::AddItems(Round { items: vec![line(1, 2), line(2, 1)], expected_total })
}

#[test]
fn a_later_round_has_a_number_and_a_time_and_the_first_round_has_neither() {
    let mut ticket = Ticket::of(2);
    ticket.wait(Duration::from_secs(60)).staff(&round(vec![line(2, 1)]));
    let second = added(position(101), 0);
    ticket.wait(Duration::from_secs(60)).staff(&round(vec![line(3, 1), line(4, 2)]));
    let third = added(position(102), 1);
    let said =
        |item: &str| (ticket.folded["items"][item].get("round").cloned(), ticket.folded["items"][item].get("added_at").cloned());
    assert_eq!(said(&item(0).to_string()), (None, None));
    assert_eq!(said(&second.to_string()), (Some(json!(2)), Some(json!(at(60_000)))));
    assert_eq!(said(&third.to_string()), (Some(json!(3)), Some(json!(at(120_000)))));
    assert_eq!(ticket.order.rounds(), 3);
    assert_eq!(ticket.order.total, bdt(100 + 200 + 300 + 400 + 2 * 500), "the sum of all rounds");
}

#[test]
fn a_round_makes_a_ready_order_preparing_again_and_moves_the_promise() {
    let mut ticket = Ticket::in_status(S::Ready);
    let promised = ticket.order.promised_at.unwrap();
    ticket.wait(Duration::from_secs(90)).staff(&round(vec![line(2, 1)]));
    let order = &ticket.order;
    assert_eq!((order.status, order.ready_at), (S::Preparing, None));
    assert_eq!(order.promised_at, Some(at(90_000 + i64::from(DEFAULT_MINUTES) * 60_000)));
    assert!(order.promised_at > Some(promised));
    assert_eq!(ticket.item_status(0), I::Done, "a finished dish stays finished");

    // A promise that is later than a new order would get stays.
    let mut ticket = Ticket::in_status(S::Preparing);
    ticket.staff(&OrderAction::Promise { minutes: 120 });
    let promised = ticket.order.promised_at;
    ticket.staff(&round(vec![line(2, 1)]));
    assert_eq!(ticket.order.promised_at, promised);
    let mut placed = Ticket::of(1);
    placed.staff(&round(vec![line(2, 1)]));
    assert_eq!(placed.order.promised_at, None, "nothing is promised before it is accepted");
}

#[test]
fn a_round_never_costs_more_than_the_agreed_total() {
    for amount in [700, 701] {
        Ticket::of(1).staff(&agreed_round(Some(bdt(amount))));
    }
    for amount in [699, 0] {
        let outcome = put(&mut Ticket::of(1), Role::Diner, &agreed_round(Some(bdt(amount))));
        assert_eq!(outcome, refused(RefusalKind::PriceChanged), "{amount}");
    }
}

#[test]
fn a_round_obeys_the_menu_and_a_pause_of_the_restaurant() {
    let mut ticket = Ticket::of(1);
    ticket.menu.items.values_mut().for_each(|dish| dish.available = false);
    assert_eq!(put(&mut ticket, Role::Staff, &agreed_round(None)), refused(RefusalKind::Invalid), "sold out");
    ticket.menu.items.clear();
    assert_eq!(put(&mut ticket, Role::Staff, &agreed_round(None)), refused(RefusalKind::Invalid), "not on the menu");
    let mut ticket = Ticket::of(1);
    ticket.menu.paused = true;
    assert_eq!(put(&mut ticket, Role::Staff, &agreed_round(None)), refused(RefusalKind::Paused));
}

#[test]
fn a_guest_adds_rounds_while_the_restaurant_allows_it_and_staff_always() {
    for (allowed, expected) in [(true, Outcome::Changed(vec![E::ItemAdded])), (false, refused(RefusalKind::Forbidden))] {
        let mut ticket = Ticket::in_status(S::Accepted);
        ticket.menu.guest_rounds = allowed;
        assert_eq!(put(&mut ticket, Role::Diner, &agreed_round(None)), expected, "allowed: {allowed}");
        for role in [Role::Staff, Role::Manager, Role::Service] {
            assert_eq!(put(&mut ticket, role, &agreed_round(None)), Outcome::Changed(vec![E::ItemAdded]), "{role}");
        }
    }
}

#[test]
fn the_limits_of_an_order_count_all_rounds_together() {
    let rounds = |lines: usize, quantity| round(vec![line(0, quantity); lines]);
    let mut ticket = Ticket::of(1);
    ticket.staff(&rounds(99, 1));
    assert_eq!(put(&mut ticket, Role::Staff, &rounds(1, 1)), refused(RefusalKind::Invalid), "101 lines");
    // A voided line makes room for another.
    ticket.staff(&OrderAction::VoidItem(item(0), crate::support::cause()));
    ticket.staff(&rounds(1, 1));

    let mut ticket = Ticket::place(&basket(vec![line(0, 99)]), position(1)).unwrap();
    assert_eq!(put(&mut ticket, Role::Diner, &rounds(2, 51)), refused(RefusalKind::Invalid), "201 portions by a guest");
    assert_eq!(put(&mut ticket, Role::Diner, &rounds(1, 99)), Outcome::Changed(vec![E::ItemAdded]));
    assert_eq!(put(&mut ticket, Role::Diner, &correction(0, line(0, 1))), Outcome::Changed(vec![E::ItemChanged]));

    // Lines with the longest notes of the widest letters fill the document first.
    let wide = Line { note: Some("\u{1F336}".repeat(200).parse().unwrap()), ..line(0, 1) };
    let mut ticket = Ticket::of(1);
    let fill = round(vec![wide.clone(); 40]);
    assert_eq!(put(&mut ticket, Role::Staff, &fill), Outcome::Changed(vec![E::ItemAdded]));
    assert_eq!(put(&mut ticket, Role::Staff, &fill), refused(RefusalKind::TooLarge));
    assert!(serde_json::to_vec(&ticket.order).unwrap().len() <= MAX_DOCUMENT_BYTES);
}

#[test]
fn a_correction_keeps_the_price_unless_the_options_change() {
    let with = |options: &[&str]| Line { options: options.iter().map(|name| name.parse().unwrap()).collect(), ..line(0, 3) };
    let mut ticket = Ticket::of(1);
    // The menu's prices have risen since.
    ticket.menu.items.values_mut().for_each(|dish| dish.price = bdt(1000));
    ticket.staff(&correction(0, line(0, 3)));
    assert_eq!((ticket.order.items[&item(0)].price, ticket.order.total), (bdt(100), bdt(300)));
    ticket.staff(&correction(0, with(&["large"])));
    assert_eq!((ticket.order.items[&item(0)].price, ticket.order.total), (bdt(1050), bdt(3150)));
    let same = Line { note: Some("no salt".parse().unwrap()), ..with(&["large"]) };
    ticket.staff(&correction(0, same.clone()));
    assert_eq!(ticket.order.items[&item(0)].note, same.note);
    assert_eq!(put(&mut ticket, Role::Staff, &correction(0, same)), Outcome::Kept, "once more");
    ticket.staff(&correction(0, line(0, 1)));
    assert_eq!((ticket.order.items[&item(0)].note.as_ref(), ticket.order.items[&item(0)].options.len()), (None, 0));
}

#[test]
fn a_correction_is_refused_for_another_dish_a_sold_out_one_and_a_higher_price() {
    let mut ticket = Ticket::of(2);
    assert_eq!(put(&mut ticket, Role::Staff, &correction(0, line(1, 1))), refused(RefusalKind::Invalid), "another dish");
    let agreed = |amount| {
        let expected_total = Some(bdt(amount));
        OrderAction::ChangeItem(Correction { item: item(0), line: line(0, 2), expected_total })
    };
    assert_eq!(put(&mut ticket, Role::Diner, &agreed(199)), refused(RefusalKind::PriceChanged));
    assert_eq!(put(&mut ticket, Role::Diner, &agreed(200)), Outcome::Changed(vec![E::ItemChanged]));
    ticket.menu.items.values_mut().for_each(|dish| dish.available = false);
    assert_eq!(put(&mut ticket, Role::Staff, &correction(0, line(0, 3))), refused(RefusalKind::Invalid), "more of it");
    ticket.staff(&correction(0, line(0, 1)));
    ticket.menu.items.values_mut().for_each(|dish| dish.available = true);
    ticket.menu.paused = true;
    assert_eq!(put(&mut ticket, Role::Diner, &correction(0, line(0, 99))), refused(RefusalKind::Paused));
    let said = Line { note: Some("no salt".parse().unwrap()), ..line(0, 1) };
    assert_eq!(put(&mut ticket, Role::Diner, &correction(0, said)), Outcome::Changed(vec![E::ItemChanged]));
    ticket.menu.paused = false;
    // The staff have ordered more than a guest may.
    ticket.staff(&round(vec![line(0, 99); 3]));
    assert_eq!(put(&mut ticket, Role::Diner, &correction(0, line(0, 2))), refused(RefusalKind::Invalid));
    assert_eq!(put(&mut ticket, Role::Diner, &correction(0, line(0, 1))), Outcome::Changed(vec![E::ItemChanged]));
}

#[test]
fn a_second_option_of_the_same_name_changes_the_line() {
    let with = |options: [&str; 2]| Line { options: options.map(|name| name.parse().unwrap()).to_vec(), ..line(0, 1) };
    let mut ticket = Ticket::place(&basket(vec![with(["large", "small"])]), position(1)).unwrap();
    assert_eq!(put(&mut ticket, Role::Staff, &correction(0, with(["small", "large"]))), Outcome::Kept);
    assert_eq!(put(&mut ticket, Role::Staff, &correction(0, with(["small", "small"]))), refused(RefusalKind::Invalid));
}

#[test]
fn a_guest_corrects_an_order_only_before_it_is_accepted() {
    for (status, expected) in [
        (S::Placed, Outcome::Changed(vec![E::ItemChanged])),
        (S::Accepted, refused(RefusalKind::InvalidTransition)),
        (S::Preparing, refused(RefusalKind::InvalidTransition)),
    ] {
        assert_eq!(put(&mut Ticket::in_status(status), Role::Diner, &correction(0, line(0, 2))), expected, "{status}");
    }
}
