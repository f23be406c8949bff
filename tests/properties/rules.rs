//! Rules beyond the transition table: the recall window, the diner's limited right to cancel, the station rule, stale commands,
//! totals.

use crate::support::{
    DEFAULT_MINUTES, NOBODY, Outcome, Ticket, at, basket, bdt, cause, context, dish, fresh, item, line, menu, position, principal,
};
use orderbell::domain::model::basket::{Basket, Line};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::draft::Moment;
use orderbell::domain::model::event::EventKind as E;
use orderbell::domain::model::order::Service;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus as I, OrderStatus as S};
use orderbell::domain::rules::decision::Decision;
use orderbell::domain::rules::place_order;
use orderbell::domain::rules::transition;
use orderbell::domain::values::ids::MenuItemId;
use orderbell::domain::values::merge_patch;
use std::time::Duration;

const REFUSED: Outcome = Outcome::Refused(RefusalKind::InvalidTransition);
const WINDOW: Duration = Duration::from_millis(15 * 60 * 1000);

fn changed(kinds: &[E]) -> Outcome {
    Outcome::Changed(kinds.to_vec())
}

#[test]
fn a_served_order_is_recalled_for_fifteen_minutes_and_not_a_millisecond_more() {
    let staff = principal(Role::Staff, None);
    for (wait, expected) in [(WINDOW, changed(&[E::OrderRecalled])), (WINDOW + Duration::from_millis(1), REFUSED)] {
        let mut ticket = Ticket::in_status(S::Served);
        assert_eq!(ticket.wait(wait).put(&staff, &OrderAction::Recall, None), expected);
    }
    let mut ready = Ticket::in_status(S::Ready);
    assert_eq!(
        ready.wait(WINDOW * 8).put(&staff, &OrderAction::Recall, None),
        changed(&[E::OrderRecalled]),
        "a ready order can be recalled at any time"
    );
}

#[test]
fn a_recall_clears_the_ready_and_served_times_and_the_window_counts_from_the_last_serving() {
    let mut ticket = Ticket::in_status(S::Served);
    ticket.wait(WINDOW).staff(&OrderAction::Recall);
    assert_eq!((ticket.order.ready_at, ticket.order.served_at, ticket.order.closed_at), (None, None, None));
    assert!(ticket.order.items.values().all(|item| item.status == I::Cooking));
    ticket.staff(&OrderAction::Ready).staff(&OrderAction::Serve).wait(WINDOW).staff(&OrderAction::Recall);
}

/// Screens drop served orders, so the event that recalls one has the whole document.
#[test]
fn the_recall_of_a_served_order_has_its_whole_document() {
    for (status, is_whole) in [(S::Served, true), (S::Ready, false)] {
        let mut ticket = Ticket::in_status(status);
        ticket.folded = serde_json::json!({});
        let moment = Moment { now: ticket.now, head: ticket.head };
        let staff = principal(Role::Staff, None);
        let decision = transition::decide(&ticket.order, &OrderAction::Recall, None, context(&staff, moment, &[], None)).unwrap();
        let Decision::Change { drafts, document, .. } = decision else { panic!("a recall changes the order") };
        merge_patch::apply(&mut ticket.folded, &drafts[0].patch);
        assert_eq!((drafts.len(), ticket.folded == document), (1, is_whole), "{status}");
    }
}

#[test]
fn a_diner_cancels_an_order_only_before_it_is_accepted() {
    let diner = principal(Role::Diner, None);
    for status in S::ALL {
        let outcome = Ticket::in_status(status).put(&diner, &OrderAction::Cancel(cause()), None);
        let expected = match status {
            S::Placed => changed(&[E::OrderCancelled]),
            S::Cancelled => Outcome::Kept,
            _ => REFUSED,
        };
        assert_eq!(outcome, expected, "{status}");
    }
}

/// Four items: 0 and 3 are cooked at `hot`, 1 at `cold`, 2 at `bar`.
fn four() -> Ticket {
    let mut ticket = Ticket::of(4);
    ticket.staff(&OrderAction::Accept { minutes: None });
    ticket
}

fn items(ticket: &Ticket) -> [I; 4] {
    [0, 1, 2, 3].map(|n| ticket.item_status(n))
}

#[test]
fn a_screen_of_a_station_starts_bumps_and_recalls_only_its_own_items() {
    let (hot, cold, bar) =
        (principal(Role::Kitchen, Some("hot")), principal(Role::Kitchen, Some("cold")), principal(Role::Kitchen, Some("bar")));
    let mut ticket = four();
    let mut put = |who, action: OrderAction, kinds: &[E], status, states: [I; 4]| {
        assert_eq!(ticket.put(who, &action, None), changed(kinds), "{action:?}");
        assert_eq!((ticket.order.status, items(&ticket)), (status, states), "{action:?}");
    };
    let (q, c, d) = (I::Queued, I::Cooking, I::Done);
    put(&hot, OrderAction::Start, &[E::OrderStarted], S::Preparing, [c, q, q, c]);
    put(&cold, OrderAction::Start, &[E::ItemStarted], S::Preparing, [c, c, q, c]);
    put(&hot, OrderAction::Ready, &[E::ItemFinished], S::Preparing, [d, c, q, d]);
    put(&hot, OrderAction::Recall, &[E::ItemRecalled], S::Preparing, [c, c, q, c]);
    put(&hot, OrderAction::Ready, &[E::ItemFinished], S::Preparing, [d, c, q, d]);
    put(&bar, OrderAction::Ready, &[E::ItemFinished], S::Preparing, [d, c, d, d]);
    put(&cold, OrderAction::Ready, &[E::OrderReady], S::Ready, [d, d, d, d]);
    put(&bar, OrderAction::Recall, &[E::OrderRecalled], S::Preparing, [d, d, c, d]);
}

#[test]
fn a_bump_of_one_station_starts_the_order() {
    let mut ticket = four();
    let outcome = ticket.put(&principal(Role::Kitchen, Some("cold")), &OrderAction::Ready, None);
    assert_eq!(outcome, changed(&[E::ItemFinished]));
    assert_eq!((ticket.order.status, items(&ticket)), (S::Preparing, [I::Queued, I::Done, I::Queued, I::Queued]));
    assert!(ticket.order.started_at.is_some());
}

#[test]
fn an_action_of_a_station_without_a_dish_on_the_ticket_changes_nothing() {
    let mut ticket = Ticket::of(2);
    ticket.staff(&OrderAction::Accept { minutes: None });
    let bar = principal(Role::Kitchen, Some("bar"));
    assert_eq!(ticket.put(&bar, &OrderAction::Start, None), Outcome::Kept);
    assert_eq!(ticket.put(&bar, &OrderAction::Ready, None), Outcome::Kept);
    ticket.staff(&OrderAction::Ready);
    assert_eq!(ticket.put(&bar, &OrderAction::Recall, None), Outcome::Kept);
    assert_eq!(ticket.order.status, S::Ready);
}

#[test]
fn another_stations_item_is_forbidden_in_any_state() {
    let hot = principal(Role::Kitchen, Some("hot"));
    let (mine, theirs, nobodys) = (item(0), item(1), item(9));
    let actions: [fn(_) -> OrderAction; 3] = [OrderAction::StartItem, OrderAction::FinishItem, OrderAction::RecallItem];
    for status in S::ALL {
        for action in actions {
            let put = |id| Ticket::in_status(status).put(&hot, &action(id), None);
            assert_eq!(put(theirs), Outcome::Refused(RefusalKind::Forbidden), "{status}");
            assert_eq!(put(nobodys), Outcome::Refused(RefusalKind::NotFound), "{status}");
            assert_ne!(put(mine), Outcome::Refused(RefusalKind::Forbidden), "{status}");
        }
    }
    let (unbound, waiter) = (principal(Role::Kitchen, None), principal(Role::Staff, Some("hot")));
    for who in [unbound, waiter] {
        assert!(matches!(four().put(&who, &OrderAction::StartItem(theirs), None), Outcome::Changed(_)), "{}", who.role);
    }
}

#[test]
fn a_stale_command_is_refused_before_any_other_check() {
    let staff = principal(Role::Staff, None);
    for status in S::ALL {
        let mut ticket = Ticket::in_status(status);
        let now = ticket.order.position;
        for other in [position(now.number() - 1), now.next()] {
            for action in
                [OrderAction::Rush(true), OrderAction::Start, OrderAction::StartItem(item(9)), OrderAction::Cancel(cause())]
            {
                assert_eq!(ticket.put(&staff, &action, Some(other)), Outcome::Refused(RefusalKind::Stale), "{status}");
            }
        }
        let named = ticket.clone().put(&staff, &OrderAction::Rush(true), Some(now));
        assert_eq!(named, ticket.put(&staff, &OrderAction::Rush(true), None), "{status}: the current position is never stale");
    }
}

#[test]
fn a_repeated_action_changes_nothing_even_if_the_transition_table_would_refuse_it() {
    let staff = principal(Role::Staff, None);
    for status in S::ALL {
        assert_eq!(Ticket::in_status(status).put(&staff, &OrderAction::Rush(false), None), Outcome::Kept, "{status}");
    }
    let mut rushed = Ticket::of(2);
    rushed.staff(&OrderAction::Rush(true)).staff(&OrderAction::Reject(cause()));
    assert_eq!(rushed.put(&staff, &OrderAction::Rush(true), None), Outcome::Kept);
    assert_eq!(rushed.put(&staff, &OrderAction::Rush(false), None), REFUSED);
}

#[test]
fn promised_minutes_count_from_the_time_of_the_command() {
    let mut ticket = Ticket::of(1);
    ticket.wait(Duration::from_secs(1)).staff(&OrderAction::Accept { minutes: None });
    assert_eq!(ticket.order.promised_at, Some(at(1000 + i64::from(DEFAULT_MINUTES) * 60_000)));
    ticket.wait(Duration::from_secs(1)).staff(&OrderAction::Promise { minutes: 3 });
    assert_eq!(ticket.order.promised_at, Some(at(2000 + 3 * 60_000)));
    let mut named = Ticket::of(1);
    named.staff(&OrderAction::Accept { minutes: Some(7) });
    assert_eq!(named.order.promised_at, Some(at(7 * 60_000)));
}

#[test]
fn prices_come_from_the_menu_and_its_options_and_voided_items_cost_nothing() {
    let id_of_small = menu().items[&dish(1)].options.keys().last().unwrap().to_string();
    let with = |n, quantity, options: &[&str]| Line {
        options: options.iter().map(|name| name.parse().unwrap()).collect(),
        ..line(n, quantity)
    };
    let lines = vec![with(0, 2, &["large"]), with(1, 3, &[&id_of_small]), with(2, 1, &[])];
    let mut ticket = Ticket::place(&basket(lines), position(0)).unwrap();
    assert_eq!(ticket.order.total, bdt(2 * 150 + 3 * 190 + 300));
    assert_eq!(ticket.order.items[&item(1)].options[0].as_str(), "small", "an option is kept by its name");
    ticket.staff(&OrderAction::VoidItem(item(1), cause()));
    assert_eq!(ticket.order.total, bdt(2 * 150 + 300));
}

#[test]
fn a_basket_that_the_menu_cannot_serve_is_refused() {
    let invalid: [(&str, Basket); 10] = [
        ("lines", basket(vec![])),
        ("lines", basket((0..101).map(|_| line(0, 1)).collect())),
        ("quantity", basket(vec![line(0, 0)])),
        ("quantity", basket(vec![line(0, 100)])),
        ("not on the menu", basket(vec![Line { menu_item: MenuItemId::from_uuid(NOBODY), ..line(0, 1) }])),
        ("no option", basket(vec![Line { options: vec!["huge".parse().unwrap()], ..line(0, 1) }])),
        ("twice", basket(vec![Line { options: vec!["large".parse().unwrap(); 2], ..line(0, 1) }])),
        ("at most", basket(vec![Line { options: vec!["large".parse().unwrap(); 21], ..line(0, 1) }])),
        ("table", Basket { table: Some("7".parse().unwrap()), ..basket(vec![line(0, 1)]) }),
        ("external_id", Basket { external_id: Some("pos-1".parse().unwrap()), ..basket(vec![line(0, 1)]) }),
    ];
    for (word, basket) in invalid {
        let refusal = Ticket::place(&basket, position(0)).unwrap_err();
        assert!(refusal.kind == RefusalKind::Invalid && refusal.message.contains(word), "{word}: {}", refusal.message);
    }
}

#[test]
fn a_paused_restaurant_takes_no_orders_and_a_sold_out_dish_is_refused() {
    let moment = Moment { now: at(0), head: position(0) };
    let decide = |menu: &_| {
        let (basket, who) = (basket(vec![line(0, 1)]), principal(Role::Diner, None));
        place_order::decide(menu, &basket, &who, &fresh(1), moment).unwrap_err().kind
    };
    let mut paused = menu();
    paused.paused = true;
    assert_eq!(decide(&paused), RefusalKind::Paused);
    let mut sold_out = menu();
    sold_out.items.get_mut(&dish(0)).unwrap().available = false;
    assert_eq!(decide(&sold_out), RefusalKind::Invalid);
}

/// Only a takeaway needs a name, from guests and staff alike, and only if the restaurant requires one.
#[test]
fn a_takeaway_needs_a_name_if_the_restaurant_calls_names_out() {
    let moment = Moment { now: at(0), head: position(0) };
    for (required, role) in [false, true].into_iter().flat_map(|required| Role::ALL.map(|role| (required, role))) {
        let mut menu = menu();
        menu.names_required = required;
        for (service, name) in [
            (Service::DineIn, None),
            (Service::Takeaway, None),
            (Service::Takeaway, Some("Anna".parse().unwrap())),
            (Service::Delivery, None),
        ] {
            let is_missing = required && service == Service::Takeaway && name.is_none();
            let basket = Basket { service, guest_name: name, ..basket(vec![line(0, 1)]) };
            let answer = place_order::decide(&menu, &basket, &principal(role, None), &fresh(1), moment);
            assert_eq!(
                answer.err().map(|refusal| refusal.kind),
                is_missing.then_some(RefusalKind::Invalid),
                "{role} {service:?}"
            );
        }
    }
}

#[test]
fn a_diners_order_has_its_diner_and_all_others_name_their_table() {
    let moment = Moment { now: at(0), head: position(0) };
    for role in Role::ALL {
        let who = principal(role, None);
        let table = (role != Role::Diner).then(|| "12".parse().unwrap());
        let basket = Basket { table, ..basket(vec![line(0, 1)]) };
        basket.check(&who).unwrap();
        let decision = place_order::decide(&menu(), &basket, &who, &fresh(1), moment).unwrap();
        let orderbell::domain::rules::decision::Decision::Change { document, .. } = decision else {
            panic!("placing writes an order")
        };
        let (table, diner) = if role == Role::Diner { ("7", Some("diner-1")) } else { ("12", None) };
        assert_eq!((document["table"].as_str(), document.get("diner").and_then(|sub| sub.as_str())), (Some(table), diner));
    }
}
