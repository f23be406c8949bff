use super::*;
use crate::domain::model::order::Order;
use crate::domain::model::undrawn::*;
use crate::domain::values::ids::OrderId;
use crate::domain::values::merge_patch;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

fn station(name: &str) -> Station {
    name.parse().unwrap()
}

fn position(number: u64) -> Position {
    Position::new(number).unwrap()
}

fn order_id(number: u32) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(u128::from(number)))
}

fn ticket(name: &str, number: u32) -> Ticket {
    Ticket { station: station(name), order: order_id(number), number }
}

fn waiting(number: u32, accepted: u64, stations: &[&str]) -> Waiting {
    let stations = stations.iter().map(|name| station(name)).collect();
    Waiting { order: order_id(number), number, accepted: position(accepted), stations }
}

fn tickets(waiting: &[Waiting], drawn: &[(Option<&str>, u64)]) -> Tickets {
    let mut tickets = Tickets { waiting: waiting.to_vec(), ..Tickets::default() };
    for (name, number) in drawn {
        tickets.drawn.add(name.map(station), position(*number));
    }
    tickets
}

const MOMENT: Moment = Moment { now: Timestamp::from_millis(0), head: Position::ZERO };

/// Decides, applies the changes to the reported tickets, and returns the kinds and patches.
fn report(tickets: &mut Tickets, overdue: &BTreeSet<Ticket>) -> Vec<(EventKind, Value)> {
    let Decision::Change { drafts, write: Write::Undrawn(changes), .. } = decide(tickets, overdue, MOMENT) else {
        return Vec::new();
    };
    tickets.raised = &(&tickets.raised - &changes.settled) | &changes.raised;
    drafts.into_iter().map(|draft| (draft.kind, draft.patch)).collect()
}

#[test]
fn an_accepted_order_waits_at_the_stations_of_its_queued_items() {
    let order = |status: &str, hot: &str, bar: &str| -> Order {
        let item = |station: &str, status: &str| {
            json!({"menu_item": "00000000-0000-7000-8000-000000000001", "name": "Dish", "quantity": 1, "station": station,
                   "status": status, "price": {"amount": 900, "currency": "BDT"}})
        };
        serde_json::from_value(json!({
            "id": order_id(1), "restaurant": "00000000-0000-7000-8000-000000000001", "number": 1, "position": 1,
            "status": status, "service": "dine_in", "rush": false, "placed_at": "2026-11-24T10:00:00.000Z",
            "total": {"amount": 1800, "currency": "BDT"},
            "items": {"00000000-0000-7000-8000-0000000000a1": item("hot", hot), "00000000-0000-7000-8000-0000000000a2": item("bar", bar)}}))
        .unwrap()
    };
    let waits =
        |status, hot, bar| waits_at(&order(status, hot, bar)).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(waits("placed", "queued", "queued"), "", "not accepted yet");
    assert_eq!(waits("accepted", "queued", "queued"), "bar hot");
    assert_eq!(waits("preparing", "cooking", "queued"), "bar", "a started item has been read");
    assert_eq!(waits("accepted", "voided", "queued"), "bar");
    assert_eq!(waits("preparing", "done", "cooking"), "");
    assert_eq!(waits("cancelled", "queued", "queued"), "");
}

#[test]
fn a_ticket_counts_as_drawn_when_a_screen_of_its_station_or_of_all_has_passed_it() {
    let orders = [waiting(1, 5, &["hot", "bar"]), waiting(2, 9, &["hot"])];
    let undrawn = |drawn: &[_]| tickets(&orders, drawn).undrawn();
    assert_eq!(undrawn(&[]), [ticket("bar", 1), ticket("hot", 1), ticket("hot", 2)].into());
    assert_eq!(undrawn(&[(Some("hot"), 5)]), [ticket("bar", 1), ticket("hot", 2)].into());
    assert_eq!(undrawn(&[(Some("hot"), 9), (Some("hot"), 4)]), [ticket("bar", 1)].into(), "one of two screens is enough");
    assert_eq!(undrawn(&[(None, 8), (Some("cold"), 20)]), [ticket("hot", 2)].into());
    assert_eq!(undrawn(&[(None, 9)]), [].into());
}

#[test]
fn a_report_is_sent_once_and_again_only_after_a_change() {
    let mut kitchen = tickets(&[waiting(1, 5, &["hot"]), waiting(2, 9, &["hot", "bar"])], &[]);
    assert_eq!(report(&mut kitchen, &[].into()), [], "nothing is overdue");
    let entry =
        |orders: Value| json!({"station:hot": {"id": "station:hot", "station": "hot", "connected": false, "undrawn": orders}});
    let id = |number| order_id(number).to_string();
    let first: BTreeSet<_> = [ticket("hot", 1)].into();
    assert_eq!(report(&mut kitchen, &first), [(EventKind::DisplayLost, entry(json!({id(1): 1})))]);
    assert_eq!(report(&mut kitchen, &first), [], "another node finds the same");
    assert_eq!(report(&mut kitchen, &[].into()), [], "a node that has waited less does not take it back");
    let both: BTreeSet<_> = [ticket("hot", 1), ticket("hot", 2)].into();
    assert_eq!(report(&mut kitchen, &both), [(EventKind::DisplayLost, entry(json!({id(2): 2})))]);
    kitchen.drawn.add(Some(station("hot")), position(6));
    assert_eq!(report(&mut kitchen, &both), [(EventKind::DisplayConnected, entry(json!({id(1): null})))]);
    kitchen.waiting.clear();
    assert_eq!(
        report(&mut kitchen, &both),
        [(EventKind::DisplayConnected, json!({"station:hot": null}))],
        "the order has closed"
    );
    assert_eq!(kitchen.raised, [].into());
}

#[test]
fn reports_are_bounded_and_begin_with_the_oldest_tickets() {
    let all: Vec<_> = (1..=150).map(|number| waiting(number, u64::from(number), &["hot"])).collect();
    let mut kitchen = tickets(&all, &[]);
    let overdue = kitchen.undrawn();
    assert_eq!(report(&mut kitchen, &overdue).len(), 1);
    assert_eq!((kitchen.raised.len(), kitchen.raised.last().unwrap().number), (MOST, 100));
    kitchen.drawn.add(None, position(30));
    let reported = report(&mut kitchen, &overdue);
    assert_eq!((reported.len(), reported[0].0), (1, EventKind::DisplayLost), "one event for several changes");
    assert_eq!((kitchen.raised.len(), kitchen.raised.first().unwrap().number), (MOST, 31));
}

/// A step: an order is accepted, a screen draws, an order closes, or nothing happens; and whether
/// the waiting tickets are overdue.
fn step() -> impl Strategy<Value = (u8, u8, bool)> {
    (0_u8..4, 0_u8..4, any::<bool>())
}

proptest! {
    #[test]
    fn folding_the_reports_yields_the_undrawn_tickets(steps in prop::collection::vec(step(), 0..60)) {
        let names = ["hot", "cold", "bar"];
        let (mut kitchen, mut floor) = (Tickets::default(), json!({}));
        for ((action, which, is_due), number) in steps.into_iter().zip(1_u32..) {
            let name = names.get(usize::from(which));
            match action {
                0 => kitchen.waiting.push(waiting(number, u64::from(number), &names[..=usize::from(which).min(2)])),
                1 => kitchen.drawn.add(name.map(|name| station(name)), position(u64::from(number))),
                2 if !kitchen.waiting.is_empty() => { kitchen.waiting.remove(usize::from(which) % kitchen.waiting.len()); }
                _ => {}
            }
            let overdue = if is_due { kitchen.undrawn() } else { BTreeSet::new() };
            let reported = report(&mut kitchen, &overdue);
            prop_assert!(reported.len() <= names.len(), "one event for each station");
            for (_, patch) in reported {
                merge_patch::apply(&mut floor, &patch);
            }
            prop_assert_eq!(&floor, &serde_json::to_value(entries(&kitchen.raised)).unwrap());
            prop_assert!(kitchen.raised.is_subset(&kitchen.undrawn()), "no report of a ticket that is drawn, started or closed");
            prop_assert!(!is_due || kitchen.raised == kitchen.undrawn());
            prop_assert!(report(&mut kitchen, &overdue).is_empty(), "no report is repeated");
        }
    }
}
