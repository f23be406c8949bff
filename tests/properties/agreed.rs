//! The total that a guest agreed to, allergies, and partial voids.

use crate::support::{Outcome, Ticket, added, basket, bdt, cause, item, line, position, principal};
use orderbell::domain::model::basket::{Basket, Line};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::draft::to_json;
use orderbell::domain::model::event::EventKind as E;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus as I, OrderStatus as S};
use orderbell::domain::rules::place_order::MAX_DOCUMENT_BYTES;
use orderbell::domain::values::level::Level;
use orderbell::domain::values::money::Money;
use proptest::prelude::*;
use serde_json::json;

/// Two of dish 0 and one of dish 1, for 400 in total.
fn agreed(expected_total: Option<Money>) -> Basket {
    Basket { expected_total, ..basket(vec![line(0, 2), line(1, 1)]) }
}

#[test]
fn an_order_never_costs_more_than_the_agreed_total() {
    for amount in [400, 401, 10_000] {
        let ticket = Ticket::place(&agreed(Some(bdt(amount))), position(1)).unwrap();
        assert_eq!(ticket.order.total, bdt(400), "a cheaper order is placed at its price");
    }
    for amount in [399, 0, -5] {
        let refusal = Ticket::place(&agreed(Some(bdt(amount))), position(1)).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::PriceChanged);
        let quote = json!({"total": bdt(400), "prices": [bdt(100), bdt(200)]});
        assert_eq!(refusal.document, Some(quote), "with the new price of each line");
    }
    let euros = Money { amount: 400, currency: "EUR".parse().unwrap() };
    assert_eq!(Ticket::place(&agreed(Some(euros)), position(1)).unwrap_err().kind, RefusalKind::Invalid);
    assert!(Ticket::place(&agreed(None), position(1)).is_ok(), "without an agreed total, nothing is compared");
}

#[test]
fn a_declared_allergy_needs_a_note_and_is_in_the_document() {
    let declared = |note: Option<&str>| Line { note: note.map(|note| note.parse().unwrap()), allergy: true, ..line(0, 1) };
    let ticket = Ticket::place(&basket(vec![declared(Some("peanuts")), line(1, 1)]), position(1)).unwrap();
    assert_eq!(to_json(&ticket.order)["items"][item(0).to_string()]["allergy"], json!(true));
    assert!(to_json(&ticket.order)["items"][item(1).to_string()].get("allergy").is_none(), "absent, never false");
    assert_eq!(Ticket::place(&basket(vec![declared(None)]), position(1)).unwrap_err().kind, RefusalKind::Invalid);
    let whole = Basket { allergy: true, ..basket(vec![line(0, 1)]) };
    assert_eq!(Ticket::place(&whole, position(1)).unwrap_err().kind, RefusalKind::Invalid);
}

#[test]
fn a_basket_needs_the_level_of_its_fields() {
    let note = Some("nuts".parse().unwrap());
    assert_eq!(agreed(None).level(), Level::ZERO);
    assert_eq!(agreed(Some(bdt(1))).level(), Level::ONE);
    assert_eq!(Basket { note, allergy: true, ..agreed(None) }.level(), Level::ONE);
    assert_eq!(basket(vec![Line { allergy: true, ..line(0, 1) }]).level(), Level::ONE);
    assert_eq!(Basket { guest_name: Some("Anna".parse().unwrap()), ..agreed(Some(bdt(1))) }.level(), Level::TWO);
}

fn of_four() -> Ticket {
    Ticket::place(&basket(vec![line(0, 4), line(1, 1)]), position(100)).unwrap()
}

#[test]
fn one_portion_of_four_is_voided_and_three_remain() {
    for before in [S::Placed, S::Accepted, S::Preparing, S::Ready] {
        let mut ticket = of_four();
        let way = [OrderAction::Accept { minutes: None }, OrderAction::Start, OrderAction::Ready];
        let steps = [S::Placed, S::Accepted, S::Preparing, S::Ready].iter().position(|status| *status == before).unwrap();
        way[..steps].iter().for_each(|action| {
            ticket.staff(action);
        });
        let (was, new) = (ticket.item_status(0), added(ticket.head, 0));
        let outcome = ticket.put(&principal(Role::Staff, None), &OrderAction::VoidSome(item(0), 1, cause()), None);
        assert_eq!(outcome, Outcome::Changed(vec![E::ItemVoided]));
        let (rest, voided) = (&ticket.order.items[&item(0)], &ticket.order.items[&new]);
        assert_eq!((rest.quantity, rest.status, rest.reason), (3, was, None), "the rest keeps the id");
        assert_eq!((voided.quantity, voided.status, voided.reason), (1, I::Voided, Some(cause().reason)));
        assert_eq!((ticket.order.total, ticket.order.status), (bdt(500), before));
    }
}

#[test]
fn voiding_all_portions_voids_the_line_and_more_is_refused() {
    let staff = principal(Role::Staff, None);
    let mut ticket = of_four();
    let some = |quantity| OrderAction::VoidSome(item(0), quantity, cause());
    assert_eq!(ticket.put(&staff, &some(5), None), Outcome::Refused(RefusalKind::Invalid));
    assert_eq!(ticket.put(&staff, &some(4), None), Outcome::Changed(vec![E::ItemVoided]));
    assert_eq!((ticket.order.items.len(), ticket.item_status(0)), (2, I::Voided));
    assert_eq!(ticket.put(&staff, &some(1), None), Outcome::Kept, "it is already voided");
    let last = OrderAction::VoidSome(item(1), 1, cause());
    assert_eq!(ticket.put(&staff, &last, None), Outcome::Changed(vec![E::ItemVoided, E::OrderCancelled]));
}

#[test]
fn a_split_cannot_exceed_the_limit_on_documents() {
    let note = Some("x".repeat(200).parse().unwrap());
    let lines = (0..100).map(|_| Line { note: Option::clone(&note), ..line(0, 99) }).collect();
    let mut ticket = Ticket::place(&basket(lines), position(1)).unwrap();
    let staff = principal(Role::Staff, None);
    for n in (0..100_u128).cycle().take(2_000) {
        match ticket.put(&staff, &OrderAction::VoidSome(item(n), 1, cause()), None) {
            Outcome::Refused(kind) => {
                assert_eq!(kind, RefusalKind::TooLarge);
                assert!(serde_json::to_vec(&ticket.order).unwrap().len() <= MAX_DOCUMENT_BYTES);
                ticket.staff(&OrderAction::VoidItem(item(n), cause()));
                return;
            }
            outcome => assert_eq!(outcome, Outcome::Changed(vec![E::ItemVoided])),
        }
    }
    panic!("two thousand splits were accepted");
}

proptest! {
    #[test]
    fn voided_portions_cost_nothing_and_the_rest_keeps_its_price(splits in prop::collection::vec((0..2_u128, 1..4_u16), 0..6)) {
        let mut ticket = Ticket::place(&basket(vec![line(0, 6), line(1, 5)]), position(9)).unwrap();
        let mut left = [6_u16, 5];
        for (n, quantity) in splits {
            let slot = usize::try_from(n).unwrap();
            let outcome = ticket.put(&principal(Role::Staff, None), &OrderAction::VoidSome(item(n), quantity, cause()), None);
            match outcome {
                Outcome::Changed(_) => left[slot] -= quantity,
                Outcome::Kept => prop_assert_eq!(left[slot], 0),
                Outcome::Refused(_) => prop_assert!(quantity > left[slot] || left == [0, 0]),
            }
            prop_assert_eq!(ticket.order.total, bdt(i64::from(left[0]) * 100 + i64::from(left[1]) * 200));
        }
    }
}
