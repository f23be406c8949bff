use super::*;
use crate::domain::values::day::Offset;
use serde_json::{Value, json};

const DAY: &str = "2026-11-24";

fn day() -> LocalDay {
    LocalDay::new(DAY.parse().unwrap(), Offset::default(), Offset::default()).unwrap()
}

fn bdt() -> Currency {
    "BDT".parse().unwrap()
}

/// An order of two rezala and one lassi, with some fields changed.
fn order(changes: Value) -> Order {
    let item = |menu_item: u8, name: &str, quantity: u8, station: &str, amount: u32| {
        json!({"menu_item": format!("00000000-0000-7000-8000-0000000000{menu_item:02}"), "name": name, "quantity": quantity,
               "station": station, "status": "done", "price": {"amount": amount, "currency": "BDT"}})
    };
    let mut order = json!({
        "id": "0193a5f0-7c1e-7000-8000-00000000002a", "restaurant": "00000000-0000-7000-8000-000000000001", "number": 1,
        "position": 1, "status": "served", "service": "dine_in", "rush": false, "placed_at": "2026-11-24T10:00:00.000Z",
        "total": {"amount": 2000, "currency": "BDT"},
        "items": {"00000000-0000-7000-8000-0000000000a1": item(1, "Beef rezala", 2, "hot", 900),
                  "00000000-0000-7000-8000-0000000000a2": item(2, "Lassi", 1, "bar", 200)}});
    crate::domain::values::merge_patch::apply(&mut order, &changes);
    serde_json::from_value(order).unwrap()
}

fn report(orders: &[Order]) -> DayReport {
    DayReport::of(day(), bdt(), orders, true)
}

#[test]
fn a_day_without_orders_has_zeros_and_no_times() {
    let report = serde_json::to_value(report(&[])).unwrap();
    let step = json!({"count": 0});
    assert_eq!(
        report,
        json!({"date": DAY, "begins_at": "2026-11-24T00:00:00.000Z", "complete": true, "orders": 0, "statuses": {}, "revenue": {"amount": 0, "currency": "BDT"},
            "steps": {"placed_to_accepted": step, "accepted_to_ready": step, "ready_to_served": step},
            "promised": 0, "late": 0, "hours": vec![0; 24], "stations": {}, "items": []})
    );
}

#[test]
fn rejected_and_cancelled_orders_are_counted_but_not_sold() {
    let orders = [
        order(json!({})),
        order(json!({"status": "preparing"})),
        order(json!({"status": "rejected"})),
        order(json!({"status": "cancelled"})),
    ];
    let report = report(&orders);
    assert_eq!(report.statuses, BTreeMap::from([("cancelled", 1), ("preparing", 1), ("rejected", 1), ("served", 1)]));
    assert_eq!((report.orders, report.revenue.amount), (4, 4000));
    assert_eq!(
        report.stations.into_iter().map(|(station, n)| (station.to_string(), n)).collect::<Vec<_>>(),
        [("bar".into(), 2), ("hot".into(), 4)]
    );
    let items: Vec<_> = report.items.iter().map(|dish| (dish.name.as_str(), dish.quantity, dish.revenue.amount)).collect();
    assert_eq!(items, [("Beef rezala", 4, 3600), ("Lassi", 2, 400)]);
}

#[test]
fn orders_that_are_not_accepted_are_counted_but_not_sold() {
    let report = report(&[order(json!({})), order(json!({"status": "placed"}))]);
    assert_eq!((report.orders, report.revenue.amount, report.items[0].quantity), (2, 2000, 2));
}

#[test]
fn a_voided_item_is_not_sold() {
    let void = json!({"total": {"amount": 200}, "items": {"00000000-0000-7000-8000-0000000000a1": {"status": "voided"}}});
    let report = report(&[order(void)]);
    assert_eq!((report.revenue.amount, report.items.len(), report.stations.len()), (200, 1, 1));
}

#[test]
fn the_day_ends_at_midnight() {
    let at = |time: &str| order(json!({"placed_at": time}));
    let report = report(&[
        at("2026-11-23T23:59:59.999Z"),
        at("2026-11-24T00:00:00.000Z"),
        at("2026-11-24T13:59:59.999Z"),
        at("2026-11-24T23:59:59.999Z"),
        at("2026-11-25T00:00:00.000Z"),
    ]);
    let busy: Vec<_> = report.hours.iter().enumerate().filter(|(_, count)| **count > 0).collect();
    assert_eq!((report.orders, busy), (3, vec![(0, &1), (13, &1), (23, &1)]));
}

#[test]
fn a_day_on_which_the_clocks_go_back_has_25_hours() {
    let (summer, winter) = (Offset::try_from(-240).unwrap(), Offset::try_from(-300).unwrap());
    let day = LocalDay::new("2026-11-01".parse().unwrap(), summer, winter).unwrap();
    let at = |time: &str| order(json!({"placed_at": time}));
    let orders = [
        at("2026-11-01T03:59:59.999Z"),
        at("2026-11-01T04:00:00.000Z"),
        at("2026-11-02T04:59:59.999Z"),
        at("2026-11-02T05:00:00.000Z"),
    ];
    let report = DayReport::of(day, bdt(), &orders, true);
    assert_eq!((report.orders, report.hours.len(), report.hours[0], report.hours[24]), (2, 25, 1, 1));
    assert_eq!(report.begins_at.to_string(), "2026-11-01T04:00:00.000Z");
}

#[test]
fn an_order_is_late_if_it_was_ready_after_the_promised_time() {
    let ready = |time: &str| order(json!({"promised_at": "2026-11-24T10:20:00.000Z", "ready_at": time}));
    let report = report(&[
        ready("2026-11-24T10:19:59.000Z"),
        ready("2026-11-24T10:20:00.000Z"),
        ready("2026-11-24T10:20:00.001Z"),
        order(json!({"promised_at": "2026-11-24T10:20:00.000Z"})),
        order(json!({"ready_at": "2026-11-24T11:00:00.000Z"})),
    ]);
    assert_eq!((report.promised, report.late), (3, 1));
}

#[test]
fn the_durations_of_a_step_are_those_of_the_orders_that_completed_it() {
    let accepted = |minute: u8| order(json!({"accepted_at": format!("2026-11-24T10:{minute:02}:00.000Z")}));
    let mut orders: Vec<_> = (1..=10).map(accepted).collect();
    orders.push(order(json!({"status": "placed"})));
    orders.push(order(json!({"accepted_at": "2026-11-24T10:05:00.000Z", "ready_at": "2026-11-24T10:15:30.500Z", "served_at": "2026-11-24T10:16:00.500Z"})));
    let steps = report(&orders).steps;
    assert_eq!(steps.placed_to_accepted, Step { count: 11, median_ms: Some(5 * 60_000), p90_ms: Some(9 * 60_000) });
    assert_eq!(steps.accepted_to_ready, Step { count: 1, median_ms: Some(630_500), p90_ms: Some(630_500) });
    assert_eq!(steps.ready_to_served.median_ms, Some(30_000));
}

#[test]
fn a_percentile_is_one_of_the_values() {
    assert_eq!(percentile(&[], 50), None);
    assert_eq!((percentile(&[7], 50), percentile(&[7], 90)), (Some(7), Some(7)));
    assert_eq!((percentile(&[1, 2], 50), percentile(&[1, 2], 90)), (Some(1), Some(2)));
    let hundred: Vec<u64> = (1..=100).collect();
    assert_eq!((percentile(&hundred, 50), percentile(&hundred, 90)), (Some(50), Some(90)));
}

#[test]
fn lines_that_were_split_off_are_sold_but_not_counted_as_an_order() {
    let origin = json!({"order": "0193a5f0-7c1e-7000-8000-00000000002a", "number": 1});
    let ready = json!({"accepted_at": "2026-11-24T10:01:00.000Z", "ready_at": "2026-11-24T10:20:00.000Z", "promised_at": "2026-11-24T10:15:00.000Z"});
    let mut part = ready.clone();
    part["split_from"] = origin;
    let report = report(&[order(ready), order(part)]);
    assert_eq!((report.orders, report.hours[10], report.promised, report.late), (1, 1, 1, 1));
    assert_eq!((report.steps.accepted_to_ready.count, report.revenue.amount, report.items[0].quantity), (1, 4000, 4));
}
